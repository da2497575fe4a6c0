package config

import (
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// Auto is the value of github-release that stands for the release of the tag that the workflow runs for.
const Auto = "auto"

// setGitHubRelease parses a tag, which is case-sensitive, or the word auto, which is not.
func setGitHubRelease(d *draft, value string) *finding.Finding {
	if strings.EqualFold(value, Auto) {
		value = Auto
	}
	return line(func(d *draft, v string) { d.GitHubRelease = v })(d, strings.TrimPrefix(value, "refs/tags/"))
}

// setGitHubToken seals the token for GitHub's API only.
func setGitHubToken(d *draft, value string) *finding.Finding {
	d.GitHubToken = d.redactor.New(value, d.github...)
	if hasControl(value) {
		return wrong(finding.InputValue,
			"the token contains a line break or another control character, which HTTP does not allow",
			"pass ${{ github.token }}")
	}
	return nil
}

// resolveRelease rejects github-release without github-token.
func resolveRelease(d *draft) []finding.Finding {
	if d.GitHubRelease == "" || !d.GitHubToken.Empty() {
		return nil
	}
	return []finding.Finding{finding.New(finding.GitHubTokenEmpty, "input github-release is given, but github-token is empty",
		passGitHubToken)}
}

// passGitHubToken is the fix for an expected token of GitHub that is empty.
const passGitHubToken = "pass `github-token: ${{ github.token }}`, and add `contents: write` to the `permissions` of the job"
