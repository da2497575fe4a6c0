package index_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestListFiles_Forms: the form is what the index says it is; what is no listing is unknown, and never an empty project.
func TestListFiles_Forms(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("ab", 32)
	link := `<a href="/f/alder-1.0.zip#sha256=` + digest + `">alder-1.0.zip</a>`
	const json = "application/vnd.pypi.simple.v1+json"
	cases := map[string]struct {
		kind, page string
		says       string // in the error; "" for a listing with the file
	}{
		"HTML":                   {"text/html; charset=UTF-8", link, ""},
		"HTML by its later name": {"application/vnd.pypi.simple.v1+html", "<h1>Links for alder</h1>" + link, ""},
		"JSON": {
			json, `{"name": "alder", "files": [{"filename": "alder-1.0.zip", "hashes": {"sha256": "` + digest + `"}}]}`, "",
		},
		"JSON under no name": {
			"", `{"name": "alder", "files": [{"filename": "alder-1.0.zip", "hashes": {"sha256": "` + digest + `"}}]}`, "",
		},
		"a log-in": {
			"text/html", `<title>Log in</title><form><a href="/forgot">Forgot?</a></form>`, "no project listing",
		},
		"HTML that is called JSON":   {json, link, "it looks like HTML"},
		"JSON about another project": {json, `{"name": "birch", "files": []}`, "about another project"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/simple/alder/" || r.Header.Get("Accept") != json+", text/html;q=0.2" {
					w.WriteHeader(http.StatusTeapot)
				}
				w.Header()["Content-Type"] = []string{c.kind}
				fmt.Fprint(w, c.page)
			}))
			t.Cleanup(server.Close)
			ix := index.New(index.SiteOf(at(t, server.URL+"/upload/"), at(t, server.URL+"/simple/"), true), client(), wire.NewGate(1), nil)
			listing, err := ix.ListFiles(t.Context(), "alder")
			switch {
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%+v, %v", listing, err)
			case c.says == "" && (err != nil || !listing.Exists || listing.Project != "alder" || len(listing.Files) != 1 ||
				listing.Files[0] != pep.IndexFile{Name: "alder-1.0.zip", SHA256: digest}):
				t.Errorf("%+v, %v", listing, err)
			}
		})
	}
}

// TestListFiles_PlainIndex: an index with user and password, HTML and MD5 alone.
func TestListFiles_PlainIndex(t *testing.T) {
	t.Parallel()
	s := pypitest.Start(t, fakepypi.Options{Profile: fakepypi.Plain})
	login := index.Password(fakepypi.User, secret.NewRedactor(nil).New(fakepypi.Password, s.Upload))
	ix := index.New(index.SiteOf(s.Upload, s.Simple, true).AsPyPI(), client(), wire.NewGate(1), login)
	d := read(t, sample)
	if err := ix.Upload(t.Context(), index.UploadRequest{File: d}, login); err != nil {
		t.Fatal(err)
	}
	listing, err := ix.ListFiles(t.Context(), "sampleproject")
	if err != nil || len(listing.Files) != 1 || listing.Files[0] != (pep.IndexFile{Name: d.Name, MD5: listing.Files[0].MD5}) {
		t.Fatalf("%+v, %v", listing, err)
	}
	if theirs, ours := d.DigestsIn(listing.Files[0]); theirs != ours || !strings.HasPrefix(ours, distfile.OnlyMD5) {
		t.Errorf("the index has %q, the file %q", theirs, ours)
	}
}

// TestListFilesPastCache: a cached 404 does not answer it, and no cache can have met two of its requests.
func TestListFilesPastCache(t *testing.T) {
	t.Parallel()
	s := pypitest.Start(t, fakepypi.Options{})
	s.Switch(func(b *fakepypi.Behavior) { b.Absent = time.Hour })
	ix := index.New(index.SiteOf(s.Upload, nil, true).AsPyPI(), client(), wire.NewGate(1), nil)
	exists := func(ask func(context.Context, pep.Project) (pep.Listing, error)) bool {
		t.Helper()
		listing, err := ask(t.Context(), "alder")
		if err != nil {
			t.Fatal(err)
		}
		return listing.Exists
	}
	if exists(ix.ListFiles) || exists(ix.ListFilesPastCache) {
		t.Fatal("there is a project")
	}
	if err := s.AddPublisher(fakepypi.Publisher{Project: "alder"}); err != nil {
		t.Fatal(err)
	}
	if exists(ix.ListFiles) || !exists(ix.ListFilesPastCache) {
		t.Error("the answers are not those of a cache and of the index")
	}
}
