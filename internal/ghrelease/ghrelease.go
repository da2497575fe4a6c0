// Package github attaches assets to an existing release on GitHub. It does not create or change releases and replaces nothing: an
// existing asset with a wanted name must have the same content, otherwise it is a conflict.
//
// It is the only importer of go-github, and works around that library's defects (docs/reference/runner.md §6): the token is sent only
// to the API's own origin and redirects are never followed, every request has the timeouts and limits of package wire, a panic is
// returned as an error, and tags are escaped. Assets are not transferred with the library, which would keep them in memory.
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

// Options are the dependencies of a client.
type Options struct {
	API        *url.URL                                         // URL of the API: https://api.github.com, or https://HOST/api/v3
	Repository string                                           // "owner/name"
	Token      secret.Secret                                    // sealed for the origins of API and of UploadsOf(API)
	Wire       *wire.Client                                     // for every request
	Sleep      func(ctx context.Context, d time.Duration) error // waits between two uploads of an asset
}

// Client sends requests for one repository. It is not safe for concurrent use.
type Client struct {
	options     Options
	owner, name string // of the repository; empty: its name is invalid
	uploads     *url.URL
	api         *github.Client
	notes       *github.Client   // the same, for release notes
	digests     map[int64]string // of assets by their id: new content gets a new id
}

// New returns a client. Invalid options are reported by its methods.
func New(options Options) *Client {
	owner, name := split(options.Repository)
	c := &Client{options: options, owner: owner, name: name, uploads: UploadsOf(options.API), digests: map[int64]string{}}
	c.api, c.notes = c.library(wire.GitHub), c.library(wire.ReleaseNotes)
	return c
}

// library returns a client of the library, whose requests are of the given op.
func (c *Client) library(op wire.Op) *github.Client {
	plain := c.options.Wire.HTTP(op)
	plain.Transport = bearer{plain.Transport, c}
	api := github.NewClient(plain)
	api.BaseURL = c.options.API.JoinPath("/") // the library requires the final slash
	return api
}

// UploadsOf returns the URL for uploads of assets that belongs to an API. It is derived from the URL of the API and never taken from
// an answer, because the token must not be sent to an address in an answer.
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

// split returns the owner and name of a repository, or empty strings if one of them could change a path.
func split(repository string) (owner, name string) {
	match := regexp.MustCompile(`^([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)$`).FindStringSubmatch(repository)
	if match == nil || strings.Trim(match[1], ".") == "" || strings.Trim(match[2], ".") == "" {
		return "", ""
	}
	return match[1], match[2]
}

// known returns a finding if the name of the repository is invalid.
func (c *Client) known() error {
	if c.owner != "" {
		return nil
	}
	return failure{finding.New(finding.GitHubRepository,
		fmt.Sprintf("%q is not a GitHub repository", c.options.Repository),
		"do not change GITHUB_REPOSITORY: the runner sets it to owner/name"), everyAsset}
}

// path returns the elements of a path below the releases of the repository.
func (c *Client) path(parts ...string) []string {
	return append([]string{"repos", c.owner, c.name, "releases"}, parts...)
}

// authorization returns the value of the Authorization header for a request to a URL. Its error is a finding.
func (c *Client) authorization(to *url.URL) (string, error) {
	raw, err := c.options.Token.Value(to)
	if err != nil {
		return "", failure{finding.New(finding.GitHubPermission,
			"there is no token for GitHub at "+to.Host+": "+err.Error(),
			permissionFix), everyAsset}
	}
	return "Bearer " + raw, nil
}

// bearer adds the token to requests to the API, and rejects others.
type bearer struct {
	next   http.RoundTripper
	client *Client
}

// RoundTrip sends the request with the token. It removes the token from a refusal, which the library would put into an error.
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

// ask calls the library and converts a panic to an error. The library panics on some unexpected answers.
func ask[T any](do func() (T, *github.Response, error)) (value T, last *github.Response, err error) {
	err = par.Catch(func() (err error) {
		value, last, err = do()
		return err
	})
	return value, last, err
}
