package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/github"
	"github.com/org/pypi-oidc-publish/internal/ledger"
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
	if refused == nil {
		return nil
	}
	r.phase("Wait for index")
	for waited := time.Duration(0); r.Index.Site().Simple != nil && waited < min(r.Wait, othersWait); waited += othersPause {
		if r.Sleep(ctx, othersPause) != nil {
			return context.Cause(ctx)
		}
		if r.lookAnew(ctx); r.nothingMissing() {
			return r.decide()
		}
	}
	return r.unpublished(refused)
}

// lookAnew compares the files with what the index holds now. A page that cannot be read leaves what was known.
func (r *run) lookAnew(ctx context.Context) {
	for _, project := range r.projects() {
		if listing, err := r.Index.Look(ctx, project); err == nil {
			r.held[project] = listing
		}
	}
	r.stand()
}

// unpublished is told where a job that may not publish has files that the index does not show.
func (r *run) unpublished(refused error) error {
	var missing []string
	for _, f := range r.plan {
		if f.Status == ledger.Upload {
			missing = append(missing, f.Name)
		}
	}
	return finding.Finding{
		ID: "github-release-unpublished", Severity: finding.Error,
		Message: fmt.Sprintf("the index does not show %s, and this job may not publish: %s", listed(missing), finding.Of(refused)[0].Message),
		Fix:     "if another job has published the files, run this one again in some minutes: it needs no other right; if this job is to publish, give it `permissions: id-token: write`",
	}
}
