package publish

import (
	"errors"

	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// plan decides what to do with every target, and records it. Conflicts stop the run.
func (r *run) plan(targets []*target) error {
	r.listings.compare(targets, r.SkipExisting)
	r.Record(ledger.Planned{Files: describeAll(targets), Releases: r.releases(targets)})
	r.recordUnseen()
	var failed []error
	for _, t := range targets {
		switch {
		case t.action == ledger.ActionConflict:
			failed = append(failed, r.conflict(t, t.indexDigest))
		case t.action == ledger.ActionSkip && !t.skipNoted:
			t.skipNoted = true // a plan that is made again after a wait says nothing twice
			r.record(r.skipped(t, t.indexDigest))
		}
	}
	return errors.Join(failed...)
}

// releases returns the releases of the set, in the order of its files, with their pages.
func (r *run) releases(targets []*target) []ledger.Release {
	var all []ledger.Release
	known := map[pep.Release]bool{}
	for _, t := range targets {
		if known[t.release] {
			continue
		}
		known[t.release] = true
		version := t.version()
		all = append(all, ledger.Release{
			Release: t.release, Name: t.Header("Name"), Version: version, URL: r.Index.Site().Page(t.release, version),
		})
	}
	return all
}
