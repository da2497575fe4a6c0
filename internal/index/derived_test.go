package index_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// page is what a server answers at one path.
type page struct {
	status   int // 0: 200
	location string
	text     string
}

// listed is the page of the project alder with one file.
const listed = `<h1>Links for alder</h1><a href="/f/alder-1.0.zip">alder-1.0.zip</a>`

// served is a client of an index with this upload path that has these pages and no others, and the requests that it got. HEAD of a page is
// like GET. HERE in a location is the address of the server.
func served(t *testing.T, upload string, pages map[string]page) (*index.Client, func() string) {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.URL.EscapedPath())
		mu.Unlock()
		if _, password, _ := r.BasicAuth(); password != "the password" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p, ok := pages[r.URL.EscapedPath()]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		if p.location != "" {
			w.Header().Set("Location", strings.Replace(p.location, "HERE", "http://"+r.Host, 1))
		}
		if p.status != 0 {
			w.WriteHeader(p.status)
		}
		fmt.Fprint(w, p.text)
	}))
	t.Cleanup(server.Close)
	at := at(t, server.URL+upload)
	login := index.Password("me", secret.NewRedactor(nil).New("the password", at))
	return index.New(index.SiteOf(at, nil, true), client(), wire.NewGate(1), login), func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(slices.Clone(asked), ", ")
	}
}

// TestListFiles_Derived: an address that was derived is tried; one that leads to no simple index counts as none.
func TestListFiles_Derived(t *testing.T) {
	t.Parallel()
	const login = `<title>Log in</title><form><a href="/forgot">Forgot?</a></form>`
	for name, c := range map[string]struct {
		upload string
		pages  map[string]page
		asked  string
		simple string // the path of what was found; "" for none
		files  int
		says   string // in the error; "" for none
		none   bool   // the error says that the index is not queried
	}{
		"Artifactory": {
			upload: "/artifactory/api/pypi/r", pages: map[string]page{"/artifactory/api/pypi/r/simple/alder/": {text: listed}},
			asked: "GET /artifactory/api/pypi/r/simple/alder/", simple: "/artifactory/api/pypi/r/simple/", files: 1,
		},
		"a new project": {
			upload: "/repository/r/", asked: "GET /repository/r/simple/alder/", simple: "/repository/r/simple/",
		},
		"a page for people": {
			upload: "/repository/r/", pages: map[string]page{"/repository/r/simple/alder/": {text: login}},
			asked: "GET /repository/r/simple/alder/", none: true,
		},
		"devpi": {
			upload: "/root/dev/", pages: map[string]page{"/root/dev/+simple/alder/": {text: listed}},
			asked: "GET /root/dev/+simple/alder/", simple: "/root/dev/+simple/", files: 1,
		},
		"devpi, and a new project": {
			upload: "/root/dev/", pages: map[string]page{"/root/dev/+simple/": {text: "all"}},
			asked: "GET /root/dev/+simple/alder/, HEAD /root/dev/+simple/", simple: "/root/dev/+simple/",
		},
		"not devpi": {
			upload: "/team/packages/", pages: map[string]page{"/team/packages/simple/alder/": {text: listed}},
			asked:  "GET /team/packages/+simple/alder/, HEAD /team/packages/+simple/, GET /team/packages/simple/alder/",
			simple: "/team/packages/simple/", files: 1,
		},
		"neither": {
			upload: "/team/packages/", none: true,
			asked: "GET /team/packages/+simple/alder/, HEAD /team/packages/+simple/, GET /team/packages/simple/alder/, " +
				"HEAD /team/packages/simple/",
		},
		"a page for people for whatever is asked": {
			upload: "/team/packages/", none: true, pages: map[string]page{
				"/team/packages/+simple/alder/": {text: login},
				"/team/packages/simple/alder/":  {text: login},
			},
			asked: "GET /team/packages/+simple/alder/, GET /team/packages/simple/alder/",
		},
		"a place that is closed, and then the index": {
			upload: "/team/packages/", pages: map[string]page{
				"/team/packages/+simple/alder/": {status: 403},
				"/team/packages/simple/alder/":  {text: listed},
			},
			asked: "GET /team/packages/+simple/alder/, GET /team/packages/simple/alder/", simple: "/team/packages/simple/", files: 1,
		},
		"a place that is closed, and nothing else": {
			upload: "/team/packages/", pages: map[string]page{"/team/packages/+simple/alder/": {status: 403, text: "Not you."}},
			asked: "GET /team/packages/+simple/alder/, GET /team/packages/simple/alder/, HEAD /team/packages/simple/",
			says:  "403 Forbidden: Not you.",
		},
		"pypiserver": {
			upload: "/", pages: map[string]page{"/simple/alder/": {text: listed}}, asked: "GET /simple/alder/", simple: "/simple/",
			files: 1,
		},
		"pypiserver, which forwards what it has not": {
			upload: "/", pages: map[string]page{"/simple/": {text: "all"}, "/simple/alder/": {
				status:   303,
				location: "https://pypi.org/simple/alder/",
			}},
			asked: "GET /simple/alder/, HEAD /simple/", simple: "/simple/",
		},
		"GitLab, which forwards to the other public index": {
			upload: "/api/v4/projects/1/packages/pypi",
			pages: map[string]page{"/api/v4/projects/1/packages/pypi/simple/alder/": {
				status:   302,
				location: "https://test.pypi.org/simple/alder",
			}},
			asked: "GET /api/v4/projects/1/packages/pypi/simple/alder/", simple: "/api/v4/projects/1/packages/pypi/simple/",
		},
		"forwarded to another project's page": {
			upload: "/repository/r/", pages: map[string]page{"/repository/r/simple/alder/": {
				status:   302,
				location: "https://pypi.org/simple/birch/",
			}},
			asked: "GET /repository/r/simple/alder/", says: "a redirect to https://pypi.org/simple/birch/",
		},
		"forwarded elsewhere": {
			upload: "/repository/r/", pages: map[string]page{"/repository/r/simple/alder/": {
				status:   302,
				location: "https://mirror.example/simple/alder/",
			}},
			asked: "GET /repository/r/simple/alder/", says: "a redirect to https://mirror.example/simple/alder/",
		},
		"a redirect within the index": {
			upload: "/repository/r/", pages: map[string]page{
				"/repository/r/simple/alder/":   {status: 301, location: "HERE/repository/all/simple/alder/"},
				"/repository/all/simple/alder/": {text: listed},
			},
			asked: "GET /repository/r/simple/alder/, GET /repository/all/simple/alder/", simple: "/repository/r/simple/", files: 1,
		},
		"a second redirect": {
			upload: "/repository/r/", pages: map[string]page{
				"/repository/r/simple/alder/": {status: 301, location: "/a/"}, "/a/": {status: 301, location: "/b/"}, "/b/": {text: listed},
			},
			asked: "GET /repository/r/simple/alder/, GET /a/", says: "a redirect to /b/",
		},
		"a sign-in page": {
			upload: "/repository/r/", pages: map[string]page{"/repository/r/simple/alder/": {status: 302, location: "/users/sign_in?to=x"}},
			asked: "GET /repository/r/simple/alder/", says: "the credential was not accepted: http://127.0.0.1:",
		},
		"a sign-in page elsewhere": {
			upload: "/repository/r/", pages: map[string]page{"/repository/r/simple/alder/": {
				status:   302,
				location: "https://login.example/authorize?client=1",
			}},
			asked: "GET /repository/r/simple/alder/", says: "redirects to a sign-in page, https://login.example/authorize",
		},
		"no access": {
			upload: "/repository/r/", pages: map[string]page{"/repository/r/simple/alder/": {status: 401, text: "Who are you?"}},
			asked: "GET /repository/r/simple/alder/", says: "401 Unauthorized: Who are you?",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ix, asked := served(t, c.upload, c.pages)
			listing, err := ix.ListFiles(t.Context(), "alder")
			expect.Equal(t, "requests", asked(), c.asked)
			expect.Equal(t, "files", len(listing.Files), c.files)
			expect.Equal(t, "not queried", errors.Is(err, index.ErrNoListings), c.none)
			switch {
			case c.says == "" && !c.none && err != nil:
				t.Errorf("%v", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%v does not say %q", err, c.says)
			}
			site := ix.Site()
			switch {
			case c.none && site.Simple != nil:
				t.Errorf("a simple index all the same: %s", site.Simple)
			case c.simple != "" && site.Simple.Path != c.simple:
				t.Errorf("the simple index is at %s, want %s", site.Simple.Path, c.simple)
			}
			if c.simple == "" {
				return
			}
			before := asked()
			if _, err := ix.ListFiles(t.Context(), "birch"); err != nil {
				t.Error(err)
			}
			expect.Equal(t, "requests for another project", asked(), before+", GET "+c.simple+"birch/")
		})
	}
}
