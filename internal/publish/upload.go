package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// upload sends what is missing, releases side by side. After a final refusal no new upload starts, and those in flight finish.
func (r *run) upload(ctx context.Context, missing []*target) error {
	gate := newUploadGate()
	batches := r.batches(missing)
	inAll, perRelease := r.uploadsAtOnce(batches)
	err := par.Each(ctx, inAll, batches, func(ctx context.Context, b *batch) error {
		for _, together := range [][]*target{b.first, b.wheels, b.sdists} {
			err := par.Each(ctx, perRelease, together, func(ctx context.Context, t *target) error { return r.send(ctx, t, gate) })
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

// batch is the files of one release that are to be uploaded, in the order in which the index wants them.
type batch struct {
	first  []*target // alone: it creates a new release, and is the one most likely to be refused; none for a release that exists
	wheels []*target // side by side
	sdists []*target // last: until then, installers take older wheels rather than build from source
}

// batches groups targets by release, in their order.
func (r *run) batches(missing []*target) []*batch {
	var all []*batch
	byRelease := map[pep.Release]*batch{}
	for _, t := range missing {
		b := byRelease[t.release]
		if b == nil {
			b = &batch{}
			byRelease[t.release], all = b, append(all, b)
		}
		if t.Kind() == distfile.Wheel {
			b.wheels = append(b.wheels, t)
		} else {
			b.sdists = append(b.sdists, t)
		}
	}
	answered := r.listings.answered()
	for release, b := range byRelease {
		if !hasRelease(answered[release.Project], release) {
			b.takeFirst()
		}
	}
	return all
}

// takeFirst takes the file that creates the release: one that the index may refuse for what only it knows, the smallest of them, so that a
// refusal leaves nothing behind. Where there is none, or all files are so, it is a wheel if there is one, since its metadata is complete.
func (b *batch) takeFirst() {
	all := slices.Concat(b.wheels, b.sdists)
	risky := selected(all, (*target).isRisky)
	switch {
	case len(risky) == 0:
		b.first = all[:1]
	case len(risky) == len(all) && len(b.wheels) > 0:
		b.first = []*target{smallest(b.wheels)}
	default:
		b.first = []*target{smallest(risky)}
	}
	others := func(t *target) bool { return t != b.first[0] }
	b.wheels, b.sdists = selected(b.wheels, others), selected(b.sdists, others)
}

// isRisky reports whether the index may refuse the target for what is a warning.
func (t *target) isRisky() bool { return slices.ContainsFunc(t.findings, preflight.MayRefuse) }

// smallest returns the target with the fewest bytes, the first of several.
func smallest(targets []*target) *target {
	return slices.MinFunc(targets, func(a, b *target) int { return cmp.Compare(a.Size, b.Size) })
}

// hasRelease reports whether the listing has a file of the release. One that is unknown counts as new.
func hasRelease(listing pep.Listing, release pep.Release) bool {
	return slices.ContainsFunc(listing.Files, func(h pep.IndexFile) bool {
		of, err := pep.ReleaseOfFile(h.Name)
		return err == nil && of == release
	})
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
