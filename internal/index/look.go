package index

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// ErrNoLookups tells that there is nowhere to look, as the user asked or because the index tells no place.
var ErrNoLookups = errors.New("this index is not looked at")

// Look asks the index what it holds of a project. A project that the index does not know is no error: its listing has Exists
// false. An error means "unknown", never "absent".
func (c *Client) Look(ctx context.Context, project pep.Project) (pep.Listing, error) {
	if c.site.Simple == nil {
		return pep.Listing{}, ErrNoLookups
	}
	call := wire.Call{
		Op: wire.Look, Method: http.MethodGet, URL: c.site.simplePage(project),
		Header: http.Header{"Accept": {"application/vnd.pypi.simple.v1+json"}},
	}
	if c.login != nil && secret.Origin(call.URL) == secret.Origin(c.site.Upload) {
		call.Auth = func(ctx context.Context) (string, secret.Text, error) { return c.login.Credential(ctx, 0) }
	}
	answer, err := c.wire.Do(ctx, call)
	var failed *wire.Error
	switch {
	case errors.As(err, &failed) && failed.Answer != nil && failed.Answer.Status == http.StatusNotFound:
		return pep.Listing{Project: project}, nil
	case errors.As(err, &failed) && failed.Answer != nil:
		return pep.Listing{}, fmt.Errorf("%w: %s", err, failed.Answer.Words())
	case err != nil:
		return pep.Listing{}, err
	}
	listing, err := pep.ParseListing(answer.Body)
	if err != nil {
		return pep.Listing{}, fmt.Errorf("the page %s cannot be read: %w", call.URL, err)
	}
	if listing.Project != project {
		return pep.Listing{}, fmt.Errorf("the page %s is about another project, %s", call.URL, listing.Project)
	}
	return listing, nil
}
