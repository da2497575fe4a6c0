package publish

import (
	"context"
	"errors"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// check checks the whole set by the index's rules. All findings are recorded; errors stop the run.
func (r *run) check(ctx context.Context, c collected) error {
	set := r.preflightSet(c, nil)
	found, err := r.applyRules(ctx, set)
	if err != nil {
		return err
	}
	if compared := preflight.Compare(set); len(compared) > 0 {
		r.Record(ledger.Compared{Releases: compared})
	}
	at := map[string][]*target{}
	for _, t := range c.targets {
		at[t.displayPath] = append(at[t.displayPath], t)
	}
	var failed []error
	counts := ledger.Checked{Files: len(c.targets)}
	for _, f := range found {
		for _, t := range at[f.File] {
			t.findings = append(t.findings, f)
		}
		switch f.Severity {
		case finding.Error:
			failed = append(failed, f)
			continue
		case finding.Warning:
			counts.Warnings++
		}
		r.record(f)
	}
	counts.Errors = len(failed)
	r.Record(counts)
	if len(failed) == 0 {
		failed = withoutRelease(c.targets)
	}
	return errors.Join(append(failed, c.unseen...)...)
}

// preflightSet returns what is checked. stored are the files, by path, that the index's file host has although its page has not, if that
// was asked.
func (r *run) preflightSet(c collected, stored map[string]bool) preflight.Set {
	return preflight.Set{
		Files:            distributionsOf(c.targets),
		Listings:         r.listings.answered(),
		Warehouse:        r.Index.Site().Rules,
		UserToken:        r.Password != nil,
		Pyproject:        c.pyproject,
		Classifiers:      c.classifiers,
		Stored:           stored,
		Waive:            !r.VerifyMetadata,
		ExpectedVersion:  r.ExpectedVersion,
		ExpectedProjects: r.ExpectedProjects,
		Compare:          r.CompareRelease,
		Previous:         c.previous,
		Ref:              r.Ref,
		Absent:           c.absent,
		Now:              r.Now(),
	}
}

// applyRules returns what preflight finds about the set. Errors of rules that can be waived are warnings if the user asked for it. The
// error is the cause of ctx.
func (r *run) applyRules(ctx context.Context, set preflight.Set) ([]finding.Finding, error) {
	found, err := preflight.CheckUntil(ctx, set)
	for i := range found {
		found[i].File = r.displayPath(found[i].File)
	}
	return found, err
}

// withoutRelease returns an error for each target of no known release: it cannot be sent, whatever the user asked.
func withoutRelease(targets []*target) []error {
	var failed []error
	for _, t := range targets {
		if _, err := t.Release(); err != nil {
			problem := finding.New(finding.NoRelease, err.Error(),
				"build it with a name and a version: a file without them cannot be published, not even with `verify-metadata: false`")
			failed = append(failed, problem.In(t.displayPath))
		}
	}
	return failed
}
