package publish

import (
	"net/url"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// watched uploads size bytes at rate bytes a second, in pieces of a second, and returns what was told.
func watched(t *testing.T, size, rate int64) []ledger.Event {
	t.Helper()
	at, err := url.Parse("https://index.example/legacy/")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var told []ledger.Event
	r := &run{Deps: Deps{Record: func(e ledger.Event) { told = append(told, e) }, Now: func() time.Time { return now }, Index: index.New(index.SiteOf(at, nil, true), nil, nil, nil)}}
	p := &progress{run: r, target: &target{Distribution: &dist.Distribution{Name: "a.whl", Size: size}}, gate: newUploadGate()}
	if err := p.begin(); err != nil {
		t.Fatal(err)
	}
	for sent := int64(0); sent < size; sent += rate {
		p.sent(sent)
		now = now.Add(time.Second)
	}
	p.sent(size)
	return told
}

func count[E ledger.Event](all []ledger.Event) (n int, last E) {
	for _, e := range all {
		if one, ok := e.(E); ok {
			n, last = n+1, one
		}
	}
	return n, last
}

func TestALongUploadIsToldOfEveryTenSeconds(t *testing.T) {
	t.Parallel()
	told := watched(t, 35e6, 1e6)
	n, last := count[ledger.Progress](told)
	if n != 3 || last.Sent != 30e6 || last.Size != 35e6 || last.Rate != 1e6 || last.Left != 5*time.Second {
		t.Errorf("%d times, last %+v", n, last)
	}
	if n, noted := count[ledger.Noted](told); n != 0 {
		t.Errorf("a quick enough upload was warned about: %+v", noted)
	}
	if n, _ := count[ledger.Progress](watched(t, 5e6, 1e6)); n != 0 {
		t.Errorf("a short upload was told of %d times", n)
	}
}

func TestAnUploadThatTheIndexWillGiveUpOnIsWarnedAboutOnce(t *testing.T) {
	t.Parallel()
	told := watched(t, 300e6, 1e6)
	n, noted := count[ledger.Noted](told)
	if n != 1 || noted.Finding.ID != "too-slow" {
		t.Errorf("%d warnings, %+v", n, noted)
	}
}

func TestAnotherTryBeginsAnew(t *testing.T) {
	t.Parallel()
	at, err := url.Parse("https://index.example/legacy/")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var told []ledger.Event
	r := &run{Deps: Deps{Record: func(e ledger.Event) { told = append(told, e) }, Now: func() time.Time { return now }, Index: index.New(index.SiteOf(at, nil, true), nil, nil, nil)}}
	p := &progress{run: r, target: &target{Distribution: &dist.Distribution{Name: "a.whl", Size: 100e6}}, gate: newUploadGate()}
	p.sent(0)
	now = now.Add(9 * time.Second)
	p.sent(50e6)
	now = now.Add(time.Minute) // the wait for the next try
	p.sent(0)
	now = now.Add(10 * time.Second)
	p.sent(10e6)
	if n, last := count[ledger.Progress](told); n != 1 || last.Rate != 1e6 {
		t.Errorf("%d times, %+v", n, last)
	}
}
