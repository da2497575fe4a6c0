package fakepypi

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/url"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
)

// Release is a GitHub release.
type Release = releases.Release

// GitHubToken is the variable of [Servers.Env] with the token of the run's job, which may write to the releases of its repository. GitHub
// does not set it in a step: a workflow passes it, as github.token.
const GitHubToken = "GITHUB_TOKEN"

// gitHubURL is the variable of [Servers.Env] with the address of the API.
const gitHubURL = "GITHUB_API_URL"

// openGitHub starts the API of releases on a port of its own at host, and the storage of assets on another. With OnePort, the API is at
// base, and the API itself sends the assets' bytes unless here says that clients can reach this machine's loopback.
func (s *Servers) openGitHub(ctx context.Context, host, base string, here bool, o Options) error {
	token := "ghs_" + rand.Text()
	s.GitHub = releases.New(releases.Options{
		Repository: s.run.Repository, Tokens: map[string]releases.Right{token: releases.Write}, Inline: o.OnePort && !here,
	})
	api, err := s.listen(ctx, net.JoinHostPort(host, "0"))
	if err != nil {
		return err
	}
	storage, err := s.listen(ctx, net.JoinHostPort(host, "0"))
	if err != nil {
		return err
	}
	at, err := url.Parse(storage.url())
	if err != nil {
		return err
	}
	s.GitHub.StorageAt(at)
	if !o.OnePort {
		base = api.url()
	}
	s.Env[gitHubURL], s.Env[GitHubToken] = base+releases.APIPath, token
	s.answer(api, s.GitHub.Beside(http.NotFoundHandler()), ConnectGitHub, false)
	s.answer(storage, s.GitHub.Storage(), ConnectAssets, false)
	return nil
}
