package runner

import (
	"net/url"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// publicAPI is the API of github.com, for a run outside of a workflow.
const publicAPI = "https://api.github.com"

// API returns the URL of GitHub's API from the environment of the runner. Its error is a finding.
func (r *Runner) API() (*url.URL, error) {
	text := r.getenv("GITHUB_API_URL")
	if text == "" {
		text = publicAPI
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Hostname() == "" || !wire.Private(u) {
		return nil, finding.New(finding.GitHubAPI,
			"GITHUB_API_URL is not an https URL",
			"do not set this variable in the workflow: the runner sets it")
	}
	return u, nil
}

// Tag returns the tag that the workflow runs for: of the release that triggered it, or the pushed one. Its error is a finding.
func (r *Runner) Tag() (string, error) {
	tag := r.getenv("GITHUB_REF_NAME")
	if r.getenv("GITHUB_REF_TYPE") == "tag" && tag != "" {
		return tag, nil
	}
	if tag, ok := strings.CutPrefix(r.getenv("GITHUB_REF"), "refs/tags/"); ok && tag != "" {
		return tag, nil
	}
	return "", finding.New(finding.GitHubReleaseAuto,
		"github-release is auto, but this run is not for a release or a tag",
		"set the tag, for example `github-release: v1.2.3`, or run the workflow for a release or a tag")
}

// Ref returns the full name of the ref that the workflow runs for, such as refs/tags/v1.0 or refs/heads/main, or "".
func (r *Runner) Ref() string {
	if ref := r.getenv("GITHUB_REF"); strings.HasPrefix(ref, "refs/") {
		return ref
	}
	return ""
}
