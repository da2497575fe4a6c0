package publish

import (
	"context"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// dryRun tells what a run would do and what cannot be known. Nothing is minted: that could create a project.
func (r *run) dryRun(ctx context.Context) error {
	release, identity := r.findRelease(ctx), r.identify(ctx)
	if r.nothingMissing() {
		identity = nil // nobody would ask
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, err := range []error{release, identity} {
		if err != nil {
			r.wouldFail(err)
		}
	}
	r.Book.Note(ledger.Noted{Finding: finding.Finding{
		ID: "dry-run", Severity: finding.Notice,
		Message: "this was a dry run: nothing was minted or sent. What only the index can tell is not known: whether its Trusted Publisher matches " +
			"this run, whether a name was used by a file that was deleted since, and limits of its own",
	}})
	return nil
}

func (r *run) wouldFail(err error) {
	for _, f := range finding.Of(err) {
		f.Severity = finding.Warning
		f.Message = "the run itself would fail here: " + f.Message
		r.Book.Note(ledger.Noted{Finding: f})
	}
}
