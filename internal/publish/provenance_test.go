package publish

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// provenanceWith returns a provenance object with these attestations.
func provenanceWith(all ...attest.Attestation) string {
	var texts []string
	for _, a := range all {
		texts = append(texts, string(a.JSON))
	}
	return fmt.Sprintf(`{"version":1,"attestation_bundles":[{"publisher":{"kind":"GitHub"},"attestations":[%s]}]}`,
		strings.Join(texts, ","))
}

// signed returns an attestation of each file, by the workflow that the test server's ID tokens name now.
func signed(t *testing.T, h *harness, files ...*target) []attest.Attestation {
	t.Helper()
	h.signAll(config.AttestAuto)
	all, err := h.deps.Signer.Sign(t.Context(), distributionsOf(files), nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// asWorkflow has the ID tokens to come name another workflow of the repository.
func asWorkflow(h *harness, file string) {
	h.servers.Claims(func(claims map[string]any) {
		for _, name := range []string{"workflow_ref", "job_workflow_ref"} {
			claims[name] = strings.Replace(claims[name].(string), "release.yml", file, 1)
		}
	})
}

// atScripted returns a run at a scripted index that serves this as provenance, with the signer of h; and what the index lists of a file.
func atScripted(t *testing.T, h *harness, status int, body string) (*harness, *run) {
	t.Helper()
	x := newScripted(t, true)
	x.index.other = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		x.index.count("provenance")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may be gone
	})
	x.deps.Signer = h.deps.Signer
	return x, newRun(x.options, x.deps)
}

// TestCheckProvenance compares what the index serves as provenance with what this run has sent.
func TestCheckProvenance(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	file := fileOf(t, wheel, "ours")
	asWorkflow(h, "other.yml")
	theirs := signed(t, h, file)[0] // by another workflow of the repository
	h.servers.Claims(nil)
	earlier := signed(t, h, file)[0] // by an earlier run of this workflow
	ours := signed(t, h, file)[0]
	ofOtherBytes := signed(t, h, fileOf(t, wheel, "theirs"))[0]
	signer := h.deps.Signer
	claims, err := signer.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const address, ok = "/integrity/alder", http.StatusOK
	type row struct {
		address string // on the page; "" for none
		status  int
		body    string

		late      bool
		wrong     bool
		allServed bool
		noted     []string
		has       []attest.Attestation // what goes with the file afterwards
	}
	for name, c := range map[string]row{
		"what was sent":                 {address, ok, provenanceWith(ours), false, false, true, nil, []attest.Attestation{ours}},
		"what was sent, beside another": {address, ok, provenanceWith(earlier, ours), false, false, true, nil, []attest.Attestation{ours}},
		"that of an earlier run": {
			address: address, status: ok, body: provenanceWith(earlier), allServed: true,
			noted: []string{"provenance-earlier"}, has: []attest.Attestation{earlier},
		},
		"that of another workflow": {address, ok, provenanceWith(theirs), false, true, false, nil, []attest.Attestation{ours}},
		"that of other bytes":      {address, ok, provenanceWith(ofOtherBytes), false, true, false, nil, []attest.Attestation{ours}},
		"one that is damaged": {
			address: address, status: ok, body: provenanceWith(attest.Attestation{JSON: []byte(`{"version":1}`)}),
			wrong: true, has: []attest.Attestation{ours},
		},
		"an earlier one and a foreign one": {
			address, ok, provenanceWith(earlier, theirs), false, true, false, nil, []attest.Attestation{ours},
		},
		"none on the page": {"", ok, "", false, false, true, []string{"no-provenance"}, []attest.Attestation{ours}},
		"attestations are turned off": {
			address: address, status: http.StatusForbidden, body: `{"message":"Attestations temporarily disabled"}`,
			allServed: true, noted: []string{"no-provenance"}, has: []attest.Attestation{ours},
		},
		"not there yet":        {address, http.StatusNotFound, "", true, false, false, nil, []attest.Attestation{ours}},
		"the index is down":    {address, http.StatusServiceUnavailable, "", true, false, false, nil, []attest.Attestation{ours}},
		"the page of a proxy":  {address, ok, "<html>", true, false, false, nil, []attest.Attestation{ours}},
		"no attestation in it": {address, ok, provenanceWith(), true, false, false, nil, []attest.Attestation{ours}},
		"an address that is not its own": {
			address: "https://elsewhere.example/p", status: ok, body: provenanceWith(ours), allServed: true,
			noted: []string{"no-provenance"},
			has:   []attest.Attestation{ours},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, r := atScripted(t, h, c.status, c.body)
			x.deps.Signer = signer
			one := fileOf(t, wheel, "ours")
			one.attestations = []attest.Attestation{ours}
			listed := as(one)
			listed.Provenance = c.address
			late, wrong := r.checkProvenance(t.Context(), one, listed, claims)
			expect.Equal(t, "late", late, c.late)
			expect.Equal(t, "wrong", wrong != nil, c.wrong)
			expect.Equal(t, "settled", one.provenanceDone, c.allServed)
			expect.Equal(t, "noted", x.noted(), c.noted)
			var has []string
			for _, a := range one.attestations {
				has = append(has, fmt.Sprint(a.LogIndex))
			}
			var wanted []string
			for _, a := range c.has {
				wanted = append(wanted, fmt.Sprint(a.LogIndex))
			}
			expect.Equal(t, "log entries of what goes with the file", has, wanted)
			before := x.index.requestCount("provenance")
			late, wrong = r.checkProvenance(t.Context(), one, listed, claims)
			expect.Equal(t, "asked again", x.index.requestCount("provenance") > before, !c.allServed && c.address == address)
			if c.allServed {
				expect.Equal(t, "late, once it is settled", late, false)
				wantError(t, "error, once it is settled", wrong, nil)
				expect.Equal(t, "noted, once it is settled", x.noted(), c.noted)
			}
		})
	}

	t.Run("of a file without attestations", func(t *testing.T) {
		t.Parallel()
		x, r := atScripted(t, h, ok, "<html>")
		one := fileOf(t, wheel, "ours")
		listed := as(one)
		listed.Provenance = address
		late, wrong := r.checkProvenance(t.Context(), one, listed, claims)
		expect.Equal(t, "late", late, false)
		wantError(t, "error", wrong, nil)
		expect.Equal(t, "requests", x.index.requestCount("provenance"), 0)
	})
	t.Run("an error names who is to act", func(t *testing.T) {
		t.Parallel()
		_, r := atScripted(t, h, ok, provenanceWith(theirs))
		one := fileOf(t, wheel, "ours")
		one.attestations = []attest.Attestation{ours}
		listed := as(one)
		listed.Provenance = address
		_, wrong := r.checkProvenance(t.Context(), one, listed, claims)
		f := only(t, finding.Of(wrong), "provenance-otherwise")
		expect.Equal(t, "severity", f.Severity, finding.Error)
		expect.Equal(t, "fault", f.Fault, finding.Index)
		expect.Equal(t, "file", f.File, "dist/"+wheel)
		expect.Contains(t, "the error", f.Message, wheel, fmt.Sprint(ours.LogIndex))
	})
	t.Run("what an earlier run has left is recorded as the index's own", func(t *testing.T) {
		t.Parallel()
		x, r := atScripted(t, h, ok, provenanceWith(earlier))
		one := fileOf(t, wheel, "ours")
		one.attestations = []attest.Attestation{ours}
		listed := as(one)
		listed.Provenance = address
		_, _ = r.checkProvenance(t.Context(), one, listed, claims) // what it records counts
		expect.Equal(t, "recorded", eventsOf[ledger.Attested](x), []ledger.Attested{{File: wheel, Attestation: ledger.Attestation{
			Predicate: attest.PublishPredicate,
			Publish:   true,
			Identity:  earlier.Identity,
			LogIndex:  earlier.LogIndex,
			LogURL:    earlier.LogURL,
			Served:    true,
		}}})
	})
	t.Run("nobody knows which repository it is of", func(t *testing.T) {
		t.Parallel()
		_, r := atScripted(t, h, ok, provenanceWith(earlier))
		one := fileOf(t, wheel, "ours")
		one.attestations = []attest.Attestation{ours}
		listed := as(one)
		listed.Provenance = address
		late, wrong := r.checkProvenance(t.Context(), one, listed, oidc.Claims{})
		expect.Equal(t, "late", late, true)
		wantError(t, "error", wrong, nil)
	})
}

// TestCheckProvenance_SigstoreDown: what cannot be verified now is neither right nor wrong.
func TestCheckProvenance_SigstoreDown(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	file := fileOf(t, wheel, "ours")
	ours := signed(t, h, file)[0]
	claims, err := h.deps.Signer.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.fail("trust-root", "status-503", 0, -1)
	h.signAll(config.AttestAuto) // a signer that knows nothing of its Sigstore yet
	x, r := atScripted(t, h, http.StatusOK, provenanceWith(ours))
	file.attestations = []attest.Attestation{ours}
	listed := as(file)
	listed.Provenance = "/integrity/alder"
	late, wrong := r.checkProvenance(t.Context(), file, listed, claims)
	expect.Equal(t, "late", late, true)
	wantError(t, "error", wrong, nil)
	expect.Equal(t, "settled", file.provenanceDone, false)
	expect.Equal(t, "noted", x.noted(), nil)
}

func TestAttestationsIn(t *testing.T) {
	t.Parallel()
	for text, c := range map[string]struct {
		n        int
		readable bool
	}{
		`{"version":1,"attestation_bundles":[{"attestations":[{"a":1}]}]}`:                                {1, true},
		`{"attestation_bundles":[{"attestations":[{"a":1},2]},{"attestations":[]},{"attestations":[3]}]}`: {3, true},
		`{"attestation_bundles":[{"attestations":[]}]}`:                                                   {0, false},
		`{"attestation_bundles":[]}`:                                                                      {0, false},
		`{"attestation_bundles":{}}`:                                                                      {0, false},
		`{}`:                                                                                              {0, false},
		`null`:                                                                                            {0, false},
		``:                                                                                                {0, false},
		`<html>`:                                                                                          {0, false},
	} {
		all, readable := attestationsIn([]byte(text))
		expect.Equal(t, "attestations in "+text, len(all), c.n)
		expect.Equal(t, "readable: "+text, readable, c.readable)
	}
}

// TestOnePerSuffix: two attestations of one kind would have one file name.
func TestOnePerSuffix(t *testing.T) {
	t.Parallel()
	publish := func(n int64) attest.Attestation {
		return attest.Attestation{Predicate: attest.PublishPredicate, LogIndex: n}
	}
	slsa := func(n int64) attest.Attestation {
		return attest.Attestation{Predicate: "https://slsa.dev/provenance/v1", LogIndex: n}
	}
	for name, c := range map[string]struct{ all, want []attest.Attestation }{
		"none":            {nil, nil},
		"one of each":     {[]attest.Attestation{slsa(1), publish(2)}, []attest.Attestation{slsa(1), publish(2)}},
		"two of a kind":   {[]attest.Attestation{publish(1), publish(2)}, []attest.Attestation{publish(1)}},
		"three of a kind": {[]attest.Attestation{slsa(1), slsa(2), publish(3), slsa(4)}, []attest.Attestation{slsa(1), publish(3)}},
	} {
		expect.Equal(t, name, onePerSuffix(c.all), c.want)
	}
	expect.Equal(t, "suffix of the publisher's own", suffixOf(publish(1)), ".publish.attestation")
	expect.Equal(t, "suffix of another one", suffixOf(slsa(1)), ".slsa.attestation")
}

// TestReadBack_Provenance: a file counts as served once its provenance is, and what is settled is not asked for again.
func TestReadBack_Provenance(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	file := uploaded(t, wheel)[0]
	ours := signed(t, h, file)[0]
	claims, err := h.deps.Signer.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		answers  []page // of the provenance, the last one again and again
		requests int    // of it
		queries  int    // at the page
		read     ledger.ReadBack
		noted    []string
	}{
		"at once": {[]page{{status: 200, body: provenanceWith(ours)}}, 1, 2, ledger.ReadBack{Served: true}, nil},
		"late": {
			[]page{{status: 404}, {status: 200, body: "<html>"}, {status: 200, body: provenanceWith(ours)}},
			3, 4,
			ledger.ReadBack{Served: true},
			nil,
		},
		"never": {
			[]page{{status: 404}},
			4, 4,
			ledger.ReadBack{Served: true, Missing: []string{"the provenance of " + wheel}},
			[]string{"not-served-yet"},
		},
		"turned off": {[]page{{status: 403}}, 1, 2, ledger.ReadBack{Served: true}, []string{"no-provenance"}},
		"another's": {
			[]page{{status: 200, body: provenanceWith(attest.Attestation{JSON: []byte("{}")})}},
			1, 1,
			ledger.ReadBack{Otherwise: true},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, r := atScripted(t, h, 0, "")
			x.index.other = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				n := x.index.count("provenance")
				c.answers[min(n, len(c.answers))-1].write(w)
			})
			r.Wait = 10e9
			one := &target{Distribution: &distfile.Distribution{}}
			*one = *file
			one.attestations = []attest.Attestation{ours}
			listed := as(one)
			listed.Provenance = "/integrity/alder"
			x.index.pages[alder] = []page{listing(alder, listed)}
			err := r.readBack(t.Context(), []*target{one}, claims, nil)
			expect.Equal(t, "failed", err != nil, c.read.Otherwise)
			expect.Equal(t, "requests of the provenance", x.index.requestCount("provenance"), c.requests)
			expect.Equal(t, "requests of the page", x.index.requestCount("alder"), c.queries)
			expect.Equal(t, "recorded", eventsOf[ledger.ReadBack](x), []ledger.ReadBack{c.read})
			expect.Equal(t, "noted", x.noted(), c.noted)
		})
	}
}
