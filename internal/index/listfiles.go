package index

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// ErrNoListings tells that there is nowhere to look, as the user asked or because the index tells no place.
var ErrNoListings = errors.New("this index is not queried")

// ListFiles asks the index what it holds of a project. A project that the index does not know is no error: its listing has Exists
// false. An error means "unknown", never "absent".
func (c *Client) ListFiles(ctx context.Context, project pep.Project) (pep.Listing, error) {
	if c.site.Simple == nil {
		return pep.Listing{}, ErrNoListings
	}
	call := wire.Call{
		Op: wire.Listing, Method: http.MethodGet, URL: c.site.simplePage(project),
		Header: http.Header{"Accept": {"application/vnd.pypi.simple.v1+json, text/html;q=0.2"}},
	}
	if c.login != nil && secret.Origin(call.URL) == secret.Origin(c.site.Upload) {
		call.Auth = func(ctx context.Context) (string, secret.Secret, error) { return c.login.Token(ctx, 0) }
	}
	answer, err := c.wire.Do(ctx, call)
	switch {
	case wire.StatusOf(err) == http.StatusNotFound:
		return pep.Listing{Project: project}, nil
	case err != nil:
		return pep.Listing{}, wire.WithServerMessage(err)
	}
	return listingOf(answer, project, call.URL)
}

// listingOf reads the page in the form that the index says it has. An HTML page is taken to be about the project that was
// asked for, since it does not name its own in a form to rely on.
func listingOf(answer *wire.Answer, project pep.Project, at *url.URL) (pep.Listing, error) {
	parse := pep.ParseListing
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err == nil && (kind == "text/html" || kind == "application/vnd.pypi.simple.v1+html") {
		parse = func(page []byte) (pep.Listing, error) {
			listing, err := pep.ParseListingHTML(page)
			listing.Project = project
			return listing, err
		}
	}
	listing, err := parse(answer.Body)
	if err != nil {
		return pep.Listing{}, fmt.Errorf("the page %s cannot be read: %w", at, err)
	}
	if listing.Project != project {
		return pep.Listing{}, fmt.Errorf("the page %s is about another project, %s", at, listing.Project)
	}
	return listing, nil
}
