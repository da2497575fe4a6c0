package ghrelease

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-github/v63/github"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Asset is a file to attach to a release.
type Asset struct {
	Name   string
	Size   int64  // bytes
	SHA256 string // lower-case hex
	// Open is called again for every try. It returns content of this size and digest, or content that has an error before its end: GitHub
	// gets no asset then.
	Open func() (io.ReadCloser, error)
	Keep bool // an existing asset of this name stays, even with different content
}

// largest is the size limit of an asset, in bytes: GitHub accepts less than this.
const largest = 2 << 30

// attachable checks the size of an asset, and that no other asset gets the same name on GitHub. It adds the asset to names.
func attachable(a Asset, names map[string]Asset) error {
	name := renamed(a.Name)
	other, uploaded := names[name]
	switch {
	case a.Size <= 0 || a.Size >= largest:
		return finding.New(finding.GitHubAssetRefused,
			fmt.Sprintf("%s has %d bytes: GitHub accepts assets of at least one byte and less than 2 GiB", a.Name, a.Size),
			"remove `github-release`, or attach this file elsewhere")
	case uploaded && other.SHA256 != a.SHA256:
		return finding.New(finding.GitHubAssetConflict,
			fmt.Sprintf("GitHub gives %s and %s the same name, %s: SHA-256 %s and %s", other.Name, a.Name, name, other.SHA256, a.SHA256),
			"rename one of them")
	}
	names[name] = a
	return nil
}

// renamed returns the name that GitHub gives an asset. GitHub does not document these rules; they were found by experiment.
func renamed(name string) string {
	name = strings.TrimRight(regexp.MustCompile(`[^0-9A-Za-z_+@-]+`).ReplaceAllString(name, "."), ".")
	if strings.HasPrefix(name, ".") {
		return "default" + name
	}
	return name
}

// label returns the original name, for display, if GitHub changes it, and "" otherwise.
func (a Asset) label() string {
	if renamed(a.Name) == a.Name {
		return ""
	}
	return a.Name
}

// existingAsset is an existing asset of the release.
type existingAsset struct {
	id          int64
	name, label string
	size        int64
	starter     bool // its upload was interrupted: it has no content, blocks its name, and may be deleted
}

// starter is the state of an incomplete asset. An asset in another unknown state is never deleted.
const starter = "starter"

// findAsset returns the existing asset with the name of an asset, or with its label if GitHub changed the name in an unexpected way.
func findAsset(existing []existingAsset, a Asset) (existingAsset, bool) {
	name, label := renamed(a.Name), a.label()
	for _, h := range existing {
		if h.name == name {
			return h, true
		}
	}
	for _, h := range existing {
		if label != "" && h.label == label {
			return h, true
		}
	}
	return existingAsset{}, false
}

// list returns the existing assets of the release.
func (c *Client) list(ctx context.Context, r Release) ([]existingAsset, error) {
	doing := "list the assets of the release " + r.Tag
	all, err := pages(assetsPage, assetsMost, func(o *github.ListOptions) ([]*github.ReleaseAsset, *github.Response, error) {
		return c.api.Repositories.ListReleaseAssets(ctx, c.owner, c.name, r.ID, o)
	})
	switch {
	case replyOf(err).status() == http.StatusNotFound:
		return nil, c.missing(r.Tag)
	case err != nil:
		return nil, permissionError(ctx, doing, err)
	}
	existing := make([]existingAsset, 0, len(all))
	for _, a := range all {
		if a.GetID() == 0 || a.GetName() == "" {
			return nil, unexpectedAnswer(doing, "one of them has no id or no name")
		}
		existing = append(existing, existingAsset{a.GetID(), a.GetName(), a.GetLabel(), int64(a.GetSize()), a.GetState() == starter})
	}
	return existing, nil
}

// same returns nil if the existing asset has the content of the asset, or is to be kept, and a finding otherwise.
func (c *Client) same(ctx context.Context, r Release, h existingAsset, a Asset) error {
	theirs := fmt.Sprintf("%d bytes", h.size)
	switch {
	case a.Keep:
		return nil
	case h.size == a.Size:
		digest, err := c.digest(ctx, h)
		if err != nil {
			return temporaryError(ctx, "download the asset "+h.name+" of the release "+r.Tag+", to compare it", err)
		}
		if digest == a.SHA256 {
			return nil
		}
		theirs = "SHA-256 " + digest
	}
	return finding.New(finding.GitHubAssetConflict,
		fmt.Sprintf(
			"the release %s already has a different file %s: %s there, %d bytes with SHA-256 %s here", r.Tag, h.name, theirs, a.Size,
			a.SHA256,
		),
		"re-run only the publish job so that it uses the files of the first build, "+
			"or delete the asset from the release if nobody has downloaded it yet")
}

// digest returns the SHA-256 of an existing asset. It downloads the asset and does not rely on a digest in the API.
func (c *Client) digest(ctx context.Context, h existingAsset) (string, error) {
	if digest, ok := c.digests[h.id]; ok {
		return digest, nil
	}
	sum := &summed{}
	into := func(http.Header) io.Writer {
		*sum = summed{Hash: sha256.New(), size: h.size, left: h.size}
		return sum
	}
	at := c.options.API.JoinPath(c.path("assets", strconv.FormatInt(h.id, 10))...)
	authorization, err := c.authorization(at)
	if err != nil {
		return "", err
	}
	_, err = c.options.Wire.Do(ctx, wire.Call{
		Op: wire.AssetDownload, Method: http.MethodGet, URL: at, Into: into,
		Header: http.Header{"Accept": {"application/octet-stream"}, "Authorization": {authorization}, "X-Github-Api-Version": {apiVersion}},
	})
	if wire.StatusOf(err)/100 == 3 {
		elsewhere, wrong := stored(at, wire.AnswerOf(err).Header.Get("Location"))
		if wrong != nil {
			return "", wrong
		}
		// The URL contains the authorization, so the token is not sent.
		_, err = c.options.Wire.Do(ctx, wire.Call{Op: wire.AssetDownload, Method: http.MethodGet, URL: elsewhere, Into: into})
	}
	if err != nil {
		return "", err
	}
	if sum.left != 0 {
		return "", fmt.Errorf("it has %d bytes, but %d arrived", h.size, h.size-sum.left)
	}
	c.digests[h.id] = hex.EncodeToString(sum.Sum(nil))
	return c.digests[h.id], nil
}

// apiVersion is the version of the API that this package uses.
const apiVersion = "2022-11-28"

// stored returns the URL of an asset's content from a redirect. Only an API on this machine may redirect to http on this machine.
func stored(api *url.URL, location string) (*url.URL, error) {
	at, err := api.Parse(location)
	if location == "" || err != nil {
		return nil, errors.New("GitHub redirected the download without an address")
	}
	if !wire.Private(at) || at.Scheme != "https" && !wire.Loopback(api.Hostname()) {
		return nil, fmt.Errorf("GitHub redirected the download to %s, which is not an https URL", wire.PlainURL(at.String()))
	}
	at.User = nil
	return at, nil
}

// summed hashes a limited number of bytes, and returns an error for more.
type summed struct {
	hash.Hash
	size int64 // all that is expected
	left int64 // of it
}

// Write hashes p, or returns an error if it exceeds the limit.
func (s *summed) Write(p []byte) (int, error) {
	if int64(len(p)) > s.left {
		return 0, fmt.Errorf("it is longer than GitHub says: %w", &wire.TooLong{Bound: s.size}) // and will be at another try
	}
	s.left -= int64(len(p))
	return s.Hash.Write(p)
}
