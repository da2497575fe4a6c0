package attest

import (
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/testkit/stepclock"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// A long set outlives its certificate and its ID token: both are renewed in time, and no entry is made with an old one.
func TestSign_RenewsCertificateAndToken(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		life, step   time.Duration // of a certificate; between two files
		certificates int
		tokens       int
	}{
		"a short set":                        {10 * time.Minute, time.Second, 1, 1},
		"shortly before the guard":           {10 * time.Minute, 80 * time.Second, 2, 2}, // after 0, 80, … 480 s; then 560 s
		"a file a certificate":               {10 * time.Minute, 9 * time.Minute, 8, 8},
		"a certificate that lives a minute":  {time.Minute, 5 * time.Second, 4, 1}, // one serves ten seconds
		"a certificate that outlives tokens": {time.Hour, 6 * time.Minute, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c stepclock.Clock
			h := newHarness(t, c.Now, fakepypi.SigstoreBehavior{CertificateLife: row.life})
			h.opts.Workers = 1
			files := wheels(t, 8)
			all, err := h.Sign(t.Context(), files, func(int, Attestation) { c.Step(row.step) })
			if err != nil || len(all) != len(files) {
				t.Fatalf("%d attestations: %v", len(all), err)
			}
			if n := h.count(wire.Certificate); n != row.certificates {
				t.Errorf("%d certificates instead of %d", n, row.certificates)
			}
			if n := h.count(wire.IDToken); n != row.tokens {
				t.Errorf("%d ID tokens instead of %d", n, row.tokens)
			}
		})
	}
}

// The ID token of Prepare is too old when the signing begins.
func TestSign_StaleIDToken(t *testing.T) {
	t.Parallel()
	var c stepclock.Clock
	h := newHarness(t, c.Now, fakepypi.SigstoreBehavior{})
	h.claims(t)
	c.Step(4*time.Minute + 45*time.Second)
	if _, err := h.Sign(t.Context(), wheels(t, 1), nil); err != nil {
		t.Fatal(err)
	}
	if n := h.count(wire.IDToken); n != 2 {
		t.Errorf("%d ID tokens were asked for", n)
	}
	if n := h.count(wire.Certificate); n != 1 {
		t.Errorf("%d tries for a certificate", n)
	}
}

// The certificate ends while the log does not answer: the file is signed again with a fresh one, a limited number of times.
func TestLogEntry_CertificateExpired(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		late int // tries of the log that come so late
		fine bool
	}{
		"once": {1, true}, "twice": {2, true}, "always": {-1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c stepclock.Clock
			h := newHarness(t, c.Now, fakepypi.SigstoreBehavior{})
			if err := h.servers.InjectFault("log-entry", named("status-503"), 0, row.late); err != nil {
				t.Fatal(err)
			}
			// Every wait before another try takes longer than a certificate lives.
			h.wait = func() { c.Step(11 * time.Minute) }
			all, err := h.Sign(t.Context(), wheels(t, 1), nil)
			if (err == nil) != row.fine || err != nil && (all != nil || !isOutage(err)) {
				t.Fatalf("%d attestations: %v", len(all), err)
			}
			if err != nil {
				checkError(t, h, err)
			}
		})
	}
}

// Fifty wheels, a log that takes a second for each and a certificate of a minute, four times as fast. Not beside other
// tests, since it is about time.
func TestSign_ManyFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds: left out with -short")
	}
	const speed, files = 4, 50
	began := time.Now()
	fast := func() time.Time { now := time.Now(); return now.Add((speed - 1) * now.Sub(began)) }
	h := newHarness(t, fast, fakepypi.SigstoreBehavior{CertificateLife: time.Minute, Latency: time.Second / speed})
	all := wheels(t, files)
	h.claims(t)
	prepared := fast()
	signed, err := h.Sign(t.Context(), all, nil)
	took := fast().Sub(prepared)
	if err != nil || len(signed) != files {
		t.Fatalf("%d attestations: %v", len(signed), err)
	}
	if ideal := time.Duration((files+defaultWorkers-1)/defaultWorkers) * time.Second; took > ideal*13/10 && !raced {
		t.Errorf("it took %v, and ideally takes %v", took, ideal)
	} else {
		t.Logf("it took %v, and ideally takes %v", took, ideal)
	}
	if n := h.count(wire.Certificate); n < 2 {
		t.Errorf("%d certificates: none was renewed", n)
	}
	if n := h.count(wire.LogEntry); n != files {
		t.Errorf("%d entries were asked for", n)
	}
	for i, a := range signed {
		if _, err := h.Adopt(t.Context(), all[i], a.JSON); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkSign is the time of 50 files by a log of 20 ms an entry; ideally it is 260 ms.
func BenchmarkSign(b *testing.B) {
	h := newHarness(b, time.Now, fakepypi.SigstoreBehavior{Latency: 20 * time.Millisecond})
	files := wheels(b, 50)
	if _, err := h.Prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := h.Sign(b.Context(), files, nil); err != nil {
			b.Fatal(err)
		}
	}
	ideal := 13 * 20 * time.Millisecond
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(ideal), "x-ideal")
}
