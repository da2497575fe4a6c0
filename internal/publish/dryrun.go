package publish

import (
	"context"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// dryRun reports what a run would do and what cannot be known; failures are the errors of the steps that change nothing.
func (r *run) dryRun(ctx context.Context, failures ...error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, err := range failures {
		for _, f := range finding.Of(err) {
			f.Severity = finding.Warning
			f.Message = "the run itself would fail here: " + f.Message
			r.note(f)
		}
	}
	r.note(finding.New(finding.DryRun,
		"this was a dry run: nothing was minted or sent. What only the index can tell is not known: whether its Trusted Publisher matches "+
			"this run, whether a name was used by a file that was deleted since, and limits of its own", ""))
	return nil
}
