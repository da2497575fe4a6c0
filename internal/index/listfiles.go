package index

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// ErrNoListings means that the index cannot be queried, because the user disabled it, or no address of a simple index is known or was
// found.
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

// listFiles queries the simple index. One whose address was derived is looked for first: a candidate whose page is no listing is none.
func (c *Client) listFiles(ctx context.Context, project pep.Project, accept string) (pep.Listing, error) {
	site := c.Site()
	var doubt error // of a candidate that may be a simple index all the same
	for _, simple := range site.Candidates() {
		listing, err := c.queryPage(ctx, site.pageAt(simple, project), project, accept)
		switch {
		case err == nil && (listing.Exists || site.certain || c.answers(ctx, simple)):
			c.settle(simple)
			return listing, nil
		case err == nil, site.Derived && errors.Is(err, pep.ErrNoListing):
			continue
		case site.certain || !IsFinal(err):
			return pep.Listing{}, err
		case doubt == nil:
			doubt = err
		}
	}
	if doubt != nil {
		return pep.Listing{}, doubt
	}
	c.settle(nil)
	return pep.Listing{}, ErrNoListings
}

// answers reports whether there is something at the address of a simple index, without a project.
func (c *Client) answers(ctx context.Context, simple *url.URL) bool {
	_, err := c.wire.Do(ctx, c.listingCall(http.MethodHead, simple, accepted))
	return err == nil
}

// listingCall returns a request for a page of the simple index, with credentials if it goes to the origin of the uploads.
func (c *Client) listingCall(method string, at *url.URL, accept string) wire.Call {
	call := wire.Call{Op: wire.Listing, Method: method, URL: at, Header: http.Header{"Accept": {accept}}}
	if c.login != nil && secret.Origin(at) == secret.Origin(c.site.Upload) {
		call.Auth = func(ctx context.Context) (string, secret.Secret, error) { return c.login.Token(ctx, 0) }
	}
	return call
}

// queryPage queries one page. Of redirects only one is followed, and only to the same origin. One to the page of a public index means that
// the index has no such project: it forwards installers.
func (c *Client) queryPage(ctx context.Context, at *url.URL, project pep.Project, accept string) (pep.Listing, error) {
	var p page
	defer p.close()
	call := c.listingCall(http.MethodGet, at, accept)
	call.Into = p.into
	_, err := c.wire.Do(ctx, call)
	if to := redirectOf(err, at); to != nil {
		switch {
		case isSignIn(to):
			return pep.Listing{}, &SignInError{At: at, To: to, err: err}
		case isPublicPage(to, project):
			return pep.Listing{Project: project}, nil
		case secret.Origin(to) == secret.Origin(at):
			at = to
			call.URL = to
			_, err = c.wire.Do(ctx, call)
			if again := redirectOf(err, at); again != nil && isSignIn(again) {
				return pep.Listing{}, &SignInError{At: at, To: again, err: err}
			}
		}
	}
	switch {
	case wire.StatusOf(err) == http.StatusNotFound:
		return pep.Listing{Project: project}, nil
	case err != nil:
		return pep.Listing{}, wire.WithServerMessage(err)
	}
	return p.listingOf(project, at)
}

// redirectOf returns where a request was redirected to, without a fragment; nil if it was not.
func redirectOf(err error, from *url.URL) *url.URL {
	answer := wire.AnswerOf(err)
	if answer == nil || answer.Status/100 != 3 || answer.Header.Get("Location") == "" {
		return nil
	}
	to, err := from.Parse(answer.Header.Get("Location"))
	if err != nil || to.User != nil {
		return nil
	}
	to.Fragment = ""
	return to
}

// isSignIn reports whether an address is that of a page where people sign in. An index, or a proxy before it, sends those there whose
// credential it does not accept.
func isSignIn(u *url.URL) bool {
	return hasAny(u.Host+u.Path, "login", "signin", "sign_in", "sign-in", "/sso", "/saml", "/oauth", "/authorize")
}

// SignInError reports that an index redirected a query to a page where people sign in.
type SignInError struct {
	At, To *url.URL
	err    error
}

func (e *SignInError) Error() string {
	return fmt.Sprintf("the credential was not accepted: %s redirects to a sign-in page, %s", wire.PlainURL(e.At.String()),
		wire.PlainURL(e.To.String()))
}

func (e *SignInError) Unwrap() error { return e.err }

// IsFinal reports whether a query that failed would fail again: the index answered, and neither with a listing nor with an error of its own
// that passes.
func IsFinal(err error) bool {
	if errors.Is(err, pep.ErrNoListing) || errors.Is(err, ErrNoListings) {
		return true
	}
	answer := wire.AnswerOf(err)
	return answer != nil && !answer.Temporary()
}

// absolute returns the address of a file on a page; empty if there is none that can be read.
func absolute(page *url.URL, address string) string {
	to, err := page.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	return to.String()
}
