package publish

import (
	"net/http"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/pep"
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
	both, oneOf, none := listing(alder, w, s), listing(alder, w), listing(alder)
	with := func(change func(*pep.Held)) page {
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
		wait  time.Duration

		requests int
		waits    []time.Duration
		read     ledger.ReadBack
		noted    []string
		err      []string // the ids of its findings
		says     []string // in what is noted
	}
	served := ledger.ReadBack{Served: true}
	late := func(missing ...string) ledger.ReadBack { return ledger.ReadBack{Missing: missing} }
	for name, c := range map[string]row{
		"served at once":             {[]page{both}, time.Minute, 2, seconds(1), served, nil, nil, nil},
		"one file comes late":        {[]page{oneOf, both}, time.Minute, 3, seconds(1, 1), served, nil, nil, nil},
		"the project comes late":     {[]page{absent(), none, both}, time.Minute, 4, seconds(1, 2, 1), served, nil, nil, nil},
		"a page that cannot be read": {[]page{unreadable(), both}, time.Minute, 3, seconds(1, 1), served, nil, nil, nil},
		"an old page between two":    {[]page{both, oneOf, both}, time.Minute, 4, seconds(1, 1, 1), served, nil, nil, nil},
		"pauses become longer": {
			[]page{none, none, none, none, none, none, both},
			2 * time.Minute, 8, seconds(1, 2, 4, 8, 15, 15, 1), served, nil,
			nil, nil,
		},
		"never served": {
			[]page{none},
			10 * second, 4, seconds(1, 2, 4, 8), late(wheel, sdist),
			[]string{"not-served-yet"},
			nil,
			[]string{wheel, sdist, "10s"},
		},
		"one file is never served": {
			[]page{oneOf},
			10 * second, 4, seconds(1, 2, 4, 8), late(sdist),
			[]string{"not-served-yet"},
			nil,
			[]string{sdist, "10s"},
		},
		"served once, when time is up": {
			[]page{none, none, both},
			3500 * time.Millisecond, 3, seconds(1, 2, 1), late(),
			[]string{"not-served-yet"},
			nil,
			[]string{"all files twice in a row"},
		},
		"the page is never readable": {
			[]page{unreadable()}, 2 * second, 2, seconds(1, 2), late(wheel, sdist), []string{"not-served-yet"}, nil, nil,
		},
		"another digest": {
			[]page{with(func(h *pep.Held) { h.SHA256 = otherDigest })},
			time.Minute, 1, nil,
			ledger.ReadBack{Otherwise: true},
			nil,
			[]string{"served-otherwise"},
			nil,
		},
		"another digest, later": {
			[]page{both, with(func(h *pep.Held) { h.SHA256 = otherDigest })},
			time.Minute, 2, seconds(1),
			ledger.ReadBack{Otherwise: true},
			nil,
			[]string{"served-otherwise"},
			nil,
		},
		"another size": {
			[]page{with(func(h *pep.Held) { h.Size++ })},
			time.Minute, 1, nil,
			ledger.ReadBack{Otherwise: true},
			nil,
			[]string{"served-otherwise"},
			nil,
		},
		"no size": {[]page{with(func(h *pep.Held) { h.Size = 0 })}, time.Minute, 2, seconds(1), served, nil, nil, nil},
		"another digest of one file, and the other one is missing": {
			[]page{listing(alder, pep.Held{Name: wheel, SHA256: otherDigest})},
			time.Minute, 1, nil,
			ledger.ReadBack{Otherwise: true, Missing: []string{sdist}},
			nil,
			[]string{"served-otherwise"},
			nil,
		},
		"other digests of both": {
			[]page{listing(alder, pep.Held{Name: wheel, SHA256: otherDigest}, pep.Held{Name: sdist, SHA256: otherDigest})},
			time.Minute, 1, nil,
			ledger.ReadBack{Otherwise: true},
			nil,
			[]string{"served-otherwise", "served-otherwise"},
			nil,
		},
		"another MD5, and nothing else": {
			[]page{with(func(h *pep.Held) { h.SHA256, h.MD5 = "", otherDigest[:32] })},
			time.Minute, 1, nil,
			ledger.ReadBack{Otherwise: true},
			nil,
			[]string{"served-otherwise"},
			nil,
		},
		"the MD5, and nothing else": {
			[]page{with(func(h *pep.Held) { h.SHA256, h.MD5 = "", md5Of(files[1]) })},
			time.Minute, 2, seconds(1), served, nil,
			nil, nil,
		},
		"no digest of one": {
			[]page{with(func(h *pep.Held) { h.SHA256 = "" })},
			time.Minute, 2, seconds(1),
			ledger.ReadBack{Silent: 1},
			[]string{"no-digest"},
			nil,
			[]string{sdist},
		},
		"no digest, and another size": {
			[]page{with(func(h *pep.Held) { h.SHA256, h.Size = "", 1 })},
			time.Minute, 1, nil,
			ledger.ReadBack{Otherwise: true},
			nil,
			[]string{"served-otherwise"},
			nil,
		},
		"these bytes under another name": {
			[]page{with(func(h *pep.Held) { h.Name = sdist2 })},
			second, 1, seconds(1), late(sdist),
			[]string{"not-served-yet"},
			nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			h.index.pages[alder] = c.pages
			h.options.Wait = c.wait
			err := newRun(h.options, h.deps).readBack(t.Context(), uploaded(t, wheel, sdist), oidc.Claims{})
			want(t, "errors", idsOf(finding.Of(err)), c.err)
			want(t, "requests", h.index.asked("alder"), c.requests)
			want(t, "waits", h.waits.recorded, c.waits)
			read := eventsOf[ledger.ReadBack](h)
			if len(read) != 1 {
				t.Fatalf("%d results were recorded", len(read))
			}
			want(t, "served", read[0].Served, c.read.Served)
			want(t, "something else is served", read[0].Otherwise, c.read.Otherwise)
			want(t, "missing", read[0].Missing, c.read.Missing)
			want(t, "without a digest", read[0].Silent, c.read.Silent)
			want(t, "noted", h.noted(), c.noted)
			for _, f := range h.receipt().Findings {
				want(t, "severity", f.Severity, finding.Warning)
				wantText(t, "the warning", f.Message, c.says...)
			}
			want(t, "phases", h.phases(), []string{"Read back"})
		})
	}
}

// TestReadBack_Otherwise: an index that serves other bytes than it took is at fault, and both digests are told.
func TestReadBack_Otherwise(t *testing.T) {
	t.Parallel()
	for digest, listed := range map[string]pep.Held{
		otherDigest:      {Name: wheel, SHA256: otherDigest, Size: 9},
		"digest unknown": {Name: wheel, Size: 9},
	} {
		h := newScripted(t, true)
		h.index.pages[alder] = []page{listing(alder, listed)}
		h.options.Wait = time.Minute
		files := uploaded(t, wheel)
		err := newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{})
		f := one(t, finding.Of(err), "served-otherwise")
		want(t, "severity", f.Severity, finding.Error)
		want(t, "fault", f.Fault, finding.Index)
		want(t, "file", f.File, "dist/"+wheel)
		wantText(t, "the error", f.Message, wheel, digest, "9 bytes", files[0].sha256())
	}
}

// TestReadBack_Nothing: where there is nothing to see, or nobody may look, nothing is asked and nothing is recorded.
func TestReadBack_Nothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h *harness, file *target){
		"no time is given": func(h *harness, _ *target) { h.options.Wait = 0 },
		"nobody may look": func(h *harness, _ *target) {
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
			wantError(t, "reading back", newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{}), nil)
			want(t, "requests", h.index.asked("alder"), 0)
			want(t, "events", len(h.events), 0)
		})
	}
}

// TestReadBack_Skipped: of a file whose name has other bytes there is nothing to read back; how many those are is told.
func TestReadBack_Skipped(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true)
	h.options.Wait = time.Minute
	files := uploaded(t, wheel, sdist, wheel310)
	files[1].outcome, files[2].outcome = ledger.OutcomeSkipped, ledger.OutcomePresent
	h.index.pages[alder] = []page{listing(alder, as(files[0]), pep.Held{Name: sdist, SHA256: otherDigest}, as(files[2]))}
	wantError(t, "reading back", newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{}), nil)
	want(t, "recorded", eventsOf[ledger.ReadBack](h), []ledger.ReadBack{{Served: true, Skipped: 1}})
}

// TestReadBack_Projects: each project is asked about once for each look, however many files it has.
func TestReadBack_Projects(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true)
	h.options.Wait = time.Minute
	files := uploaded(t, wheel, sdist, "birch-1.0.tar.gz")
	h.index.pages["alder"] = []page{listing("alder", as(files[0]), as(files[1]))}
	h.index.pages["birch"] = []page{absent(), listing("birch", as(files[2]))}
	wantError(t, "reading back", newRun(h.options, h.deps).readBack(t.Context(), files, oidc.Claims{}), nil)
	want(t, "requests of alder", h.index.asked("alder"), 3)
	want(t, "requests of birch", h.index.asked("birch"), 3)
	want(t, "recorded", eventsOf[ledger.ReadBack](h), []ledger.ReadBack{{Served: true}})
}

// TestReadBack_Cancelled: a signal ends the waiting with a warning that says why. What a look saw that was cut off does not count.
func TestReadBack_Cancelled(t *testing.T) {
	t.Parallel()
	t.Run("before the first look", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.options.Wait = time.Minute
		wantError(t, "reading back", newRun(h.options, h.deps).readBack(cancelled(t), uploaded(t, wheel), oidc.Claims{}), nil)
		want(t, "requests", h.index.asked("alder"), 0)
		want(t, "missing", eventsOf[ledger.ReadBack](h)[0].Missing, nil)
		wantText(t, "the warning", h.found("not-served-yet").Message, errSignal.Error(), "all files twice in a row")
	})
	t.Run("between two looks", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.options.Wait = time.Minute
		ctx, stop := contextWithCause(t)
		h.waits.during = func() { stop(errSignal) }
		wantError(t, "reading back", newRun(h.options, h.deps).readBack(ctx, uploaded(t, wheel), oidc.Claims{}), nil)
		want(t, "requests", h.index.asked("alder"), 1)
		want(t, "missing", eventsOf[ledger.ReadBack](h)[0].Missing, []string{wheel})
		wantText(t, "the warning", h.found("not-served-yet").Message, errSignal.Error(), wheel)
	})
	t.Run("in the second look", func(t *testing.T) {
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
		wantError(t, "reading back", newRun(h.options, h.deps).readBack(ctx, file, oidc.Claims{}), nil)
		want(t, "missing", eventsOf[ledger.ReadBack](h)[0].Missing, nil)
		wantText(t, "the warning", h.found("not-served-yet").Message, errSignal.Error(), "all files twice in a row")
	})
}
