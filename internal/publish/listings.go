package publish

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// listings is what the index lists of projects. It asks about a project when it is first wanted, once, and can ask again. It is
// safe for use by several goroutines.
type listings struct {
	index    *index.Client
	sleep    func(ctx context.Context, d time.Duration) error
	parallel int // requests at once

	mu      sync.Mutex
	known   map[pep.Project]answer
	learned map[string]pep.IndexFile // what was learned by downloading files of which no page tells a digest, by their address
}

// answer is a listing, or why there is none: an index that could not be asked is unknown, never empty.
type answer struct {
	listing pep.Listing
	err     error
	memory  int // bytes that the listing takes
}

// mostListed is how many bytes of memory all listings of a run may take.
const mostListed = 32 << 20

// mostPages is how many pages are read at once at most, since each takes some megabytes of memory.
const mostPages = 4

// errTooLong says why a listing is not known.
var errTooLong = errors.New("the index lists more files than fit into the memory of a run")

// with returns what is known after one more answer about a project, which is unknown if there is no room for it.
func (l *listings) with(project pep.Project, asked answer) answer {
	asked.memory = asked.listing.Memory()
	all := asked.memory - l.known[project].memory
	for _, known := range l.known {
		all += known.memory
	}
	if all > mostListed {
		return answer{err: errTooLong}
	}
	return asked
}

func newListings(ix *index.Client, sleep func(ctx context.Context, d time.Duration) error, parallel int) *listings {
	return &listings{
		index: ix, sleep: sleep, parallel: min(max(parallel, 1), mostPages), known: map[pep.Project]answer{},
		learned: map[string]pep.IndexFile{},
	}
}

// anew returns listings that know nothing yet, for a look at another moment.
func (l *listings) anew() *listings { return newListings(l.index, l.sleep, l.parallel) }

// get returns what the index lists of a project. It is asked once: what it could not answer is not asked again.
func (l *listings) get(ctx context.Context, project pep.Project) (pep.Listing, error) {
	l.mu.Lock()
	known, ok := l.known[project]
	l.mu.Unlock()
	if !ok {
		known = l.fetch(ctx, project)
	}
	return known.listing, known.err
}

// fetch asks the index, whatever is known. An answer replaces what was known; a failure only where nothing was.
func (l *listings) fetch(ctx context.Context, project pep.Project) answer {
	listing, err := l.index.ListFiles(ctx, project)
	l.mu.Lock()
	defer l.mu.Unlock()
	listing = l.complete(listing)
	asked := l.with(project, answer{listing: listing, err: err})
	err = asked.err
	if before, ok := l.known[project]; err == nil || !ok || before.err != nil {
		l.known[project] = asked
	}
	return asked
}

// complete returns a listing with what was learned of its files. The given one stays as it is: others may be reading it.
func (l *listings) complete(listing pep.Listing) pep.Listing {
	files, own := listing.Files, false
	for i, file := range files {
		known, ok := l.learned[file.URL]
		if !ok || file.URL == "" {
			continue
		}
		if !own {
			files, own = slices.Clone(files), true
		}
		files[i].SHA256, files[i].Size = known.SHA256, known.Size
	}
	listing.Files = files
	return listing
}

// completed returns a listing with what was learned of its files.
func (l *listings) completed(listing pep.Listing) pep.Listing {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.complete(listing)
}

// learn downloads the target's file from the index if the page has it without a digest that could be compared, to compare that: the digest
// is one of the listing from then on. Where that fails, the digest stays unknown. The error is that of ctx.
func (l *listings) learn(ctx context.Context, t *target) error {
	l.mu.Lock()
	listing := l.known[t.release.Project].listing
	l.mu.Unlock()
	for _, listed := range listing.Files {
		if listed.Name != t.Name {
			continue
		}
		if theirs, _ := t.digests(listed); theirs != "" {
			continue
		}
		digest, length, err := l.index.FileDigest(ctx, listed, t.Size)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			continue
		}
		listed.SHA256, listed.Size = digest, length
		l.mu.Lock()
		l.learned[listed.URL] = listed
		known := l.known[t.release.Project]
		known.listing = l.complete(known.listing)
		l.known[t.release.Project] = known
		l.mu.Unlock()
	}
	return nil
}

// failedQuery is a project that the index could not answer about.
type failedQuery struct {
	project pep.Project
	err     error
}

// query asks about the projects that were not asked about yet, and returns those that the index could not answer, by name. Projects
// without queries are left unknown.
func (l *listings) query(ctx context.Context, projects []pep.Project) (failed []failedQuery, err error) {
	l.mu.Lock()
	unknown := slices.DeleteFunc(slices.Clone(projects), func(p pep.Project) bool { _, ok := l.known[p]; return ok })
	l.mu.Unlock()
	var mu sync.Mutex
	err = par.Each(ctx, l.parallel, unknown, func(ctx context.Context, project pep.Project) error {
		_, err := l.get(ctx, project)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && !errors.Is(err, index.ErrNoListings):
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, failedQuery{project, err})
		}
		return nil
	})
	sort.Slice(failed, func(i, j int) bool { return failed[i].project < failed[j].project })
	return failed, err
}

// refresh asks about the projects again. Pages that cannot be read leave what was known.
func (l *listings) refresh(ctx context.Context, projects []pep.Project) error {
	var failed []error
	for _, project := range projects {
		failed = append(failed, l.fetch(ctx, project).err)
	}
	return errors.Join(failed...)
}

// answered returns what the index did answer.
func (l *listings) answered() map[pep.Project]pep.Listing {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[pep.Project]pep.Listing{}
	for project, known := range l.known {
		if known.err == nil {
			all[project] = known.listing
		}
	}
	return all
}

// compare decides what to do with every target by what the index is known to list. With skip, other bytes under a name are skipped.
func (l *listings) compare(targets []*target, skip bool) {
	parts := newParts(l.answered())
	for _, t := range targets {
		t.plan(parts.of(t), skip, l.index.Site().MayReplace())
	}
}

// learnAll is learn for all targets that are listed.
func (l *listings) learnAll(ctx context.Context, targets []*target) error {
	if !l.index.Site().MayReplace() {
		return nil // the index itself compares
	}
	parts := newParts(l.answered())
	listed := selected(targets, func(t *target) bool { return len(parts.of(t).Files) > 0 })
	return par.Each(ctx, l.parallel, listed, l.learn)
}

// parts finds the parts of listings that are about one target each. To look for each target at all files of a listing takes time that
// grows with the square of their number.
type parts struct {
	listings map[pep.Project]pep.Listing
	order    map[pep.Project][]int // of the files of a listing that was asked for, by name
}

func newParts(listings map[pep.Project]pep.Listing) parts {
	return parts{listings, map[pep.Project][]int{}}
}

// of returns the listing of the target's project with the files that have its name alone, in their order.
func (p parts) of(t *target) pep.Listing {
	listing := p.listings[t.release.Project]
	all := listing.Files
	order, known := p.order[t.release.Project]
	if !known {
		order = make([]int, len(all))
		for i := range all {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(all[a].Name, all[b].Name) })
		p.order[t.release.Project] = order
	}
	listing.Files = nil
	at, _ := slices.BinarySearchFunc(order, t.Name, func(i int, name string) int { return cmp.Compare(all[i].Name, name) })
	for ; at < len(order) && all[order[at]].Name == t.Name; at++ {
		listing.Files = append(listing.Files, all[order[at]])
	}
	return listing
}

// awaitFile asks about a target's project until its page has the target's name, as the schedule says, and returns the last page. An
// index without queries, one that does not answer, and a run that is cancelled, give an empty listing.
func (l *listings) awaitFile(ctx context.Context, t *target, s schedule) pep.Listing {
	var page pep.Listing
	spent := func(err error) bool { // the time in which it could have been answered
		unanswered := wire.ErrorOf(err)
		return unanswered != nil && unanswered.Tries > 1
	}
	l.repeat(ctx, s, func(ctx context.Context) nextStep {
		asked := l.fetch(ctx, t.release.Project)
		if asked.err == nil {
			page = asked.listing
		}
		_, listed := t.listedIn(page)
		switch {
		case listed:
			return done
		case asked.err != nil && (index.IsFinal(asked.err) || spent(asked.err)):
			return failed
		}
		return steady
	})
	return page
}

// schedule is how an index is asked again: pages come from caches for some seconds, and that of a new project is missing for a
// minute (docs/reference/pypi-server.md §7.3).
type schedule struct {
	attempts int // at most; 0: until ctx ends
	pause    time.Duration
	longest  time.Duration // up to which slower attempts double the pause
}

// nextStep says how to go on after an attempt.
type nextStep uint8

const (
	done   nextStep = iota // not at all: it is what it should be
	failed                 // not at all: it will not be that
	again                  // at once
	steady                 // after the first pause of the schedule
	slower                 // after twice the last pause
)

// repeat calls attempt until it is done, the schedule is over, or ctx is. It reports whether attempt was done.
func (l *listings) repeat(ctx context.Context, s schedule, attempt func(context.Context) nextStep) bool {
	pause := s.pause
	for n := 1; ctx.Err() == nil; n++ {
		next := attempt(ctx)
		switch {
		case next == done:
			return true
		case next == failed, n == s.attempts:
			return false
		case next == again:
			continue
		case next == steady:
			pause = s.pause
		}
		if l.sleep(ctx, pause) != nil {
			return false
		}
		if next == slower {
			pause = min(2*pause, max(s.longest, s.pause))
		}
	}
	return false
}
