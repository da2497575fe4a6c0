package publish

import (
	"context"
	"time"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/trust"
)

// identify asks who the run is: what is wrong with the workflow is told before there is a credential.
func (r *run) identify(ctx context.Context) error {
	if r.Lease == nil {
		return nil
	}
	_, err := r.Lease.Identify(ctx)
	return workflow(err, runner.NoPermission, runner.ForkPull, runner.NoRunner, trust.NoTrustedPublishing)
}

// authorize mints the upload token for the projects that are still to be uploaded to.
func (r *run) authorize(ctx context.Context) error {
	if r.Lease == nil {
		return nil
	}
	var projects []pep.Project
	var life time.Duration
	for i, f := range r.plan {
		if f.Status == ledger.Upload {
			projects = append(projects, f.Release.Project)
			life += index.Expected(r.files[i].Size)
		}
	}
	return r.Lease.Mint(ctx, distinct(projects), life)
}

// credentials are what uploads are authorized with.
func (r *run) credentials() index.Credentials {
	if r.Lease == nil {
		return r.Password
	}
	return r.Lease
}

// burnTime is all that burning may take, on success, failure and cancellation alike.
const burnTime = 5 * time.Second

// burn ends every token that was minted, whatever happened, on a context of its own: a signal does not cut it short.
func (r *run) burn(ctx context.Context) {
	if r.Lease == nil {
		return
	}
	r.phase("Burn")
	own, stop := context.WithTimeout(context.WithoutCancel(ctx), burnTime)
	defer stop()
	r.Lease.Burn(own)
}
