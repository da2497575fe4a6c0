package publish

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/stepclock"
)

// uploaded returns targets of these names that this run has uploaded.
func uploaded(t *testing.T, names ...string) []*target {
	t.Helper()
	var all []*target
	for _, name := range names {
		file := fileOf(t, name, name)
		file.action, file.outcome = ledger.ActionUpload, ledger.OutcomeUploaded
		all = append(all, file)
	}
	return all
}

// TestReadBack: the index must serve every file with its digest, twice in a row, and within the time that the user gives it.
func TestReadBack(t *testing.T) {
	t.Parallel()
	files := uploaded(t, wheel, sdist)
	w, s := as(files[0]), as(files[1])
	noPage := page{status: http.StatusOK, kind: "text/html", body: "<title>Sign in</title>"}
	both, oneOf, none := listing(alder, w, s), listing(alder, w), listing(alder)
	with := func(change func(*pep.IndexFile)) page {
		changed := s
		change(&changed)
		return listing(alder, w, changed)
	}
	const second = time.Second
	seconds := func(all ...time.Duration) []time.Duration {
		for i := range all {
			all[i] *= second
		}
		return all
	}
	type row struct {
		pages []page
		wait  time.Duration // 0: a minute

		requests int
		waits    []time.Duration
		read     ledger.ReadBack
		noted    []string
		err      []string // the ids of its findings
		says     []string // in what is noted
	}
	served := ledger.ReadBack{Served: true}
	late := func(missing ...string) ledger.ReadBack { return ledger.ReadBack{Missing: missing} }
	other, unsized, larger := s, s, s
	other.SHA256, unsized.Size = otherDigest, 0
	larger.Size++
	silent := pep.IndexFile{Name: s.Name}
	for name, c := range map[string]row{
		"a second entry with another digest": {
			pages: []page{
				listing(alder, w, s, other),
			}, requests: 1, read: ledger.ReadBack{Otherwise: true}, err: []string{"served-otherwise"},
		},
		"a second entry without a digest": {
			pages: []page{listing(alder, w, silent, s)}, requests: 2, waits: seconds(1), read: served,
		},
		"a second entry with another size": {
			pages: []page{listing(alder, w, unsized, larger)}, requests: 1,
			read: ledger.ReadBack{Otherwise: true}, err: []string{"served-otherwise"},
		},
		"served at once":                   {pages: []page{both}, requests: 2, waits: seconds(1), read: served},
		"one file comes late":              {pages: []page{oneOf, both}, requests: 3, waits: seconds(1, 1), read: served},
		"the project comes late":           {pages: []page{absent(), none, both}, requests: 4, waits: seconds(1, 2, 1), read: served},
		"a page that is none for a moment": {pages: []page{noPage, both}, requests: 3, waits: seconds(1, 1), read: served},
		"a page that cannot be read, later": {
			pages: []page{oneOf, unreadable()}, requests: 2, waits: seconds(1), read: late(wheel, sdist), noted: []string{"look-failed"},
			says: []string{"could not query", "403"},
		},
		"a page that cannot be read, when all was seen": {
			pages: []page{both, unreadable()}, requests: 2, waits: seconds(1), noted: []string{"look-failed"},
			read: ledger.ReadBack{Served: true, Missing: []string{wheel, sdist}},
		},
		"an old page between two": {pages: []page{both, oneOf, both}, requests: 4, waits: seconds(1, 1, 1), read: served},
		"pauses become longer": {
			pages: []page{none, none, none, none, none, none, both}, wait: 2 * time.Minute, requests: 8,
			waits: seconds(1, 2, 4, 8, 15, 15, 1), read: served,
		},
		"never served": {
			pages: []page{none}, wait: 10 * second, requests: 4, waits: seconds(1, 2, 4, 8), read: late(wheel, sdist),
			noted: []string{"not-served-yet"}, says: []string{wheel, sdist, "10s"},
		},
		"one file is never served": {
			pages: []page{oneOf}, wait: 10 * second, requests: 4, waits: seconds(1, 2, 4, 8), read: late(sdist),
			noted: []string{"not-served-yet"}, says: []string{sdist, "10s"},
		},
		"the page is never readable": {
			pages: []page{unreadable()}, requests: 1, read: late(wheel, sdist), noted: []string{"look-failed"}, says: []string{
				"of alder",
				"403",
			},
		},
		"no access": {
			pages: []page{{status: http.StatusUnauthorized}}, requests: 1, read: late(wheel, sdist), noted: []string{"look-failed"},
			says: []string{"401"},
		},
		"never a page": {
			pages: []page{noPage}, requests: 2, waits: seconds(1), read: late(wheel, sdist), noted: []string{"look-failed"},
			says: []string{"no project listing"},
		},
		"never there, on PyPI's software": {
			pages: []page{absent()}, wait: 3 * time.Minute, requests: 15, read: late(wheel, sdist), noted: []string{"not-served-yet"},
			waits: seconds(1, 2, 4, 8, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15),
		},
		"another digest": {
			pages: []page{with(func(h *pep.IndexFile) { h.SHA256 = otherDigest })}, requests: 1,
			read: ledger.ReadBack{Otherwise: true}, err: []string{"served-otherwise"},
		},
		"another digest, later": {
			pages: []page{both, with(func(h *pep.IndexFile) { h.SHA256 = otherDigest })}, requests: 2,
			waits: seconds(1), read: ledger.ReadBack{Otherwise: true}, err: []string{"served-otherwise"},
		},
		"another size": {
			pages: []page{with(func(h *pep.IndexFile) { h.Size++ })}, requests: 1,
			read: ledger.ReadBack{Otherwise: true}, err: []string{"served-otherwise"},
		},
		"no size": {pages: []page{with(func(h *pep.IndexFile) { h.Size = 0 })}, requests: 2, waits: seconds(1), read: served},
		"another digest of one file, and the other one is missing": {
			pages: []page{listing(alder, pep.IndexFile{Name: wheel, SHA256: otherDigest})}, requests: 1,
			read: ledger.ReadBack{Otherwise: true, Missing: []string{sdist}}, err: []string{"served-otherwise"},
		},
		"other digests of both": {
			pages: []page{listing(alder, pep.IndexFile{Name: wheel, SHA256: otherDigest},
				pep.IndexFile{Name: sdist, SHA256: otherDigest})},
			requests: 1, read: ledger.ReadBack{Otherwise: true},
			err: []string{"served-otherwise", "served-otherwise"},
		},
		"another MD5, and nothing else": {
			pages: []page{with(func(h *pep.IndexFile) { h.SHA256, h.MD5 = "", otherDigest[:32] })}, requests: 1,
			read: ledger.ReadBack{Otherwise: true}, err: []string{"served-otherwise"},
		},
		"the MD5, and nothing else": {
			pages:    []page{with(func(h *pep.IndexFile) { h.SHA256, h.MD5 = "", md5Of(files[1]) })},
			requests: 2,
			waits:    seconds(1),
			read:     served,
		},
		"no digest of one": {
			pages: []page{with(func(h *pep.IndexFile) { h.SHA256 = "" })}, requests: 2,
			waits: seconds(1), read: ledger.ReadBack{Silent: 1}, noted: []string{"no-digest"}, says: []string{sdist},
		},
		"no digest, and another size": {
			pages: []page{with(func(h *pep.IndexFile) { h.SHA256, h.Size = "", 1 })}, requests: 1,
			read: ledger.ReadBack{Otherwise: true}, err: []string{"served-otherwise"},
		},
		"these bytes under another name": {
			pages: []page{with(func(h *pep.IndexFile) { h.Name = sdist2 })}, wait: 10 * second, requests: 4,
			waits: seconds(1, 2, 4, 8), read: late(sdist), noted: []string{"not-served-yet"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			h.index.pages[alder] = c.pages
			h.options.Wait = cmp.Or(c.wait, time.Minute)
			err := newRun(h.options, h.deps).readBack(t.Context(), uploaded(t, wheel, sdist), oidc.Claims{}, nil)
			expect.Equal(t, "errors", idsOf(finding.Of(err)), c.err)
			expect.Equal(t, "requests", h.index.requestCount("alder"), c.requests)
			expect.Equal(t, "waits", h.waits.recorded, c.waits)
			read := eventOf[ledger.ReadBack](h)
			expect.Equal(t, "served", read.Served, c.read.Served)
			expect.Equal(t, "something else is served", read.Otherwise, c.read.Otherwise)
			expect.Equal(t, "missing", read.Missing, c.read.Missing)
			expect.Equal(t, "without a digest", read.Silent, c.read.Silent)
			expect.Equal(t, "noted", h.noted(), c.noted)
			for _, f := range h.receipt().Findings {
				expect.Equal(t, "severity", f.Severity, finding.Warning)
				expect.Contains(t, "the warning", f.Message, c.says...)
			}
			expect.Equal(t, "phases", h.phases(), []string{"Read back"})
		})
	}
}

// TestReadBack_Direct: where no cache stands in front of the index, it is asked until it serves everything, once, and nothing is waited for
// afterwards.
func TestReadBack_Direct(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		late  bool // the first page is an old one
		waits []time.Duration
	}{
		"at once": {},
		"late":    {late: true, waits: []time.Duration{time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			site := h.deps.Index.Site()
			site.Cached = false
			h.connect(site, h.deps.Password)
			h.options.Wait = time.Minute
			files := uploaded(t, wheel, sdist)
			pages := []page{listing(alder, as(files[0])), listing(alder, as(files[0]), as(files[1]))}
			if !c.late {
				pages = pages[1:]
			}
			h.index.pages[alder] = pages
			wantError(t, "reading back", newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{}, nil), nil)
			expect.Equal(t, "requests", h.index.requestCount("alder"), len(pages))
			expect.Equal(t, "waits", h.waits.recorded, c.waits)
			expect.Equal(t, "recorded", eventOf[ledger.ReadBack](h), ledger.ReadBack{Served: true})
		})
	}
}

// TestReadBack_FirstLook: the look that was begun while the token was revoked counts if it shows everything. If not, the index may not have
// been done yet: the next look follows at once.
func TestReadBack_FirstLook(t *testing.T) {
	t.Parallel()
	files := uploaded(t, wheel, sdist)
	both, oneOf := listing(alder, as(files[0]), as(files[1])), listing(alder, as(files[0]))
	for name, c := range map[string]struct {
		pages    []page
		requests int
		waits    []time.Duration
		err      []string
		noted    []string
	}{
		"shows everything": {pages: []page{both}, requests: 2, waits: []time.Duration{time.Second}},
		"too early":        {pages: []page{oneOf, both}, requests: 3, waits: []time.Duration{time.Second}},
		"far too early":    {pages: []page{absent(), oneOf, both}, requests: 4, waits: []time.Duration{time.Second, time.Second}},
		"no such page":     {pages: []page{unreadable()}, requests: 1, noted: []string{"look-failed"}},
		"another digest": {
			pages: []page{listing(alder, as(files[0]), pep.IndexFile{Name: sdist, SHA256: otherDigest})}, requests: 1,
			err: []string{"served-otherwise"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			h.options.Wait = time.Minute
			h.index.pages[alder] = c.pages
			r, files := newRun(h.options, h.deps), uploaded(t, wheel, sdist)
			err := r.readBack(t.Context(), files, oidc.Claims{}, r.lookFirst(t.Context(), files))
			expect.Equal(t, "errors", idsOf(finding.Of(err)), c.err)
			expect.Equal(t, "requests", h.index.requestCount("alder"), c.requests)
			expect.Equal(t, "waits", h.waits.recorded, c.waits)
			expect.Equal(t, "noted", h.noted(), c.noted)
			expect.Equal(t, "verified", eventOf[ledger.ReadBack](h).Served, len(c.err)+len(c.noted) == 0)
		})
	}
}

// TestReadBack_WhileRevoking: the index is looked at while the token is revoked. This index answers the revocation when it was looked at.
func TestReadBack_WhileRevoking(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel, sdist)
	h.options.Wait = time.Minute
	var looks atomic.Int64
	lookedAt := make(chan struct{})
	base := *h.servers.Upload
	base.Path = ""
	forward := httputil.NewSingleHostReverseProxy(&base)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch fakepypi.Op(r) {
		case "look":
			if looks.Add(1) == 2 { // the first is for the plan
				close(lookedAt)
			}
		case "burn":
			select {
			case <-lookedAt:
			case <-r.Context().Done():
			}
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	h.connect(index.SiteOf(parsed(t, front.URL+"/legacy/"), parsed(t, front.URL+"/simple/"), true).AsPyPI(), nil)
	wantError(t, "the run", h.run(), nil)
	expect.Equal(t, "revoked", h.receipt().Token.Burned, ledger.BurnProven)
	expect.Equal(t, "recorded", eventOf[ledger.ReadBack](h), ledger.ReadBack{Served: true})
	expect.Equal(t, "looks", looks.Load(), int64(2))
	expect.Equal(t, "waits", len(h.waits.recorded), 0)
}

// TestReadBack_AbsentElsewhere: on another index a page that is still missing after a minute is not waited for: its address may be wrong.
func TestReadBack_AbsentElsewhere(t *testing.T) {
	t.Parallel()
	clock := &stepclock.Clock{}
	h := newScripted(t, false)
	h.options.Wait, h.deps.Now, h.deps.Sleep = 5*time.Minute, clock.Now, clock.Sleep
	began := clock.Now()
	wantError(t, "reading back", newRun(h.options, h.deps).readBack(t.Context(), uploaded(t, wheel), oidc.Claims{}, nil), nil)
	if waited := clock.Now().Sub(began); waited < time.Minute || waited > 90*time.Second {
		t.Errorf("it waited for %v", waited)
	}
	expect.Equal(t, "recorded", eventOf[ledger.ReadBack](h), ledger.ReadBack{Missing: []string{wheel}})
	expect.Contains(t, "the next step", h.found("not-served-yet").Fix, "check `index-url`: http://127.0.0.1:",
		"/simple/ has no page of the project")
}

// TestReadBack_NothingSent: what the plan has seen is not looked at again.
func TestReadBack_NothingSent(t *testing.T) {
	t.Parallel()
	h := newScripted(t, false)
	h.options.Wait = time.Minute
	files := uploaded(t, wheel, sdist)
	files[0].action, files[0].outcome = ledger.ActionPresent, ledger.OutcomePresent
	files[1].action, files[1].outcome = ledger.ActionSkip, ledger.OutcomeSkipped
	wantError(t, "reading back", newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{}, nil), nil)
	expect.Equal(t, "requests", h.index.requestCount("alder"), 0)
	expect.Equal(t, "recorded", eventOf[ledger.ReadBack](h), ledger.ReadBack{Served: true, Skipped: 1})
}

// TestReadBack_ServedOnce: an index that serves everything for the first time when time is up has not been seen to do it twice.
func TestReadBack_ServedOnce(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true)
	files := uploaded(t, wheel)
	h.index.pages[alder] = []page{listing(alder), listing(alder, as(files[0]))}
	h.options.Wait = time.Minute
	sleeps := 0
	h.deps.Sleep = func(context.Context, time.Duration) error {
		if sleeps++; sleeps == 2 {
			return context.DeadlineExceeded
		}
		return nil
	}
	wantError(t, "reading back", newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{}, nil), nil)
	expect.Equal(t, "recorded", eventOf[ledger.ReadBack](h), ledger.ReadBack{Served: true}) // its digest is the right one
	expect.Contains(t, "the warning", h.found("not-served-yet").Message, "all files twice in a row", "1m0s")
}

// TestReadBack_Otherwise: an index that serves other bytes than it took is at fault, and both digests are reported.
func TestReadBack_Otherwise(t *testing.T) {
	t.Parallel()
	for digest, listed := range map[string]pep.IndexFile{
		otherDigest:      {Name: wheel, SHA256: otherDigest, Size: 9},
		"digest unknown": {Name: wheel, Size: 9},
	} {
		h := newScripted(t, true)
		h.index.pages[alder] = []page{listing(alder, listed)}
		h.options.Wait = time.Minute
		files := uploaded(t, wheel)
		err := newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{}, nil)
		f := only(t, finding.Of(err), "served-otherwise")
		expect.Equal(t, "severity", f.Severity, finding.Error)
		expect.Equal(t, "fault", f.Fault, finding.Index)
		expect.Equal(t, "file", f.File, "dist/"+wheel)
		expect.Contains(t, "the error", f.Message, wheel, digest, "9 bytes", files[0].sha256())
	}
}

// TestReadBack_Nothing: if there is nothing to see, or queries are off, no request is sent and nothing is recorded.
func TestReadBack_Nothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h *harness, file *target){
		"no time is given": func(h *harness, _ *target) { h.options.Wait = 0 },
		"without queries": func(h *harness, _ *target) {
			site := h.deps.Index.Site()
			site.Simple = nil
			h.connect(site, h.deps.Password)
		},
		"the index keeps its":  func(_ *harness, file *target) { file.outcome = ledger.OutcomeSkipped },
		"nothing was accepted": func(_ *harness, file *target) { file.outcome = ledger.OutcomeRejected },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			h.options.Wait = time.Minute
			files := uploaded(t, wheel)
			change(h, files[0])
			wantError(t, "reading back", newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{}, nil), nil)
			expect.Equal(t, "requests", h.index.requestCount("alder"), 0)
			expect.Equal(t, "events", len(h.events), 0)
		})
	}
}

// TestReadBack_Skipped: of a file whose name has other bytes there is nothing to read back; how many those are is reported.
func TestReadBack_Skipped(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true)
	h.options.Wait = time.Minute
	files := uploaded(t, wheel, sdist, wheel310)
	files[1].outcome, files[2].outcome = ledger.OutcomeSkipped, ledger.OutcomePresent
	h.index.pages[alder] = []page{listing(alder, as(files[0]), pep.IndexFile{Name: sdist, SHA256: otherDigest}, as(files[2]))}
	wantError(t, "reading back", newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{}, nil), nil)
	expect.Equal(t, "recorded", eventsOf[ledger.ReadBack](h), []ledger.ReadBack{{Served: true, Skipped: 1}})
}

// TestReadBack_Projects: each round queries each project once, for any number of files.
func TestReadBack_Projects(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true)
	h.options.Wait = time.Minute
	files := uploaded(t, wheel, sdist, "birch-1.0.tar.gz")
	h.index.pages["alder"] = []page{listing("alder", as(files[0]), as(files[1]))}
	h.index.pages["birch"] = []page{absent(), listing("birch", as(files[2]))}
	wantError(t, "reading back", newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{}, nil), nil)
	expect.Equal(t, "requests of alder", h.index.requestCount("alder"), 3)
	expect.Equal(t, "requests of birch", h.index.requestCount("birch"), 3)
	expect.Equal(t, "recorded", eventsOf[ledger.ReadBack](h), []ledger.ReadBack{{Served: true}})
}

// TestReadBack_Cancelled: a signal ends the waiting with a warning that says why. The result of an interrupted query does not count.
func TestReadBack_Cancelled(t *testing.T) {
	t.Parallel()
	t.Run("before the first query", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.options.Wait = time.Minute
		wantError(t, "reading back", newRun(h.options, h.deps).readBack(cancelled(t), uploaded(t, wheel), oidc.Claims{}, nil), nil)
		expect.Equal(t, "requests", h.index.requestCount("alder"), 0)
		expect.Equal(t, "missing", eventOf[ledger.ReadBack](h).Missing, nil)
		expect.Contains(t, "the warning", h.found("not-served-yet").Message, errSignal.Error(), "all files twice in a row")
	})
	t.Run("between two queries", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.options.Wait = time.Minute
		ctx, stop := contextWithCause(t)
		h.waits.during = func() { stop(errSignal) }
		wantError(t, "reading back", newRun(h.options, h.deps).readBack(ctx, uploaded(t, wheel), oidc.Claims{}, nil), nil)
		expect.Equal(t, "requests", h.index.requestCount("alder"), 1)
		expect.Equal(t, "missing", eventOf[ledger.ReadBack](h).Missing, []string{wheel})
		expect.Contains(t, "the warning", h.found("not-served-yet").Message, errSignal.Error(), wheel)
	})
	t.Run("in the second query", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.options.Wait = time.Minute
		ctx, stop := contextWithCause(t)
		file := uploaded(t, wheel)
		h.index.pages[alder] = []page{listing(alder, as(file[0])), {status: http.StatusServiceUnavailable}}
		h.index.before = func(n int) {
			if n == 2 {
				stop(errSignal)
			}
		}
		wantError(t, "reading back", newRun(h.options, h.deps).readBack(ctx, file, oidc.Claims{}, nil), nil)
		expect.Equal(t, "missing", eventOf[ledger.ReadBack](h).Missing, nil)
		expect.Contains(t, "the warning", h.found("not-served-yet").Message, errSignal.Error(), "all files twice in a row")
	})
}
