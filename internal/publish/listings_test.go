package publish

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// withoutLookups returns listings of an index that may not be queried.
func withoutLookups(h *harness) *listings {
	site := h.deps.Index.Site()
	site.Simple = nil
	return newListings(index.New(site, h.client, nil, nil), h.waits.sleep, 2)
}

func listingsOf(h *harness) *listings {
	return newListings(h.deps.Index, h.deps.Sleep, h.options.Parallel)
}

// failedProjects returns the projects that a query failed for.
func failedProjects(failed []failedQuery) []pep.Project {
	var projects []pep.Project
	for _, f := range failed {
		projects = append(projects, f.project)
	}
	return projects
}

// TestListings_Of: an index is asked about a project once, also where it had no answer.
func TestListings_Of(t *testing.T) {
	t.Parallel()
	file := fileOf(t, wheel, "ours")
	t.Run("an answer", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.index.pages[alder] = []page{listing(alder, as(file)), listing(alder)}
		l := listingsOf(h)
		for range 2 {
			got, err := l.get(t.Context(), alder)
			wantError(t, "error", err, nil)
			expect.Equal(t, "files", len(got.Files), 1)
		}
		expect.Equal(t, "requests", h.index.requestCount("alder"), 1)
	})
	t.Run("an unknown project", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		got, err := listingsOf(h).get(t.Context(), alder)
		wantError(t, "error", err, nil)
		expect.Equal(t, "exists", got.Exists, false)
	})
	t.Run("no answer", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.index.pages[alder] = []page{unreadable(), listing(alder, as(file))}
		l := listingsOf(h)
		for range 2 {
			if _, err := l.get(t.Context(), alder); err == nil {
				t.Error("a page that cannot be read is taken for a listing")
			}
		}
		expect.Equal(t, "requests", h.index.requestCount("alder"), 1)
		expect.Equal(t, "projects answered", len(l.answered()), 0)
	})
	t.Run("listings for another moment", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.index.pages[alder] = []page{listing(alder), listing(alder, as(file))}
		l := listingsOf(h)
		before, _ := l.get(t.Context(), alder)
		after, _ := l.anew().get(t.Context(), alder)
		still, _ := l.get(t.Context(), alder)
		expect.Equal(t, "files at first", len(before.Files), 0)
		expect.Equal(t, "files at the other moment", len(after.Files), 1)
		expect.Equal(t, "files of the first listings", len(still.Files), 0)
	})
}

// TestListings_Query: each project is asked about once, failures are reported, and a cancelled run has no answer.
func TestListings_Query(t *testing.T) {
	t.Parallel()
	projects := []pep.Project{"alder", "birch", "cedar"}
	t.Run("some fail", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.index.pages["alder"] = []page{listing("alder")}
		h.index.pages["birch"] = []page{unreadable()}
		l := listingsOf(h)
		failed, err := l.query(t.Context(), projects[:2])
		wantError(t, "first query", err, nil)
		expect.Equal(t, "failed", failedProjects(failed), []pep.Project{"birch"})
		failed, err = l.query(t.Context(), projects)
		wantError(t, "second query", err, nil)
		expect.Equal(t, "failed again", failedProjects(failed), nil)
		for _, project := range projects {
			expect.Equal(t, "requests of "+string(project), h.index.requestCount(string(project)), 1)
		}
		answered := l.answered()
		expect.Equal(t, "alder exists", answered["alder"].Exists, true)
		expect.Equal(t, "cedar exists", answered["cedar"].Exists, false)
		_, unknown := answered["birch"]
		expect.Equal(t, "birch is answered", unknown, false)
	})
	t.Run("no queries", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		l := withoutLookups(h)
		failed, err := l.query(t.Context(), projects)
		wantError(t, "query", err, nil)
		expect.Equal(t, "failed", failedProjects(failed), nil)
		expect.Equal(t, "projects answered", len(l.answered()), 0)
		expect.Equal(t, "requests", h.index.requestCount("alder"), 0)
	})
	t.Run("cancelled before", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		failed, err := listingsOf(h).query(cancelled(t), projects)
		wantError(t, "query", err, errSignal)
		expect.Equal(t, "failed", failedProjects(failed), nil)
		expect.Equal(t, "requests", h.index.requestCount("alder"), 0)
	})
	t.Run("cancelled meanwhile", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		ctx, stop := contextWithCause(t)
		h.index.pages["alder"] = []page{unreadable()}
		h.index.before = func(int) { stop(errSignal) }
		_, err := newListings(h.deps.Index, h.deps.Sleep, 1).query(ctx, projects)
		wantError(t, "query", err, errSignal)
		expect.Equal(t, "requests of the next project", h.index.requestCount("birch"), 0)
	})
}

// TestListings_Refresh: an answer replaces what was known, and a failure does not.
func TestListings_Refresh(t *testing.T) {
	t.Parallel()
	file := fileOf(t, wheel, "ours")
	for name, c := range map[string]struct {
		before, after page
		failed        bool
		answered      bool
		files         int
	}{
		"new files":                  {listing(alder), listing(alder, as(file)), false, true, 1},
		"a failure leaves an answer": {listing(alder, as(file)), unreadable(), true, true, 1},
		"an answer after a failure":  {unreadable(), listing(alder, as(file)), false, true, 1},
		"a failure after a failure":  {unreadable(), unreadable(), true, false, 0},
		"a project that is gone":     {listing(alder, as(file)), absent(), false, true, 0},
		"a project that has come":    {absent(), listing(alder, as(file)), false, true, 1},
		"a page of another project":  {listing(alder, as(file)), listing("birch"), true, true, 1},
		"a page of a proxy": {
			listing(alder, as(file)), page{status: 200, kind: "text/html", body: "<title>Log in</title>"}, true, true, 1,
		},
		"a page that is no JSON at all": {listing(alder, as(file)), page{status: 200, kind: "", body: "{"}, true, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			h.index.pages[alder] = []page{c.before, c.after}
			l := listingsOf(h)
			_, _ = l.get(t.Context(), alder) // what it answers stands in answered
			err := l.refresh(t.Context(), []pep.Project{alder})
			expect.Equal(t, "failed", err != nil, c.failed)
			got, answered := l.answered()[alder]
			expect.Equal(t, "answered", answered, c.answered)
			expect.Equal(t, "files", len(got.Files), c.files)
			expect.Equal(t, "requests", h.index.requestCount("alder"), 2)
		})
	}
	t.Run("one of two fails", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.index.pages["birch"] = []page{listing("birch")}
		h.index.pages["alder"] = []page{unreadable()}
		l := listingsOf(h)
		if l.refresh(t.Context(), []pep.Project{"alder", "birch"}) == nil {
			t.Error("a failure was lost")
		}
		expect.Equal(t, "birch exists", l.answered()["birch"].Exists, true)
	})
}

// TestListings_Compare: without an answer a file counts as missing, and what a user may ask to skip is a conflict otherwise.
func TestListings_Compare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page        page
		skip        bool
		action      ledger.Action
		outcome     ledger.Outcome
		indexDigest string
	}{
		"missing":            {listing(alder), false, ledger.ActionUpload, ledger.NotAttempted, ""},
		"present":            {listing(alder, as(fileOf(t, wheel, "ours"))), false, ledger.ActionPresent, ledger.OutcomePresent, ""},
		"present, with skip": {listing(alder, as(fileOf(t, wheel, "ours"))), true, ledger.ActionPresent, ledger.OutcomePresent, ""},
		"other bytes": {
			page: listing(alder, as(fileOf(t, wheel, "theirs"))), action: ledger.ActionConflict,
			outcome: ledger.OutcomeConflict, indexDigest: fileOf(t, wheel, "theirs").sha256(),
		},
		"other bytes, with skip": {
			page: listing(alder, as(fileOf(t, wheel, "theirs"))), skip: true, action: ledger.ActionSkip,
			outcome: ledger.OutcomeSkipped, indexDigest: fileOf(t, wheel, "theirs").sha256(),
		},
		"no answer":                 {unreadable(), false, ledger.ActionUpload, ledger.NotAttempted, ""},
		"no answer, with skip":      {unreadable(), true, ledger.ActionUpload, ledger.NotAttempted, ""},
		"an unknown project":        {absent(), true, ledger.ActionUpload, ledger.NotAttempted, ""},
		"a file that has no digest": {listing(alder, pep.IndexFile{Name: wheel}), true, ledger.ActionUpload, ledger.NotAttempted, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			h.index.pages[alder] = []page{c.page}
			l := listingsOf(h)
			_, _ = l.get(t.Context(), alder) // what it answers is compared with
			file := fileOf(t, wheel, "ours")
			file.action, file.indexDigest = ledger.ActionConflict, "of an earlier comparison"
			l.compare([]*target{file}, c.skip)
			expect.Equal(t, "action", file.action, c.action)
			expect.Equal(t, "outcome", file.outcome, c.outcome)
			expect.Equal(t, "digest of the index", file.indexDigest, c.indexDigest)
		})
	}
}

// TestListings_Find: a page may come from a cache, so that a name that it lacks is waited for; one that it has decides at once.
func TestListings_Find(t *testing.T) {
	t.Parallel()
	file := fileOf(t, wheel, "ours")
	pause := afterUpload().pause
	for name, c := range map[string]struct {
		pages    []page
		requests int
		waits    []time.Duration
		files    int // on the page that is returned
	}{
		"listed at once":              {[]page{listing(alder, as(file))}, 1, nil, 1},
		"other bytes, listed at once": {[]page{listing(alder, as(fileOf(t, wheel, "theirs")))}, 1, nil, 1},
		"listed late":                 {[]page{listing(alder), listing(alder, as(file))}, 2, []time.Duration{pause}, 1},
		"listed at the last request":  {[]page{absent(), listing(alder), listing(alder, as(file))}, 3, []time.Duration{pause, pause}, 1},
		"listed too late": {
			pages:    []page{listing(alder), listing(alder), listing(alder, pep.IndexFile{Name: sdist}), listing(alder, as(file))},
			requests: 3, waits: []time.Duration{pause, pause}, files: 1,
		},
		"never listed":                        {[]page{listing(alder)}, 3, []time.Duration{pause, pause}, 0},
		"not readable, which will not change": {[]page{unreadable()}, 1, nil, 0},
		"readable once": {
			[]page{listing(alder, pep.IndexFile{Name: sdist}), unreadable()},
			2,
			[]time.Duration{pause},
			1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true)
			h.index.pages[alder] = c.pages
			got := listingsOf(h).awaitFile(t.Context(), file, afterUpload())
			expect.Equal(t, "requests", h.index.requestCount("alder"), c.requests)
			expect.Equal(t, "waits", h.waits.recorded, c.waits)
			expect.Equal(t, "files", len(got.Files), c.files)
		})
	}
	t.Run("what was known before is not believed", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.index.pages[alder] = []page{listing(alder), listing(alder, as(file))}
		l := listingsOf(h)
		_, _ = l.get(t.Context(), alder) // it is asked again
		expect.Equal(t, "files", len(l.awaitFile(t.Context(), file, afterUpload()).Files), 1)
		expect.Equal(t, "files that are known since", len(l.answered()[alder].Files), 1)
	})
	t.Run("no queries", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		got := withoutLookups(h).awaitFile(t.Context(), file, afterUpload())
		expect.Equal(t, "listing", got, pep.Listing{})
		expect.Equal(t, "waits", h.waits.recorded, nil)
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		h := newScripted(t, true)
		h.index.pages[alder] = []page{listing(alder, as(file))}
		got := listingsOf(h).awaitFile(cancelled(t), file, afterUpload())
		expect.Equal(t, "listing", got, pep.Listing{})
		expect.Equal(t, "requests", h.index.requestCount("alder"), 0)
	})
}

// TestListings_Repeat has the pauses of a schedule pass on a clock of its own.
func TestListings_Repeat(t *testing.T) {
	t.Parallel()
	const s = time.Second
	paces := func(all ...nextStep) []nextStep { return all }
	for name, c := range map[string]struct {
		schedule schedule
		paces    []nextStep    // of the attempts, the last one again and again
		within   time.Duration // that ctx has; 0: no bound
		attempts []time.Duration
		over     time.Duration // when it ended
		done     bool
	}{
		"done at once":       {schedule{attempts: 3, pause: 3 * s}, paces(done), 0, []time.Duration{0}, 0, true},
		"done at the second": {schedule{attempts: 3, pause: 3 * s}, paces(steady, done), 0, []time.Duration{0, 3 * s}, 3 * s, true},
		"done at the last": {
			schedule: schedule{attempts: 3, pause: 3 * s}, paces: paces(steady, steady, done),
			attempts: []time.Duration{0, 3 * s, 6 * s}, over: 6 * s, done: true,
		},
		"out of attempts": {schedule{attempts: 3, pause: 3 * s}, paces(steady), 0, []time.Duration{0, 3 * s, 6 * s}, 6 * s, false},
		"one attempt":     {schedule{attempts: 1, pause: 3 * s}, paces(steady), 0, []time.Duration{0}, 0, false},
		"out of time":     {schedule{pause: 3 * s}, paces(steady), 7 * s, []time.Duration{0, 3 * s, 6 * s}, 7 * s, false},
		"done in time":    {schedule{pause: 3 * s}, paces(steady, steady, done), 7 * s, []time.Duration{0, 3 * s, 6 * s}, 6 * s, true},
		"slower and slower": {
			schedule: schedule{pause: s, longest: 5 * s}, paces: paces(slower), within: 20 * s,
			attempts: []time.Duration{0, 1 * s, 3 * s, 7 * s, 12 * s, 17 * s}, over: 20 * s,
		},
		"steady after slower": {
			schedule: schedule{pause: s, longest: 60 * s}, paces: paces(slower, slower, steady, done),
			attempts: []time.Duration{0, 1 * s, 3 * s, 4 * s}, over: 4 * s, done: true,
		},
		"slower after steady": {
			schedule: schedule{pause: s, longest: 60 * s}, paces: paces(slower, steady, slower, slower, done),
			attempts: []time.Duration{0, s, 2 * s, 3 * s, 5 * s}, over: 5 * s, done: true,
		},
		"no longest pause is given": {
			schedule: schedule{attempts: 4, pause: 3 * s}, paces: paces(slower),
			attempts: []time.Duration{0, 3 * s, 6 * s, 9 * s}, over: 9 * s,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				ctx := t.Context()
				if c.within > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, c.within)
					defer stop()
				}
				var attempts []time.Duration
				got := (&listings{sleep: sleepFor}).repeat(ctx, c.schedule, func(context.Context) nextStep {
					attempts = append(attempts, time.Since(began))
					return c.paces[min(len(attempts), len(c.paces))-1]
				})
				expect.Equal(t, "attempts", attempts, c.attempts)
				expect.Equal(t, "end", time.Since(began), c.over)
				expect.Equal(t, "done", got, c.done)
			})
		})
	}
}

// sleepFor waits by the clock, which is one of its own in [synctest].
func sleepFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// TestListings_RepeatCancelled: a run that is cancelled makes no further attempt, and the one that is under way may still succeed.
func TestListings_RepeatCancelled(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true)
	l := listingsOf(h)
	attempts := 0
	count := func(context.Context) nextStep { attempts++; return done }
	expect.Equal(t, "done, cancelled before", l.repeat(cancelled(t), afterUpload(), count), false)
	expect.Equal(t, "attempts, cancelled before", attempts, 0)

	for _, c := range []struct {
		last nextStep
		done bool
	}{{steady, false}, {done, true}} {
		ctx, stop := context.WithCancel(t.Context())
		attempts = 0
		got := l.repeat(ctx, afterUpload(), func(context.Context) nextStep {
			attempts++
			stop()
			return c.last
		})
		expect.Equal(t, "done, cancelled in an attempt", got, c.done)
		expect.Equal(t, "attempts, cancelled in one", attempts, 1)
	}
}

// TestListings_SideBySide: several goroutines may ask, and each gets an answer.
func TestListings_SideBySide(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true)
	file := fileOf(t, wheel, "ours")
	h.index.pages[alder] = []page{listing(alder, as(file))}
	l := listingsOf(h)
	var group sync.WaitGroup
	var mu sync.Mutex
	var files []int
	for range 8 {
		group.Go(func() {
			got, err := l.get(t.Context(), alder)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			files = append(files, len(got.Files), len(l.answered()[alder].Files))
		})
	}
	group.Wait()
	if len(files) != 16 || slices.ContainsFunc(files, func(n int) bool { return n != 1 }) {
		t.Errorf("files that each goroutine saw: %v", files)
	}
}

// TestParts: a target gets what its project's listing has under its name, in that order, and nothing else.
func TestParts(t *testing.T) {
	t.Parallel()
	file, other := fileOf(t, wheel, "ours"), fileOf(t, sdist, "ours")
	all := []pep.IndexFile{
		{Name: wheel, Size: 1}, {Name: "alder-0.9.tar.gz"}, {Name: wheel, Size: 2}, {Name: "zebra.whl"}, {Name: wheel, Size: 3},
	}
	parts := newParts(map[pep.Project]pep.Listing{alder: {Project: alder, Exists: true, Files: all}})
	for range 2 {
		got := parts.of(file)
		expect.Equal(t, "the project", got.Project, alder)
		expect.Equal(t, "exists", got.Exists, true)
		expect.Equal(t, "the files", fmt.Sprint(got.Files), fmt.Sprint([]pep.IndexFile{all[0], all[2], all[4]}))
		expect.Equal(t, "files of a name that is not listed", len(parts.of(other).Files), 0)
	}
	other.release.Project = "birch"
	expect.Equal(t, "a project without a listing exists", parts.of(other).Exists, false)
}

// TestListings_Learned: what is learned of a file is not written into a listing that another part of the run may be reading.
func TestListings_Learned(t *testing.T) {
	t.Parallel()
	const address = "https://files.example/alder-1.0.tar.gz"
	l := &listings{learned: map[string]pep.IndexFile{address: {URL: address, SHA256: "aa", Size: 1}}}
	before := pep.Listing{Files: []pep.IndexFile{{URL: address}, {URL: "https://files.example/other"}}}
	after := l.completed(before)
	expect.Equal(t, "the digest that is learned", after.Files[0].SHA256, "aa")
	expect.Equal(t, "what others read", before.Files[0].SHA256, "")
	expect.Equal(t, "another file", after.Files[1].SHA256, "")
}
