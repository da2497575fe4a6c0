package config

import (
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// Auto, as a GitHub release, is that of the tag that the workflow runs for.
const Auto = "auto"

// setGitHubRelease reads a tag, whose letters count, or the word auto.
func setGitHubRelease(d *draft, value string) *finding.Finding {
	if strings.EqualFold(value, Auto) {
		value = Auto
	}
	return line(func(d *draft, v string) { d.GitHubRelease = v })(d, strings.TrimPrefix(value, "refs/tags/"))
}

// setGitHubToken masks the token. Nobody but GitHub's API is shown it.
func setGitHubToken(d *draft, value string) *finding.Finding {
	d.GitHubToken = d.vault.Seal(value, d.github...)
	if hasControl(value) {
		return wrong(finding.InputValue,
			"the token contains a line break or another control character, which HTTP does not allow",
			"pass ${{ github.token }}")
	}
	return nil
}

// settleRelease refuses a release that nothing could be attached to.
func settleRelease(d *draft) []finding.Finding {
	if d.GitHubRelease == "" || !d.GitHubToken.Empty() {
		return nil
	}
	return []finding.Finding{finding.New(finding.GitHubTokenEmpty, "input github-release is given, but github-token is empty",
		"pass `github-token: ${{ github.token }}`, and give the job `permissions: contents: write`")}
}
