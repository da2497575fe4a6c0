package publish

import (
	"errors"
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// plan decides what to do with every target, and records it. Conflicts stop the run.
func (r *run) plan(targets []*target) error {
	r.compare(targets)
	r.Record(ledger.Planned{Files: describeAll(targets), Releases: r.releases(targets)})
	var failed []error
	for _, t := range targets {
		switch {
		case t.action == ledger.ActionConflict:
			failed = append(failed, conflict(t, t.indexDigest))
		case t.action == ledger.ActionSkip && !t.skipNoted:
			t.skipNoted = true // a plan that is made again after a wait says nothing twice
			r.note(skipped(t, t.indexDigest))
		}
	}
	return errors.Join(failed...)
}

// compare compares the targets with what the index is known to list.
func (r *run) compare(targets []*target) {
	answered := r.listings.answered()
	for _, t := range targets {
		t.action, t.indexDigest = t.compare(answered[t.release.Project])
		if t.action == ledger.ActionConflict && r.SkipExisting {
			t.action = ledger.ActionSkip
		}
		t.outcome = t.action.Outcome()
	}
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
		version := t.Header("Version")
		all = append(all, ledger.Release{
			Release: t.release, Name: t.Header("Name"), Version: version, URL: r.Index.Site().Page(t.release, version),
		})
	}
	return all
}

// conflict returns the error of a name under which the index has other bytes, with this digest.
func conflict(t *target, indexDigest string) finding.Finding {
	digests := fmt.Sprintf("its SHA-256 is %s, this file's is %s", indexDigest, t.sha256())
	if theirs, only := strings.CutPrefix(indexDigest, onlyMD5); only {
		digests = fmt.Sprintf("its MD5 is %s, which this file with the SHA-256 %s does not have", theirs, t.sha256())
	}
	return finding.Finding{
		ID: "conflict", Severity: finding.Error, Fault: finding.Distribution, File: t.shown,
		Message: fmt.Sprintf("the index has other bytes under the name %s: %s", t.Name, digests),
		Fix:     "re-run only the publish job with the files of the first build, raise the version, or finish the release with `skip-existing: true`",
	}
}

// skipped returns the warning version of conflict, used with skip-existing. indexDigest is empty where it is unknown what the
// index has under the name.
func skipped(t *target, indexDigest string) finding.Finding {
	f := conflict(t, indexDigest)
	f.ID, f.Severity = "skipped", finding.Warning
	f.Fix = "see that this is what you want: users get the index's file"
	if indexDigest == "" {
		f.Message = fmt.Sprintf("the index has a file of the name %s, and nobody knows whether its SHA-256 is this one's, %s", t.Name, t.sha256())
		f.Fix += "; where `index-url` leads to a page with digests, the run compares them"
	}
	f.Message += "; the index's file stays, and this one is not published"
	return f
}
