package publish

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// Judgement is what is known of a set of files without publishing it.
type Judgement struct {
	Files    []string // in the order of the paths that were given, those of a folder by name
	Findings []finding.Finding
}

// Judge does the first steps of a run: it collects the files, looks at the index as far as t.Index is made for it, and judges
// the set. Of the tools it needs the index and the clock. An error means that the set could not be judged.
//
// A file that is named is judged, whatever it is; in a run it would be left alone where it is no distribution.
func Judge(ctx context.Context, o Options, t Tools) (Judgement, error) {
	t.Book = ledger.NewBook(func(ledger.Event) {})
	r := newRun(o, t)
	haul, err := dist.Find(o.Paths)
	err = r.withNested(haul, err)
	named, others := namedAmong(haul.Others, o.Paths)
	if err != nil && (len(named) == 0 || !nothingElse(err)) {
		return Judgement{}, notFound(err)
	}
	if others = append(others, haul.Sidecars...); len(others) > 0 {
		r.Book.Note(ledger.Noted{Finding: leftAlone(others)})
	}
	paths := asGiven(append(haul.Distributions, named...), o.Paths)
	if err := r.gather(ctx, paths); err != nil {
		return Judgement{}, err
	}
	stored, err := r.remembered(ctx)
	if err != nil {
		return Judgement{}, err
	}
	all := append(r.judge(stored), r.conflicts()...)
	return Judgement{Files: paths, Findings: append(all, r.Book.Receipt().Findings...)}, nil
}

// remembered are the files, by path, that the index's page has not and its file host has. A run does not ask this: where the
// host has no such file it may remember that for a while, and users ask for the file right after the upload. That it cannot
// be asked hinders nothing.
func (r *run) remembered(ctx context.Context) (map[string]bool, error) {
	var mu sync.Mutex
	stored := map[string]bool{}
	err := par.Each(ctx, r.Parallel, r.files, func(ctx context.Context, d *dist.Distribution) error {
		release, err := d.Release()
		if err != nil || !r.held[release.Project].Exists || preflight.Holds(r.held[release.Project], d.Name) {
			return nil
		}
		had, err := r.Index.Stored(ctx, d)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil && had {
			mu.Lock()
			defer mu.Unlock()
			stored[d.Path] = true
		}
		return nil
	})
	return stored, err
}

// namedAmong parts the files that are no distributions into those that were named and the rest.
func namedAmong(others, given []string) (named, rest []string) {
	for _, path := range others {
		if slices.ContainsFunc(given, func(g string) bool { return filepath.Clean(g) == path }) {
			named = append(named, path)
		} else {
			rest = append(rest, path)
		}
	}
	return named, rest
}

// nothingElse tells that the only thing wrong is that no distribution was found.
func nothingElse(err error) bool {
	return !slices.ContainsFunc(finding.Of(err), func(f finding.Finding) bool { return f.ID != dist.NoDistributions })
}

// asGiven sorts paths by what was given first, and spells those that were named as they were.
func asGiven(paths, given []string) []string {
	place := map[string]int{}
	spelled := make([]string, len(paths))
	for i, path := range paths {
		spelled[i] = path
		at := slices.IndexFunc(given, func(g string) bool { return filepath.Clean(g) == path })
		if at >= 0 {
			spelled[i] = given[at]
		} else {
			at = slices.IndexFunc(given, func(g string) bool { return leadsTo(g, path) })
		}
		place[spelled[i]] = at
	}
	slices.SortStableFunc(spelled, func(a, b string) int { return cmp.Compare(place[a], place[b]) })
	return spelled
}

// leadsTo tells that a path was found by what was given: a folder or a glob.
func leadsTo(given, path string) bool {
	given = filepath.Clean(given)
	for _, found := range []string{path, filepath.Dir(path)} {
		if fits, err := filepath.Match(given, found); found == given || err == nil && fits {
			return true
		}
	}
	return false
}

// conflicts are the names under which the index has other bytes, or bytes that cannot be compared.
func (r *run) conflicts() (found []finding.Finding) {
	for i, f := range r.described() {
		listing := pep.Listing{}
		if f.Release.Project != "" {
			listing = r.held[f.Release.Project]
		}
		if status, held := standing(r.files[i], listing, false, r.Index.Site().MayReplace()); status == ledger.Conflict {
			found = append(found, conflict(f, held))
		}
	}
	return found
}
