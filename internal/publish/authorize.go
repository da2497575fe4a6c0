package publish

import (
	"context"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
)

// authorize requests the upload token for the projects of what is missing. It lasts for the expected time of the uploads, and for that of
// the signatures if they are still to be made; the uploads renew one that is used up earlier.
func (r *run) authorize(ctx context.Context, missing []*target, signing bool) error {
	if r.Tokens == nil {
		return nil
	}
	var order uploadtoken.MintRequest
	if signing {
		order.Life = attest.ExpectedTime(len(unsignedOf(missing)))
	}
	for _, t := range missing {
		order.Projects = append(order.Projects, t.release.Project)
		order.Life += index.Expected(t.Size)
	}
	order.Projects, order.New = distinct(order.Projects), r.newOf(missing)
	return r.explainProjects(ctx, order, r.Tokens.Mint(ctx, order))
}
