package publish

import (
	"context"
	"time"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/trust"
)

// identify asks who the run is: what is wrong with the workflow is told before there is a credential.
func (r *run) identify(ctx context.Context) error {
	if r.Lease == nil {
		return nil
	}
	claims, err := r.Lease.Identify(ctx)
	r.claims = claims
	return workflow(err, runner.NoPermission, runner.ForkPull, runner.NoRunner, trust.NoTrustedPublishing)
}

// authorize mints the upload token for the projects that are still to be uploaded to.
func (r *run) authorize(ctx context.Context) error {
	if r.Lease == nil {
		return nil
	}
	var order trust.Order
	for i, f := range r.plan {
		if f.Status != ledger.Upload {
			continue
		}
		order.Projects = append(order.Projects, f.Release.Project)
		order.Life += index.Expected(r.files[i].Size)
		if listing, looked := r.held[f.Release.Project]; looked && !listing.Exists {
			order.New = append(order.New, f.Release.Project)
		}
	}
	order.Projects, order.New = distinct(order.Projects), distinct(order.New)
	return r.Lease.Mint(ctx, order)
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
	own, stop := context.WithTimeout(context.WithoutCancel(ctx), burnTime)
	defer stop()
	defer r.Lease.Burn(own) // also where telling of it panics
	if r.Book.Receipt().Token.Minted > 0 {
		r.phase("Burn")
	}
}
