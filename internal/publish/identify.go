package publish

import (
	"context"

	"github.com/org/pypi-oidc-publish/internal/oidc"
)

// identify finds out who the run is: what is wrong with the workflow is reported before there is a credential. Without Trusted
// Publishing it requests nothing, and the claims are zero.
func (r *run) identify(ctx context.Context) (oidc.Claims, error) {
	if r.Tokens == nil {
		return oidc.Claims{}, nil
	}
	return r.Tokens.Identify(ctx)
}
