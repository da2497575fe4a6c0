package ghrelease

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-github/v63/github"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

// Release is an existing release.
type Release struct {
	ID        int64
	Tag       string
	Page      string // its address for people, "" where GitHub tells none
	Draft     bool
	Immutable bool // it takes no assets any more
}

// Ready finds the existing release of a tag, also a draft, shows that the token may write there, and compares the wanted assets with
// those that are there: whatever would make [Client.Attach] fail for sure is told now. Nothing is changed. Errors are findings,
// joined where there are several.
func (c *Client) Ready(ctx context.Context, tag string, wanted []Asset) (Release, error) {
	if err := c.known(); err != nil {
		return Release{}, err
	}
	// First, since a token that may not write sees no drafts, and would have them told as missing.
	if err := c.mayWrite(ctx, tag); err != nil {
		return Release{}, err
	}
	r, err := c.find(ctx, tag)
	if err != nil {
		return Release{}, err
	}
	there, err := c.list(ctx, r)
	if err != nil {
		return r, err
	}
	return r, c.compare(ctx, r, there, wanted)
}

// mayWrite has GitHub write release notes, which needs the right to write and leaves nothing behind.
func (c *Client) mayWrite(ctx context.Context, tag string) error {
	_, _, err := ask(func() (*github.RepositoryReleaseNotes, *github.Response, error) {
		return c.api.Repositories.GenerateReleaseNotes(ctx, c.owner, c.name, &github.GenerateNotesOptions{TagName: tag})
	})
	if reply := replyOf(err); err == nil || reply.status() == http.StatusUnprocessableEntity || reply.answer.Ambiguous() {
		return nil // rights are judged before words, and notes over a long history may be too much for GitHub: that is no refusal
	}
	return permissionError(ctx, "write to the releases of "+c.options.Repository, err)
}

// apiRelease is a release as GitHub tells it: the library does not know all of it.
type apiRelease struct {
	github.RepositoryRelease
	Immutable bool `json:"immutable"`
}

func (t *apiRelease) release() Release {
	return Release{ID: t.GetID(), Tag: t.GetTagName(), Page: page(t.GetHTMLURL()), Draft: t.GetDraft(), Immutable: t.Immutable}
}

// page is an address for people, or nothing.
func page(text string) string {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || len(text) > longestPage {
		return ""
	}
	return u.String()
}

const (
	longestPage = 2000 // bytes of the address of a release's page

	releasesPage = 30  // releases of one answer: each comes with up to 1,000 assets, and the answer is bounded
	releasesMost = 334 // answers: GitHub lists the first 10,000 releases
	assetsPage   = 100
	assetsMost   = 20   // answers
	assetsBound  = 1000 // assets of a release, says GitHub

	mostNamed = 5 // assets in a message
)

// find is the release of a tag; where none is published, its only draft.
func (c *Client) find(ctx context.Context, tag string) (Release, error) {
	doing := "look up the release " + tag
	if strings.Trim(tag, ".") == "" {
		return Release{}, c.missing(tag) // no tag, and it would be another path
	}
	t := &apiRelease{}
	err := c.get(ctx, strings.Join(c.path("tags", url.PathEscape(tag)), "/"), t)
	switch {
	case err == nil && (t.GetID() == 0 || t.GetTagName() != tag):
		return Release{}, unexpectedAnswer(doing, "it is not a release of this tag")
	case err == nil:
		return t.release(), nil
	case replyOf(err).status() != http.StatusNotFound:
		return Release{}, permissionError(ctx, doing, err)
	}
	all, err := pages(releasesPage, releasesMost, func(o *github.ListOptions) ([]*apiRelease, *github.Response, error) { return c.releases(ctx, o) })
	if err != nil {
		return Release{}, permissionError(ctx, "list the releases of "+c.options.Repository, err)
	}
	var found []Release
	for _, one := range all {
		switch {
		case one == nil || one.GetID() == 0 || one.GetTagName() != tag:
		case !one.GetDraft():
			return one.release(), nil
		case slices.ContainsFunc(found, func(r Release) bool { return r.ID == one.GetID() }):
			// One that was made meanwhile moves the others on, and this one came in two answers.
		default:
			found = append(found, one.release())
		}
	}
	switch len(found) {
	case 0:
		return Release{}, c.missing(tag)
	case 1:
		return found[0], nil
	default:
		return Release{}, finding.New(finding.GitHubReleaseAmbiguous,
			fmt.Sprintf("%s has %d draft releases for the tag %s", c.options.Repository, len(found), tag),
			"delete all of them except one")
	}
}

func (c *Client) missing(tag string) error {
	return failure{finding.New(finding.GitHubReleaseMissing,
		fmt.Sprintf("%s has no release and no draft release for the tag %q", c.options.Repository, tag),
		"create the release or a draft first, for example with `gh release create`: this action does not create releases"), everyAsset}
}

// get asks for one thing that the library has no whole type for.
func (c *Client) get(ctx context.Context, path string, into any) error {
	_, _, err := ask(func() (any, *github.Response, error) {
		request, err := c.api.NewRequest(http.MethodGet, path, nil)
		if err != nil {
			return nil, nil, err
		}
		last, err := c.api.Do(ctx, request, into)
		return nil, last, err
	})
	return err
}

func (c *Client) releases(ctx context.Context, o *github.ListOptions) (all []*apiRelease, last *github.Response, err error) {
	path := fmt.Sprintf("%s?per_page=%d&page=%d", strings.Join(c.path(), "/"), o.PerPage, o.Page)
	request, err := c.api.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, nil, err
	}
	last, err = c.api.Do(ctx, request, &all)
	return all, last, err
}

// pages collects a list that comes in answers of the given size, and at most so many of them.
func pages[T any](size, most int, next func(*github.ListOptions) ([]T, *github.Response, error)) ([]T, error) {
	var all []T
	for n := 1; n <= most; n++ {
		some, last, err := ask(func() ([]T, *github.Response, error) { return next(&github.ListOptions{Page: n, PerPage: size}) })
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		// An answer may be shorter than it was asked to be, and tell of the next one all the same.
		if len(some) < size && (len(some) == 0 || last == nil || last.NextPage <= n) {
			return all, nil
		}
	}
	return nil, errors.New("the list has too many pages")
}

// compare tells what could not be attached, and why.
func (c *Client) compare(ctx context.Context, r Release, there []existingAsset, wanted []Asset) error {
	var failed []error
	var missing []string
	names := map[string]Asset{}
	for _, a := range wanted {
		if err := attachable(a, names); err != nil {
			failed = append(failed, err)
			continue
		}
		h, ok := find(there, a)
		if !ok || h.starter {
			missing = append(missing, a.Name)
			continue
		}
		if err := c.same(ctx, r, h, a); err != nil {
			failed = append(failed, err)
			if prospectOf(err) == everyAsset {
				return errors.Join(failed...)
			}
		}
	}
	switch {
	case len(missing) > 0 && r.Immutable:
		failed = append(failed, immutable(r, phrase.Some(missing, mostNamed)))
	case len(missing)+len(there) > assetsBound:
		failed = append(failed, finding.New(finding.GitHubAssetRefused,
			fmt.Sprintf("the release %s has %d assets and %d are missing: GitHub allows %d per release", r.Tag, len(there), len(missing), assetsBound),
			"delete assets that are not needed, or remove `github-release`"))
	}
	return errors.Join(failed...)
}
