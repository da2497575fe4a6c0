package index_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestCoreMetadata: it is requested once, beside the wheel, without a credential, and only from the index or its file host.
func TestCoreMetadata(t *testing.T) {
	t.Parallel()
	const metadata = "Metadata-Version: 2.4\nName: alder\nVersion: 1.0\n"
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(metadata)))
	ok := func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(metadata)) }
	for name, c := range map[string]struct {
		path     string // of the wheel, at HERE (the index), FILES (its file host) or another place
		digest   string // of the page; empty: the right one
		serve    http.HandlerFunc
		asked    string // the path that is requested; empty: none
		expected bool   // that it is there
	}{
		"on the index":          {path: "HERE/f/alder-1.0.whl", asked: "/f/alder-1.0.whl.metadata", expected: true},
		"on its file host":      {path: "FILES/p/alder-1.0.whl", asked: "/p/alder-1.0.whl.metadata", expected: true},
		"an escaped address":    {path: "HERE/f%2Fg/alder%2B-1.0.whl", asked: "/f%2Fg/alder%2B-1.0.whl.metadata", expected: true},
		"on another host":       {path: "OTHER/alder-1.0-py3-none-any.whl"},
		"in clear text":         {path: "http://index.example/alder-1.0-py3-none-any.whl"},
		"with a user":           {path: "USER/alder-1.0-py3-none-any.whl"},
		"with a signature":      {path: "HERE/alder-1.0-py3-none-any.whl?X-Signature=1"},
		"no address":            {},
		"no digest on the page": {path: "HERE/alder-1.0-py3-none-any.whl", digest: "none"},
		"another digest":        {path: "HERE/a.whl", digest: strings.Repeat("0", 64), asked: "/a.whl.metadata"},
		"not there":             {path: "HERE/a.whl", asked: "/a.whl.metadata", serve: http.NotFound},
		"an error of the server": {path: "HERE/a.whl", asked: "/a.whl.metadata", serve: func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}},
		"a redirect": {path: "HERE/a.whl", asked: "/a.whl.metadata", serve: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}},
		"longer than metadata is": {path: "HERE/a.whl", asked: "/a.whl.metadata", serve: func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(make([]byte, 3<<20))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			var asked atomic.Value
			server := func() *httptest.Server {
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					asked.Store(r.URL.EscapedPath())
					if r.Header.Get("Authorization") != "" {
						t.Error("a credential was sent")
					}
					if c.serve != nil {
						c.serve(w, r)
						return
					}
					ok(w, r)
				}))
				t.Cleanup(s.Close)
				return s
			}
			here, files, other := server(), server(), server()
			site := index.SiteOf(at(t, here.URL+"/legacy/"), at(t, here.URL+"/simple/"), true)
			site.Files = at(t, files.URL+"/packages/")
			login := index.Password("me", secret.NewRedactor(func(string) {}).New("a password", site.Upload))
			ix := index.New(site, client(), wire.NewGate(1), login)
			listed := pep.IndexFile{Metadata: digest, URL: strings.NewReplacer(
				"HERE", here.URL, "FILES", files.URL, "OTHER", other.URL, "USER", strings.Replace(here.URL, "//", "//me:x@", 1),
			).Replace(c.path)}
			switch c.digest {
			case "":
			case "none":
				listed.Metadata = ""
			default:
				listed.Metadata = c.digest
			}
			text, err := ix.CoreMetadata(t.Context(), listed)
			if c.expected != (err == nil && string(text) == metadata) || !c.expected && len(text) > 0 {
				t.Errorf("got %q, %v", text, err)
			}
			count, path := int64(0), ""
			if c.asked != "" {
				count, path = 1, asked.Load().(string)
			}
			expect.Equal(t, "requests", requests.Load(), count)
			expect.Equal(t, "path", path, c.asked)
		})
	}
}
