package publish

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// CheckResult is what is known of a set of files without publishing it.
type CheckResult struct {
	Files    []string // in the order of the paths that were given, those of a folder by name
	Findings []finding.Finding
	Compared []ledger.Comparison // with the last releases on the index
}

// Check does the first steps of a run: it collects the files, queries the index as far as d.Index is made for it, and checks the
// set. It needs the index and the clock alone. An error means that the set could not be checked.
//
// A file that is named is checked, whatever it is; a run would leave it alone if it is no distribution.
func Check(ctx context.Context, o Options, d Deps) (CheckResult, error) {
	var mu sync.Mutex
	var noted []finding.Finding
	d.Record = func(event ledger.Event) {
		if e, ok := event.(ledger.Noted); ok {
			mu.Lock()
			defer mu.Unlock()
			noted = append(noted, e.Finding)
		}
	}
	r := newRun(o, d)
	r.onlyChecks = true
	files, err := distfile.Find(o.Paths)
	named, others := splitNamed(files.Others, o.Paths)
	if len(named) > 0 && noneFound(err) {
		err = nil
	}
	if err = r.withNested(files, err); err != nil {
		return CheckResult{}, r.pathErrors(err)
	}
	r.noteLeftAlone(others, files.AttestationFiles, attestationFilesOf(files.Distributions))
	paths := inGivenOrder(append(files.Distributions, named...), o.Paths)
	c, err := r.gather(ctx, paths)
	if err != nil {
		return CheckResult{}, err
	}
	stored, err := r.storedFiles(ctx, c.targets)
	if err != nil {
		return CheckResult{}, err
	}
	set := r.preflightSet(c, stored)
	found, err := r.applyRules(ctx, set)
	if err != nil {
		return CheckResult{}, err
	}
	if site := r.Index.Site(); site.Derived {
		r.recordUnseen()
	}
	r.listings.compare(c.targets, false)
	for _, t := range c.targets {
		if t.action == ledger.ActionConflict {
			found = append(found, r.conflict(t, t.indexDigest))
		}
	}
	return CheckResult{Files: paths, Findings: append(found, noted...), Compared: preflight.Compare(set)}, nil
}

// storedFiles returns the files, by path, that the index's file host still stores although the project page no longer lists them. A
// run does not ask: a host that has no such file may remember that for a while, and users ask for the file right after the upload. A
// host that cannot be asked hinders nothing.
func (r *run) storedFiles(ctx context.Context, targets []*target) (map[string]bool, error) {
	answered := r.listings.answered()
	var mu sync.Mutex
	stored := map[string]bool{}
	err := par.Each(ctx, r.Parallel, targets, func(ctx context.Context, t *target) error {
		listing := answered[t.release.Project]
		if !listing.Exists || preflight.Lists(listing, t.Name) {
			return nil
		}
		had, err := r.Index.Stored(ctx, t.Distribution)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil && had {
			mu.Lock()
			defer mu.Unlock()
			stored[t.Path] = true
		}
		return nil
	})
	return stored, err
}

// splitNamed parts the files that are no distributions into those that were named and the rest.
func splitNamed(others, given []string) (named, rest []string) {
	spelled := spellings(given)
	for _, path := range others {
		if _, ok := spelled[path]; ok {
			named = append(named, path)
		} else {
			rest = append(rest, path)
		}
	}
	return named, rest
}

// inGivenOrder sorts paths by what was given first, and spells those that were named as they were.
func inGivenOrder(paths, given []string) []string {
	position, cleaned := map[string]int{}, spellings(given)
	spelled := make([]string, 0, len(paths))
	for _, path := range paths {
		i, named := cleaned[path]
		if named {
			path = given[i]
		} else {
			i = slices.IndexFunc(given, func(g string) bool { return leadsTo(g, path) })
		}
		position[path] = i
		spelled = append(spelled, path)
	}
	slices.SortStableFunc(spelled, func(a, b string) int { return cmp.Compare(position[a], position[b]) })
	return spelled
}

// spellings returns the index of the first of the given paths for each path that they name.
func spellings(given []string) map[string]int {
	at := make(map[string]int, len(given))
	for i, g := range slices.Backward(given) {
		at[filepath.Clean(g)] = i
	}
	return at
}

// leadsTo reports whether a path was found by what was given: a folder or a glob.
func leadsTo(given, path string) bool {
	given = filepath.Clean(given)
	for _, found := range []string{path, filepath.Dir(path)} {
		if fits, err := filepath.Match(given, found); found == given || err == nil && fits {
			return true
		}
	}
	return false
}
