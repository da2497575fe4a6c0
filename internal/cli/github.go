package cli

import (
	"net/url"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/github"
	"github.com/org/pypi-oidc-publish/internal/runner"
)

// destination names the GitHub release that the files are attached to. The zero value names none.
type destination struct {
	api             *url.URL
	repository, tag string
}

// gitHubOrigins returns the URLs that the GitHub token may be sent to, or nothing if the address of the API is invalid.
func gitHubOrigins(r *runner.Runner) []*url.URL {
	api, err := r.API()
	if err != nil {
		return nil // reported by destination, if it is needed
	}
	return []*url.URL{api, github.UploadsOf(api)}
}

// destination returns the release that the configuration names. Its errors are findings.
func (w World) destination(c config.Config, r *runner.Runner) (to destination, err error) {
	if c.GitHubRelease == "" {
		return destination{}, nil
	}
	if to.api, err = r.API(); err != nil {
		return destination{}, err
	}
	to.repository, to.tag = w.Getenv("GITHUB_REPOSITORY"), c.GitHubRelease
	if to.tag == config.Auto {
		to.tag, err = r.Tag()
	}
	return to, err
}
