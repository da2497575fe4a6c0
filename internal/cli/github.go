package cli

import (
	"net/url"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/ghrelease"
	"github.com/org/pypi-oidc-publish/internal/runner"
)

// releaseTarget names the GitHub release that the files are attached to. The zero value names none.
type releaseTarget struct {
	api             *url.URL
	repository, tag string
}

// gitHubOrigins returns the URLs that the GitHub token may be sent to, or nothing if the address of the API is invalid.
func gitHubOrigins(r *runner.Runner) []*url.URL {
	api, err := r.API()
	if err != nil {
		return nil // reported by destination, if it is needed
	}
	return []*url.URL{api, ghrelease.UploadsOf(api)}
}

// releaseTarget returns the release that the configuration names. Its errors are findings.
func (w Process) releaseTarget(c config.Config, r *runner.Runner) (to releaseTarget, err error) {
	if c.GitHubRelease == "" {
		return releaseTarget{}, nil
	}
	if to.api, err = r.API(); err != nil {
		return releaseTarget{}, err
	}
	to.repository, to.tag = w.Getenv("GITHUB_REPOSITORY"), c.GitHubRelease
	if to.tag == config.Auto {
		to.tag, err = r.Tag()
	}
	return to, err
}
