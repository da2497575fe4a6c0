package publish

import (
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ghrelease"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// attaching returns a job at a scripted index that may attach to a release and not publish.
func attaching(t *testing.T, names ...string) *harness {
	t.Helper()
	h := newScripted(t, true, names...)
	h.connect(h.deps.Index.Site(), nil)
	api := parsed(t, "http://127.0.0.1:1/api/v3")
	h.deps.GitHub = ghrelease.New(ghrelease.Options{API: api, Repository: "o/r", Wire: h.client, Sleep: h.waits.unrecorded})
	h.options.Wait = time.Minute
	return h
}

// TestAwaitOthers: a job that may attach and not publish waits until the index shows what another job has published.
func TestAwaitOthers(t *testing.T) {
	t.Parallel()
	const s, m = time.Second, time.Minute
	five := func(n int) []time.Duration {
		var all []time.Duration
		for range n {
			all = append(all, 5*s)
		}
		return all
	}
	type row struct {
		change func(h *harness)
		pages  func(ours ...pep.IndexFile) []page // after the plan's own query

		waited  bool
		err     string // its id
		fault   finding.Fault
		says    []string
		queries int
		waits   []time.Duration
	}
	nothing := func(*harness) {}
	never := func(...pep.IndexFile) []page { return []page{listing(alder)} }
	const unpublished = "github-release-unpublished"
	for name, c := range map[string]row{
		"nothing to attach": {func(h *harness) { h.deps.GitHub = nil }, never, false, "", 0, nil, 0, nil},
		"a password":        {func(h *harness) { h.deps.Tokens = nil }, never, false, "", 0, nil, 0, nil},
		"it may publish":    {func(h *harness) { h.withIDToken() }, never, false, "", 0, nil, 0, nil},
		"a pull request of a fork": {
			func(h *harness) { h.fromFork() }, never, false, string(finding.IDTokenFork), finding.Workflow, nil, 0, nil,
		},
		"without queries": {func(h *harness) {
			site := h.deps.Index.Site()
			site.Simple = nil
			h.connect(site, nil)
		}, never, false, unpublished, finding.Workflow, []string{"index-url: none", wheel, sdist, "id-token: write"}, 0, nil},

		"shown soon": {
			nothing, func(ours ...pep.IndexFile) []page { return []page{listing(alder, ours...)} }, true, "", 0, nil, 1, five(1),
		},
		"shown late": {nothing, func(ours ...pep.IndexFile) []page {
			return []page{listing(alder), listing(alder, ours[0]), listing(alder, ours...)}
		}, true, "", 0, nil, 3, five(3)},
		"shown after a failure": {
			change: nothing,
			pages:  func(ours ...pep.IndexFile) []page { return []page{unreadable(), listing(alder, ours...)} },
			waited: true, queries: 2, waits: five(2),
		},
		"shown with other bytes": {nothing, func(ours ...pep.IndexFile) []page {
			return []page{listing(alder, ours[0], pep.IndexFile{Name: sdist, SHA256: otherDigest})}
		}, true, "", 0, nil, 1, five(1)},
		"never shown": {nothing, never, false, unpublished, finding.Index, []string{"does not list", wheel, sdist}, 11, five(12)},
		"half of it is shown": {
			change: nothing, pages: func(ours ...pep.IndexFile) []page { return []page{listing(alder, ours[0])} },
			err: unpublished, fault: finding.Index, says: []string{"does not list", sdist}, queries: 11, waits: five(12),
		},
		"a longer wait is cut": {func(h *harness) { h.options.Wait = 10 * m }, never, false, unpublished, finding.Index, nil, 23, five(24)},
		"a short wait":         {func(h *harness) { h.options.Wait = 14 * s }, never, false, unpublished, finding.Index, nil, 2, five(3)},
		"no wait": {
			func(h *harness) { h.options.Wait = 0 }, never, false, unpublished, finding.Index, []string{"does not list"}, 0, five(1),
		},
		"never readable": {
			change: func(h *harness) { h.options.Wait = 14 * s },
			pages:  func(...pep.IndexFile) []page { return []page{unreadable()} }, err: unpublished, fault: finding.Index,
			says: []string{"could not be queried", "403"}, queries: 2, waits: five(3),
		},
		"readable at last": {
			change: func(h *harness) { h.options.Wait = 14 * s },
			pages:  func(...pep.IndexFile) []page { return []page{unreadable(), listing(alder)} }, err: unpublished, fault: finding.Index,
			says: []string{"does not list"}, queries: 2, waits: five(3),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := attaching(t, wheel, sdist)
			_, files := h.collected()
			c.change(h)
			r, targets := h.planned()
			h.index.pages[alder] = c.pages(as(files[0]), as(files[1]))
			before, phases := h.index.requestCount("alder"), len(h.phases())
			waited, err := r.awaitOthers(t.Context(), targets)
			expect.Equal(t, "waited until all was there", waited, c.waited)
			var ids []string
			if c.err != "" {
				ids = []string{c.err}
			}
			expect.Equal(t, "errors", idsOf(finding.Of(err)), ids)
			for _, f := range finding.Of(err) {
				expect.Equal(t, "fault", f.Fault, c.fault)
				expect.Contains(t, "the error", f.Message+" "+f.Fix, c.says...)
			}
			expect.Equal(t, "queries", h.index.requestCount("alder")-before, c.queries)
			expect.Equal(t, "waits", h.waits.recorded, c.waits)
			expect.Equal(t, "a phase of its own", len(h.phases())-phases, min(len(c.waits), 1))
			missing := len(missingOf(targets))
			expect.Equal(t, "all is there", missing == 0, c.waited)
		})
	}
}

// TestAwaitOthers_NothingMissing: what the index has is not waited for.
func TestAwaitOthers_NothingMissing(t *testing.T) {
	t.Parallel()
	h := attaching(t, wheel)
	_, files := h.collected()
	h.index.pages[alder] = []page{listing(alder, as(files[0]))}
	r, targets := h.planned()
	waited, err := r.awaitOthers(t.Context(), targets)
	wantError(t, "error", err, nil)
	expect.Equal(t, "waited", waited, false)
	expect.Equal(t, "waits", h.waits.recorded, nil)
}

// TestAwaitOthers_Cancelled: a signal is not taken for an index that does not show the files.
func TestAwaitOthers_Cancelled(t *testing.T) {
	t.Parallel()
	h := attaching(t, wheel)
	r, targets := h.planned()
	ctx, stop := contextWithCause(t)
	h.waits.during = func() { stop(errSignal) }
	waited, err := r.awaitOthers(ctx, targets)
	wantError(t, "error", err, errSignal)
	expect.Equal(t, "waited until all was there", waited, false)
}

// TestAwaitOthers_OtherBytes: what another job has published under the same name with other bytes is a conflict, and it stops the run.
func TestAwaitOthers_OtherBytes(t *testing.T) {
	t.Parallel()
	h := newHarness(t, wheel)
	release := h.attachTo(releaseV1)
	h.withoutIDToken()
	h.options.Wait = time.Minute
	first := h.another(t)
	first.put(wheel, "other bytes")
	h.waits.during = func() {
		h.waits.during = nil
		wantError(t, "the job that publishes", first.run(), nil)
	}
	expect.Equal(t, "errors", idsOf(finding.Of(h.run())), []string{"conflict"})
	expect.Equal(t, "assets", h.assets(release), nil)
	expect.Equal(t, "recorded", eventOf[ledger.Attached](h).Outcome, ledger.ReleaseFailed)
	expect.Equal(t, "plans", len(eventsOf[ledger.Planned](h)), 2)
}
