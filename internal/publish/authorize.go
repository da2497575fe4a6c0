package publish

import (
	"context"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
)

// authorize requests the upload token for the projects of what is missing.
func (r *run) authorize(ctx context.Context, missing []*target) error {
	if r.Tokens == nil {
		return nil
	}
	var order uploadtoken.MintRequest
	answered := r.listings.answered()
	for _, t := range missing {
		order.Projects = append(order.Projects, t.release.Project)
		order.Life += index.Expected(t.Size)
		if listing, ok := answered[t.release.Project]; ok && !listing.Exists {
			order.New = append(order.New, t.release.Project)
		}
	}
	order.Projects, order.New = distinct(order.Projects), distinct(order.New)
	return r.Tokens.Mint(ctx, order)
}
