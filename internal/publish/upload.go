package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
)

// upload sends what is missing, releases side by side, but none before what it depends on can be installed. After a final refusal no new
// upload starts, and those in flight finish.
func (r *run) upload(ctx context.Context, missing []*target) error {
	gate := newUploadGate()
	batches := r.batches(missing)
	inAll, perRelease := r.uploadsAtOnce(batches)
	err := par.Each(ctx, inAll, batches, func(ctx context.Context, b *batch) error {
		defer b.setReady() // nobody waits for what is not sent
		if err := b.await(ctx); err != nil {
			return err
		}
		for _, together := range [][]*target{b.first, b.wheels, b.sdists} {
			err := par.Each(ctx, perRelease, together, func(ctx context.Context, t *target) error {
				err := r.send(ctx, t, gate)
				if err == nil {
					b.accepted(t)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	var defect *par.Panic
	switch {
	case err == nil:
		return nil
	case errors.As(err, &defect):
		return defect
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case gate.isClosed():
		return incomplete(failuresOf(missing))
	default:
		return err
	}
}

// uploadsAtOnce returns how many files are uploaded at once: in all, and of one release. If the user asks for more than the index takes of
// one release, that is reported.
func (r *run) uploadsAtOnce(batches []*batch) (inAll, perRelease int) {
	inAll = cmp.Or(r.Parallel, r.Index.UploadsAtOnce())
	most := r.Index.Site().PerRelease
	if most == 0 || inAll <= most {
		return inAll, inAll
	}
	if slices.ContainsFunc(batches, func(b *batch) bool { return max(len(b.wheels), len(b.sdists)) > most }) && r.Parallel > most {
		r.record(finding.New(finding.ParallelUploadsCut,
			fmt.Sprintf("%d files of one release are uploaded at once, not %d: %s takes no more without errors",
				most, r.Parallel, r.indexName()),
			fmt.Sprintf("no action needed; `parallel-uploads: %d` or `auto` hides this notice", most)))
	}
	return inAll, most
}

// failureOf returns the finding that a result has; nil if it has none.
func failureOf(result ledger.UploadResult) *finding.Finding {
	switch result := result.(type) {
	case ledger.Rejected:
		return &result.Finding
	case ledger.OutcomeUnknown:
		return &result.Finding
	case ledger.UploadFailed:
		return &result.Finding
	default:
		return nil
	}
}

// failuresOf returns the findings of what was not published.
func failuresOf(missing []*target) (all []error) {
	for _, t := range missing {
		if t.failure != nil {
			all = append(all, *t.failure)
		}
	}
	return all
}

// send uploads one target, and records its outcome.
func (r *run) send(ctx context.Context, t *target, gate *uploadGate) error {
	if gate.isClosed() {
		return ErrIncomplete
	}
	p := &progress{run: r, target: t, gate: gate}
	// Whatever comes of it, a defect of ours too, no other upload is left waiting.
	closing := true
	defer func() { gate.release(p.held, closing) }()
	err := r.Index.Upload(ctx, index.UploadRequest{
		File: t.Distribution, Attestations: attest.Field(t.attestations), Begin: p.begin, Rejected: p.rejected, Sent: p.sent,
	}, r.credentials())
	switch {
	case err == nil:
		r.Index.Measured(t.Size, p.took())
	case !p.begun && errors.Is(err, ErrIncomplete):
		return ErrIncomplete // it never began: another one was rejected
	case !p.begun && ctx.Err() != nil:
		return context.Cause(ctx)
	}
	result := r.resolve(ctx, t, ledger.Uploaded{File: t.Name, Took: p.took()}, err)
	t.outcome = result.Outcome()
	if t.outcome != ledger.OutcomeUploaded {
		t.attestations = nil // the index keeps none of what was sent
	}
	t.failure = failureOf(result)
	r.Record(result)
	if !t.outcome.OnIndex() && t.outcome != ledger.OutcomeSkipped {
		return ErrIncomplete
	}
	closing = false
	return nil
}

// credentials returns what uploads are authorized with.
func (r *run) credentials() index.Credentials {
	if r.Tokens == nil {
		return r.Password
	}
	return r.Tokens
}
