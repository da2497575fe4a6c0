package index_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestPassword_Sent: what the server gets, with a query and with an upload alike.
func TestPassword_Sent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		login func(*url.URL) index.Credentials
		want  string // user:password; "" for no header
	}{
		"a name": {
			func(at *url.URL) index.Credentials {
				return index.Password("me", secret.NewRedactor(nil).New("hunter2", at))
			},
			"me:hunter2",
		},
		"no user": {
			func(at *url.URL) index.Credentials {
				return index.Password("", secret.NewRedactor(nil).New("hunter2", at))
			},
			":hunter2",
		},
		"a token": {
			func(at *url.URL) index.Credentials {
				return index.Password("", secret.NewRedactor(nil).New("t0ken", at).AsUser())
			},
			"t0ken:",
		},
		"anonymous": {func(*url.URL) index.Credentials { return index.Password("", secret.Secret{}) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, password, given := r.BasicAuth()
				if given {
					user += ":" + password
				}
				got = append(got, user)
				if r.Method == http.MethodGet {
					http.NotFound(w, r)
				}
			}))
			t.Cleanup(server.Close)
			upload := at(t, server.URL+"/legacy/")
			login := c.login(upload)
			ix := index.New(index.SiteOf(upload, nil, true), client(), wire.NewGate(1), login)
			if _, err := ix.ListFiles(t.Context(), "alder"); err != nil {
				t.Fatal(err)
			}
			if err := ix.Upload(t.Context(), index.UploadRequest{File: read(t, sample)}, login); err != nil {
				t.Fatal(err)
			}
			expect.Equal(t, "credentials", strings.Join(got, " "), c.want+" "+c.want)
		})
	}
}

// TestRefusal_OtherIndexes: the next step is one for the index that refused. What PyPI does with the same bytes is not said of another one.
func TestRefusal_OtherIndexes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal index.Refusal
		id      finding.ID
		says    []string
		never   []string
	}{
		"no access": {
			index.Refusal{Status: 401, Message: "401 Unauthorized"},
			finding.UploadUnauthorized,
			[]string{"`__token__`", "`aws`", "`oauth2accesstoken`", "a name of yours, or none", "may only read", "another scope"},
			nil,
		},
		"no right to write": {
			index.Refusal{Status: 403, Message: "read only"}, finding.UploadUnauthorized, []string{"may only read", "`aws`"}, nil,
		},
		"no access to PyPI": {
			index.Refusal{Status: 403, Message: "no", PyPI: true}, finding.UploadUnauthorized, []string{"still valid"}, []string{
				"`aws`",
				"read",
			},
		},
		"a sign-in page": {
			index.Refusal{Status: 302, Message: "302 Found", Location: "https://sso.example/login"},
			finding.UploadUnauthorized,
			[]string{"the credential was not accepted", "https://sso.example/login", "`aws`"},
			[]string{"repository-url"},
		},
		"a bad request": {
			index.Refusal{Status: 400, Message: "missing field"},
			finding.UploadRefused,
			[]string{"fix what the index reports"},
			[]string{"version", "recognised", "slash"},
		},
		"a bad request without a slash": {
			index.Refusal{Status: 400, Message: "missing field", NoSlash: true},
			finding.UploadRefused,
			[]string{"end `repository-url` with a slash; if that does not help, fix"},
			[]string{"version"},
		},
		"a bad request to PyPI": {
			index.Refusal{Status: 400, Message: "no", PyPI: true}, finding.UploadRefused, []string{"raise the version"}, nil,
		},
		"not there, in the index's words": {
			index.Refusal{Status: 404, Message: "404 Project Not Found"},
			finding.UploadNoEndpoint,
			[]string{"404 Project Not Found", "`repository-url`", "may not see the repository"},
			nil,
		},
		"too many": {
			index.Refusal{Status: 429, Message: "slow down"}, finding.UploadTooMany, []string{"wait"}, []string{"recognised"},
		},
		"too many for PyPI":  {index.Refusal{Status: 429, Message: "no", PyPI: true}, finding.UploadTooMany, []string{"recognised"}, nil},
		"an unknown refusal": {index.Refusal{Status: 451, Message: "no"}, finding.UploadRefused, nil, []string{"recognised"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.refusal.File = "alder-1.0.zip"
			f := c.refusal.Finding()
			expect.Equal(t, "id", f.ID, c.id)
			expect.Contains(t, "the finding", f.Message+" -> "+f.Fix, c.says...)
			for _, text := range c.never {
				if strings.Contains(f.Fix, text) {
					t.Errorf("the next step says %q: %s", text, f.Fix)
				}
			}
		})
	}
}
