// Package github attaches assets to an existing release on GitHub. It makes no release, changes none, and replaces nothing: what is
// there under a wanted name has the same bytes, or is a conflict.
//
// It is the only importer of go-github, and covers that library's holes (docs/reference/runner.md §6): the token is added for
// the API's own origin alone and redirects are never followed, every request has the wire's times and bounds, a panic comes back
// as an error, and tags are escaped. The bytes of assets go past the library, which would hold them in memory.
package ghrelease

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-github/v63/github"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Options are what a client needs of the world.
type Options struct {
	API        *url.URL                                         // where the API is: https://api.github.com, or https://HOST/api/v3
	Repository string                                           // "owner/name"
	Token      secret.Secret                                    // sealed for the origins of API and of UploadsOf(API)
	Wire       *wire.Client                                     // for every request
	Sleep      func(ctx context.Context, d time.Duration) error // waits between two uploads of an asset
}

// Client talks to one repository. It is for one goroutine.
type Client struct {
	options     Options
	owner, name string // of the repository; empty: its name is none
	uploads     *url.URL
	api         *github.Client
	digests     map[int64]string // of assets by their number: other bytes get another number
}

// New returns a client. What is wrong with the options is told by what is asked of it.
func New(options Options) *Client {
	owner, name := split(options.Repository)
	c := &Client{options: options, owner: owner, name: name, uploads: UploadsOf(options.API), digests: map[int64]string{}}
	plain := options.Wire.HTTP(wire.GitHub)
	plain.Transport = bearer{plain.Transport, c}
	c.api = github.NewClient(plain)
	c.api.BaseURL = options.API.JoinPath("/") // the library wants the slash at its end
	return c
}

// UploadsOf is where assets are sent, beside an API. It is derived from the API's address and never taken from an answer: a token
// must not go where an answer points.
func UploadsOf(api *url.URL) *url.URL {
	at := &url.URL{Scheme: api.Scheme, Host: api.Host}
	host := strings.ToLower(api.Hostname())
	if below, ok := strings.CutPrefix(host, "api."); ok && (below == "github.com" || strings.HasSuffix(below, ".ghe.com")) {
		at.Host = "uploads" + api.Host[len("api"):]
		return at
	}
	at.Path = strings.TrimSuffix("/"+strings.Trim(api.Path, "/"), "/api/v3")
	at.Path = strings.TrimSuffix(at.Path, "/") + "/api/uploads"
	return at
}

// split finds owner and name of a repository, or nothing: both go into paths.
func split(repository string) (owner, name string) {
	match := regexp.MustCompile(`^([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)$`).FindStringSubmatch(repository)
	if match == nil || strings.Trim(match[1], ".") == "" || strings.Trim(match[2], ".") == "" {
		return "", ""
	}
	return match[1], match[2]
}

// known tells whether there is a repository to talk to.
func (c *Client) known() error {
	if c.owner != "" {
		return nil
	}
	return failure{finding.New(finding.GitHubRepository,
		fmt.Sprintf("%q is not a GitHub repository", c.options.Repository),
		"do not change GITHUB_REPOSITORY: the runner sets it to owner/name"), everyAsset}
}

// path is one below the repository.
func (c *Client) path(parts ...string) []string {
	return append([]string{"repos", c.owner, c.name, "releases"}, parts...)
}

// authorization is the header's value for a request to the given place. Its error is a finding.
func (c *Client) authorization(to *url.URL) (string, error) {
	raw, err := c.options.Token.Value(to)
	if err != nil {
		return "", failure{finding.New(finding.GitHubPermission,
			"there is no token for GitHub at "+to.Host+": "+err.Error(),
			permissionFix), everyAsset}
	}
	return "Bearer " + raw, nil
}

// bearer adds the token to requests of the API, and to no other.
type bearer struct {
	next   http.RoundTripper
	client *Client
}

// RoundTrip takes the token out of a refusal that repeats it, since the library makes errors of refusals.
func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	if api := b.client.options.API; secret.Origin(request.URL) != secret.Origin(api) {
		return nil, fmt.Errorf("%w: %s is not the API", secret.ErrOtherOrigin, request.URL.Host)
	}
	value, err := b.client.authorization(request.URL)
	if err != nil {
		return nil, err
	}
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", value)
	response, err := b.next.RoundTrip(request)
	if err != nil || response.StatusCode/100 == 2 {
		return response, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	raw := strings.TrimPrefix(value, "Bearer ")
	response.Status = strings.ReplaceAll(response.Status, raw, "***")
	response.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(body, []byte(raw), []byte("***"))))
	return response, nil
}

// ask has the library do one thing. It was seen to panic on answers that it does not expect.
func ask[T any](do func() (T, *github.Response, error)) (value T, last *github.Response, err error) {
	err = par.Catch(func() (err error) {
		value, last, err = do()
		return err
	})
	return value, last, err
}
