package index

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// ErrNoListings means that the index cannot be queried, because the user disabled it or no address is known.
var ErrNoListings = errors.New("this index is not queried")

// ListFiles queries the project's page of the simple index and returns the files on it. A project that does not exist is not an error:
// its listing has Exists false. An error means "unknown", never "absent".
func (c *Client) ListFiles(ctx context.Context, project pep.Project) (pep.Listing, error) {
	return c.listFiles(ctx, project, accepted)
}

// ListFilesPastCache returns what ListFiles does, past the caches in front of the index: the request has a new value of Accept, and caches
// keep an answer for each (docs/reference/pypi-server.md §7.3). Use it only if an answer of a minute ago is not enough.
func (c *Client) ListFilesPastCache(ctx context.Context, project pep.Project) (pep.Listing, error) {
	return c.listFiles(ctx, project, accepted+", application/x-"+strings.ToLower(rand.Text())+";q=0.1")
}

// accepted are the forms of a page that this package reads.
const accepted = "application/vnd.pypi.simple.v1+json, text/html;q=0.2"

func (c *Client) listFiles(ctx context.Context, project pep.Project, accept string) (pep.Listing, error) {
	if c.site.Simple == nil {
		return pep.Listing{}, ErrNoListings
	}
	var p page
	defer p.close()
	call := wire.Call{
		Op: wire.Listing, Method: http.MethodGet, URL: c.site.simplePage(project),
		Header: http.Header{"Accept": {accept}}, Into: p.into,
	}
	if c.login != nil && secret.Origin(call.URL) == secret.Origin(c.site.Upload) {
		call.Auth = func(ctx context.Context) (string, secret.Secret, error) { return c.login.Token(ctx, 0) }
	}
	_, err := c.wire.Do(ctx, call)
	switch {
	case wire.StatusOf(err) == http.StatusNotFound:
		return pep.Listing{Project: project}, nil
	case err != nil:
		return pep.Listing{}, wire.WithServerMessage(err)
	}
	return p.listingOf(project, call.URL)
}
