package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// refusingProxy is a proxy that connects to no host. It answers with a status, and repeats what it was sent.
type refusingProxy struct {
	status int

	mu    sync.Mutex
	hosts []string
}

func (p *refusingProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.hosts = append(p.hosts, r.Host)
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(p.status)
	_, _ = w.Write([]byte(r.Header.Get("Proxy-Authorization"))) // the client may be gone
}

// TestProxy_Refuses: a proxy that lets no request through is named as what failed, by its variable; it is asked once, and a later run is
// not what helps. Its password is a secret like the others.
func TestProxy_Refuses(t *testing.T) {
	t.Parallel()
	const password = "open-sesame/2"
	for name, c := range map[string]struct {
		status int
		env    map[string]string
		host   string
		code   int
		next   string
	}{
		"the upload, 407": {
			407,
			map[string]string{"INPUT_PASSWORD": "pypi-a-token-of-a-user", "INPUT_INDEX-URL": "none"},
			"upload.index.example", 1,
			"check the user name and the password of the proxy in `https_proxy`",
		},
		"the upload, 403": {
			403,
			map[string]string{"INPUT_PASSWORD": "pypi-a-token-of-a-user", "INPUT_INDEX-URL": "none"},
			"upload.index.example", 1,
			"let the proxy of `https_proxy` connect to upload.index.example",
		},
		"the look, which must not fail": {
			403,
			map[string]string{
				"INPUT_PASSWORD": "a-password", "INPUT_REPOSITORY-URL": "https://index.example/up/",
				"INPUT_INDEX-URL": "https://index.example/simple/", "INPUT_SKIP-EXISTING": "true",
			},
			"index.example", 1, "let the proxy of `https_proxy` connect to index.example",
		},
		"the audience": {
			407,
			map[string]string{
				"INPUT_INDEX-URL": "none", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/",
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-request-token",
			},
			"upload.index.example", 1, "check the user name and the password of the proxy in `https_proxy`",
		},
		"the ID token": {
			403,
			map[string]string{
				"INPUT_REPOSITORY-URL": "HERE", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/",
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-request-token",
			},
			"token.example", 1, "let the proxy of `https_proxy` connect to token.example",
		},
		"the GitHub release": {
			407,
			map[string]string{
				"INPUT_REPOSITORY-URL": "HERE", "INPUT_PASSWORD": "a-password", "INPUT_USER": "me",
				"INPUT_GITHUB-RELEASE": "v1.0",
				"INPUT_GITHUB-TOKEN":   "ghs_0123456789",
				"GITHUB_API_URL":       "https://github.example", "GITHUB_REPOSITORY": "o/r",
			},
			"github.example", 1, "check the user name and the password of the proxy in `https_proxy`",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := &refusingProxy{status: c.status}
			server := httptest.NewServer(proxy)
			t.Cleanup(server.Close)
			index := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/audience"):
					_, _ = w.Write([]byte(`{"audience":"mine"}`)) // the client may be gone
				default:
					http.NotFound(w, r)
				}
			}))
			t.Cleanup(index.Close)
			env := map[string]string{
				"https_proxy":          strings.Replace(server.URL, "http://", "http://me:open-sesame%2F2@", 1),
				"INPUT_REPOSITORY-URL": "https://upload.index.example/legacy/", "INPUT_ATTESTATIONS": "false",
			}
			for name, value := range c.env {
				env[name] = strings.Replace(value, "HERE", index.URL+"/legacy/", 1)
			}
			if env["INPUT_PASSWORD"] == "" {
				env["INPUT_AUTH"] = "trusted-publishing"
			}
			s := newStepWith(t, env, "alder-1.0-py3-none-any.whl")
			s.noWait = true
			e := s.run().expect(t, c.code, "result", "failed")
			expect.Contains(t, "the log", e.log, "the proxy of `https_proxy`: it did not connect: ", c.next)
			expect.Lacks(t, "the log", e.log, "run the job again later")
			proxy.mu.Lock()
			defer proxy.mu.Unlock()
			if len(proxy.hosts) != 1 || proxy.hosts[0] != c.host+":443" {
				t.Errorf("the proxy was asked for %q", proxy.hosts)
			}
			masks := strings.NewReplacer("::add-mask::"+password, "", "::add-mask::open-sesame%252F2", "")
			shown := masks.Replace(e.log + e.summary + e.outputs["manifest"])
			expect.Lacks(t, "what is printed", shown, password, "open-sesame", "bWU6b3Blbi1zZXNhbWUvMg==")
			expect.Contains(t, "the log", e.log, "::add-mask::"+password+"\n")
		})
	}
}

// TestProxy_Unusable: a variable that names no proxy ends the run before any request, which would go past the proxy.
func TestProxy_Unusable(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl").asProcess()
	s.env["HTTPS_PROXY"] = "http://me:open-sesame@proxy.example:3128 "
	e := s.run().expect(t, 2, "result", "failed")
	expect.Contains(
		t, "the log", e.log,
		"::error title=pypi-oidc-publish%3A proxy-variable::HTTPS_PROXY is not the address of a proxy: it cannot be parsed",
	)
	expect.Lacks(t, "the log", strings.ReplaceAll(e.log, "::add-mask::open-sesame\n", ""), "open-sesame")
	expect.Equal(t, "requests", len(s.servers.Requests()), 0)
}
