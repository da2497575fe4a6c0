package fakepypi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/ghrelease"
)

// TestGitHub: the environment leads to the run's repository and its releases, a client finds the uploads' place beside the API, and
// the bytes of an asset are somewhere else, unless a client could not come there.
func TestGitHub(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		addr    string
		onePort bool // the API is at the index's address
		inline  bool // the API sends the bytes itself
	}{
		"ports of their own":       {"127.0.0.1:0", false, false},
		"one port":                 {"127.0.0.1:0", true, false},
		"one port beyond loopback": {"0.0.0.0:0", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := openAt(t, c.addr, fakepypi.Options{Run: fakepypi.Run{Repository: "me/trees"}, OnePort: c.onePort})
			at, err := url.Parse(th.Env["GITHUB_API_URL"])
			if err != nil || (at.Host == th.Upload.Host) != c.onePort {
				t.Fatalf("the API is at %s, %v", at, err)
			}
			release := th.GitHub.Publish(fakepypi.Release{Tag: th.Env["GITHUB_REF_NAME"]})
			token := "Bearer " + th.Env[fakepypi.GitHubToken]
			found := th.get(at.String()+"/repos/"+th.Env["GITHUB_REPOSITORY"]+"/releases/tags/v1.0.0", "Authorization", token)
			if found.status != 200 || found.json(t)["id"] != float64(release.ID) {
				t.Fatalf("the release: %+v", found)
			}
			th.get(at.String()+"/repos/me/trees/releases").want(t, 401, "")
			sent := th.do("POST", fmt.Sprintf(
				"%s/repos/me/trees/releases/%d/assets?name=a.whl", ghrelease.UploadsOf(at), release.ID,
			), strings.NewReader("a wheel"),
				"Authorization", token, "Content-Type", "application/octet-stream")
			sent.want(t, 201, "")
			if stored := th.GitHub.Assets(release.ID); len(stored) != 1 || string(stored[0].Bytes) != "a wheel" {
				t.Fatalf("assets: %+v", stored)
			}
			asset := fmt.Sprintf("%s/repos/me/trees/releases/assets/%v", at, sent.json(t)["id"])
			bytes := th.get(asset, "Authorization", token, "Accept", "application/octet-stream")
			if !c.inline {
				bytes.want(t, 302, "")
				location, err := url.Parse(bytes.header.Get("Location"))
				if err != nil || location.Host == at.Host || location.Host == th.Upload.Host {
					t.Errorf("the bytes are at %s, %v", location, err)
				}
				th.get(location.String(), "Authorization", token).want(t, 400, "")
				bytes = th.get(location.String())
			}
			if bytes.status != 200 || bytes.body != "a wheel" {
				t.Errorf("the bytes: %+v", bytes)
			}
			th.GitHub.AllowToken(th.Env[fakepypi.GitHubToken], releases.Read)
			th.do("DELETE", asset, nil, "Authorization", token).want(t, 403, "")
		})
	}
}
