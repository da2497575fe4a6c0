package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/github"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/runner"
)

// findRelease shows that the files can be attached to the GitHub release, before anything is signed, minted or sent.
func (r *run) findRelease(ctx context.Context) error {
	if r.GitHub == nil {
		return nil
	}
	r.phase("Find release")
	var wanted []github.Asset
	for i, f := range r.plan {
		if f.Status == ledger.Upload || f.Status == ledger.Present {
			wanted = append(wanted, r.asAsset(i))
		}
	}
	release, err := r.GitHub.Ready(ctx, r.Tag, wanted)
	r.release = release
	if err == nil {
		r.Book.Note(ledger.Destined{Tag: release.Tag, Draft: release.Draft})
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return workflow(err, "github-permission", "github-repository")
}

const (
	// othersWait bounds the wait for what another job has published: a page from a cache is older by seconds, and one that was not
	// there by a minute (reference: pypi-server.md, section 7.3).
	othersWait  = 2 * time.Minute
	othersPause = 5 * time.Second
)

// awaitOthers is for a job that may attach and not publish: what is missing was published by another job a moment ago, and the index
// may not show it yet.
func (r *run) awaitOthers(ctx context.Context) error {
	if r.GitHub == nil || r.Lease == nil || r.nothingMissing() {
		return nil
	}
	refused := r.Lease.MayAsk()
	switch {
	case refused == nil:
		return nil
	case finding.Of(refused)[0].ID != runner.NoPermission:
		return workflow(refused)
	case r.Index.Site().Simple == nil:
		return workflow(r.unpublished(refused, "nobody may look at the index (`index-url: none`)"))
	}
	r.phase("Wait for index")
	bounded, stop := context.WithTimeout(ctx, min(r.Wait, othersWait))
	defer stop()
	var unread error // of the last look
	for r.Sleep(bounded, othersPause) == nil && bounded.Err() == nil {
		looked := r.lookAnew(bounded)
		if looked == nil && r.nothingMissing() {
			return r.decide()
		}
		if bounded.Err() == nil || len(r.held) < len(r.projects()) {
			unread = looked // one that was cut off tells nothing beside those before it
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	why := "the index does not show them"
	if unread != nil {
		why = "the index could not be asked: " + unread.Error()
	}
	return r.unpublished(refused, why)
}

// lookAnew compares the files with what the index holds now. Pages that cannot be read leave what was known.
func (r *run) lookAnew(ctx context.Context) error {
	var failed []error
	for _, project := range r.projects() {
		listing, err := r.Index.Look(ctx, project)
		if err == nil {
			r.held[project] = listing
		}
		failed = append(failed, err)
	}
	r.stand()
	return errors.Join(failed...)
}

// unpublished is told where a job that may not publish has files that the index is not known to have.
func (r *run) unpublished(refused error, why string) error {
	var missing []string
	for _, f := range r.plan {
		if f.Status == ledger.Upload {
			missing = append(missing, f.Name)
		}
	}
	return finding.Finding{
		ID: "github-release-unpublished", Severity: finding.Error,
		Message: fmt.Sprintf("files are not known to be published, and this job may not publish them: %s: %s; %s", why, listed(missing), finding.Of(refused)[0].Message),
		Fix:     "if another job has published them, run this one again in some minutes: it needs no other right; if this job is to publish, give it `permissions: id-token: write`",
	}
}
