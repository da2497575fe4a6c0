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
			f.Message = "a real run would fail here: " + f.Message
			r.record(f)
		}
	}
	r.record(finding.New(finding.DryRun,
		"dry run: nothing was uploaded, and no upload token was requested. Not checked: whether a Trusted Publisher matches this run, "+
			"whether a deleted file had one of these names, and the limits of the project", ""))
	return nil
}
