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
	Page      string // its web page, or ""
	Draft     bool
	Immutable bool // it accepts no more assets
}

// Ready returns the existing release of a tag, which may be a draft. It checks that the token has write access, and compares the
// wanted assets with the existing ones, so that it reports what would certainly make [Client.Attach] fail. It changes nothing. Errors
// are findings, joined.
func (c *Client) Ready(ctx context.Context, tag string, wanted []Asset) (Release, error) {
	if err := c.known(); err != nil {
		return Release{}, err
	}
	// This check is first, because a token without write access does not see drafts, which would be reported as missing.
	if err := c.mayWrite(ctx, tag); err != nil {
		return Release{}, err
	}
	r, err := c.find(ctx, tag)
	if err != nil {
		return Release{}, err
	}
	existing, err := c.list(ctx, r)
	if err != nil {
		return r, err
	}
	return r, c.compare(ctx, r, existing, wanted)
}

// mayWrite returns a finding if the token has no write access. It lets GitHub generate release notes, which requires write access and
// stores nothing.
func (c *Client) mayWrite(ctx context.Context, tag string) error {
	_, _, err := ask(func() (*github.RepositoryReleaseNotes, *github.Response, error) {
		return c.notes.Repositories.GenerateReleaseNotes(ctx, c.owner, c.name, &github.GenerateNotesOptions{TagName: tag})
	})
	if reply := replyOf(err); err == nil || reply.status() == http.StatusUnprocessableEntity || reply.answer.Ambiguous() {
		return nil // GitHub checks access first; it may then fail to generate notes for a long history
	}
	return permissionError(ctx, "write to the releases of "+c.options.Repository, err)
}

// apiRelease is a release in the API, with a field that the library lacks.
type apiRelease struct {
	github.RepositoryRelease
	Immutable bool `json:"immutable"`
}

// release returns the fields that this package uses.
func (t *apiRelease) release() Release {
	return Release{ID: t.GetID(), Tag: t.GetTagName(), Page: page(t.GetHTMLURL()), Draft: t.GetDraft(), Immutable: t.Immutable}
}

// page returns a URL for a link, or "" if it is not an acceptable one.
func page(text string) string {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || len(text) > longestPage {
		return ""
	}
	return u.String()
}

const (
	longestPage = 2000 // limit of the URL of a release's page, in bytes

	releasesPage = 30  // releases per answer: each has up to 1,000 assets, and the size of an answer is limited
	releasesMost = 334 // answers: GitHub lists the first 10,000 releases
	assetsPage   = 100
	assetsMost   = 20   // answers
	assetsBound  = 1000 // GitHub's limit of assets per release

	mostNamed = 5 // assets in a message
)

// find returns the published release of a tag or, if there is none, its only draft.
func (c *Client) find(ctx context.Context, tag string) (Release, error) {
	doing := "look up the release " + tag
	if strings.Trim(tag, ".") == "" {
		return Release{}, c.missing(tag) // not a tag, and it would change the path
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
	all, err := pages(
		releasesPage, releasesMost, func(o *github.ListOptions) ([]*apiRelease, *github.Response, error) { return c.releases(ctx, o) },
	)
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
			// A release created in the meantime moves the others, so that this one is in two answers.
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

// missing returns a finding for a tag without a release.
func (c *Client) missing(tag string) error {
	return failure{finding.New(finding.GitHubReleaseMissing,
		fmt.Sprintf("%s has no release and no draft release for the tag %q", c.options.Repository, tag),
		"create the release or a draft first, for example with `gh release create`: this action does not create releases"), everyAsset}
}

// get requests one object for which the library has no complete type.
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

// releases returns one page of the list of releases.
func (c *Client) releases(ctx context.Context, o *github.ListOptions) (all []*apiRelease, last *github.Response, err error) {
	path := fmt.Sprintf("%s?per_page=%d&page=%d", strings.Join(c.path(), "/"), o.PerPage, o.Page)
	request, err := c.api.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, nil, err
	}
	last, err = c.api.Do(ctx, request, &all)
	return all, last, err
}

// pages collects a list from answers of the given size, and returns an error after too many answers.
func pages[T any](size, most int, next func(*github.ListOptions) ([]T, *github.Response, error)) ([]T, error) {
	var all []T
	for n := 1; n <= most; n++ {
		some, last, err := ask(func() ([]T, *github.Response, error) { return next(&github.ListOptions{Page: n, PerPage: size}) })
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		// An answer may be shorter than requested although another one follows.
		if len(some) < size && (len(some) == 0 || last == nil || last.NextPage <= n) {
			return all, nil
		}
	}
	return nil, errors.New("the list has too many pages")
}

// compare returns findings for the wanted assets that cannot be attached.
func (c *Client) compare(ctx context.Context, r Release, existing []existingAsset, wanted []Asset) error {
	var failed []error
	var missing []string
	names := map[string]Asset{}
	for _, a := range wanted {
		if err := attachable(a, names); err != nil {
			failed = append(failed, err)
			continue
		}
		h, ok := findAsset(existing, a)
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
	case len(missing)+len(existing) > assetsBound:
		failed = append(failed, finding.New(finding.GitHubAssetRefused,
			fmt.Sprintf(
				"the release %s has %d assets and %d are missing: GitHub allows %d per release", r.Tag, len(existing), len(missing),
				assetsBound,
			),
			"delete assets that are not needed, or remove `github-release`"))
	}
	return errors.Join(failed...)
}
