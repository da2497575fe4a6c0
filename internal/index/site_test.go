package index_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

func at(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestSiteOf(t *testing.T) {
	t.Parallel()
	release := pep.Release{Project: "alder", Version: "1"}
	cases := []struct {
		upload, simple string
		lookups        bool
		wantSimple     string
		warehouse      bool
		page           string
	}{
		{"https://upload.pypi.org/legacy/", "", true, "https://pypi.org/simple/", true, "https://pypi.org/project/alder/1.0/"},
		{"https://UPLOAD.pypi.org:443/legacy/", "", true, "https://pypi.org/simple/", true, "https://pypi.org/project/alder/1.0/"},
		{
			"https://test.pypi.org/legacy/", "", true, "https://test.pypi.org/simple/", true,
			"https://test.pypi.org/project/alder/1.0/",
		},
		{"https://upload.pypi.org/legacy/", "", false, "", true, "https://pypi.org/project/alder/1.0/"},
		{
			"https://upload.pypi.org.evil.example/legacy/", "", true, "https://upload.pypi.org.evil.example/simple/", false,
			"https://upload.pypi.org.evil.example/simple/alder/",
		},
		{"http://127.0.0.1:8080/legacy/", "", true, "http://127.0.0.1:8080/simple/", false, "http://127.0.0.1:8080/simple/alder/"},
		{"https://devpi.example/upload/", "", true, "", false, ""},
		{
			"https://devpi.example/root/dev/", "https://devpi.example/root/dev/+simple/", true, "https://devpi.example/root/dev/+simple/",
			false, "https://devpi.example/root/dev/+simple/alder/",
		},
		{
			"https://mirror.example/team/legacy/", "https://other.example/simple/", true, "https://other.example/simple/", false,
			"https://other.example/simple/alder/",
		},
	}
	for _, c := range cases {
		var simple *url.URL
		if c.simple != "" {
			simple = at(t, c.simple)
		}
		site := index.SiteOf(at(t, c.upload), simple, c.lookups)
		got := ""
		if site.Simple != nil {
			got = site.Simple.String()
		}
		if site.MayReplace() == c.warehouse {
			t.Errorf("%s: an upload may replace a file: %v", c.upload, site.MayReplace())
		}
		if got != c.wantSimple || site.Warehouse != c.warehouse || site.Page(release, "1.0") != c.page {
			t.Errorf("%s: simple %q, warehouse %v, page %q", c.upload, got, site.Warehouse, site.Page(release, "1.0"))
		}
	}
}

func TestSite_PermitAudience(t *testing.T) {
	t.Parallel()
	cases := []struct {
		upload, audience string
		permitted        bool
	}{
		{"https://upload.pypi.org/legacy/", "pypi", true},
		{"https://upload.pypi.org/legacy/", "testpypi", false},
		{"https://upload.pypi.org/legacy/", "sigstore", false},
		{"https://test.pypi.org/legacy/", "testpypi", true},
		{"https://test.pypi.org/legacy/", "pypi", false},
		{"https://index.example/legacy/", "index.example", true},
		{"https://index.example/legacy/", "pypi", false},
		{"https://index.example/legacy/", " PyPI ", false},
		{"https://index.example/legacy/", "testpypi", false},
		{"https://index.example/legacy/", "Sigstore", false},
		{"https://index.example/legacy/", "sts.amazonaws.com", false},
		{"https://index.example/legacy/", "api://AzureADTokenExchange", false},
		{
			"https://index.example/legacy/", "https://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/g",
			false,
		},
		{"https://index.example/legacy/", "//iam.googleapis.com/projects/1", false},
		{"https://index.example/legacy/", "https://github.com/octo-org", false},
		{"https://index.example/legacy/", "npm:registry.example", false},
		{"https://index.example/legacy/", "https://index.example/", true},
		{"https://upload.pypi.org.evil.example/legacy/", "pypi", false},
		{"http://upload.pypi.org/legacy/", "pypi", false},
		{"https://upload.pypi.org:8443/legacy/", "pypi", false},
		{"http://127.0.0.1:1/legacy/", "rehearsal", true},
	}
	for _, c := range cases {
		err := index.SiteOf(at(t, c.upload), nil, true).Permit(c.audience)
		var foreign *index.ForeignAudience
		if (err == nil) != c.permitted || (err != nil && !errors.As(err, &foreign)) {
			t.Errorf("%s asks for %q: %v", c.upload, c.audience, err)
		}
	}
}

// TestName: messages name the index that people know, and no index that was not queried.
func TestName(t *testing.T) {
	t.Parallel()
	const pypi = "https://upload.pypi.org/legacy/"
	for _, c := range []struct {
		upload, simple string
		lookups        bool
		want           string
	}{
		{pypi, "", true, "PyPI"},
		{pypi, "", false, "PyPI"},
		{pypi, "https://pypi.org/simple/", true, "PyPI"},
		{pypi, "https://mirror.example/simple/", true, "the index"},
		{"https://test.pypi.org/legacy/", "", true, "TestPyPI"},
		{"https://index.example:8443/legacy/", "", true, "index.example:8443"},
		{"https://index.example/upload", "https://pages.example/simple/", true, "index.example"},
	} {
		var simple *url.URL
		if c.simple != "" {
			simple = at(t, c.simple)
		}
		if got := index.SiteOf(at(t, c.upload), simple, c.lookups).Name(); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// TestSiteOf_OwnPages: an index whose pages are those of another server is not what those say. Public are the two that everybody knows.
func TestSiteOf_OwnPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		upload, simple string
		lookups        bool
		own, public    bool
	}{
		{"https://upload.pypi.org/legacy/", "", true, true, true},
		{"https://upload.pypi.org/legacy/", "https://pypi.org/simple/", true, true, true},
		{"https://upload.pypi.org/legacy/", "https://mirror.example/simple/", true, false, true},
		{"https://upload.pypi.org/legacy/", "", false, false, true},
		{"https://test.pypi.org/legacy/", "", true, true, true},
		{"https://index.example/legacy/", "", true, true, false},
		{"https://index.example/legacy/", "https://index.example/other/simple/", true, false, false},
		{"https://upload.pypi.org.evil.example/legacy/", "", true, true, false},
		{"https://devpi.example/root/dev/", "https://devpi.example/root/dev/+simple/", true, true, false},
		{"https://devpi.example/root/dev/", "https://devpi.example/root/pypi/+simple/", true, false, false},
	} {
		var simple *url.URL
		if c.simple != "" {
			simple = at(t, c.simple)
		}
		site := index.SiteOf(at(t, c.upload), simple, c.lookups)
		if site.OwnPages != c.own || site.Public() != c.public {
			t.Errorf("%+v: own pages %v, public %v", c, site.OwnPages, site.Public())
		}
	}
}

// TestSite_AsPyPI: an upload URL that looks like PyPI's does not make an index PyPI; those who run it say so.
func TestSite_AsPyPI(t *testing.T) {
	t.Parallel()
	for upload, warehouse := range map[string]bool{
		"https://index.example/legacy/": true, "https://index.example/team/legacy/": true, "https://index.example/upload/": false,
	} {
		before := index.SiteOf(at(t, upload), nil, true)
		site := before.AsPyPI()
		if before.Rules || before.Warehouse || !site.Rules || site.Warehouse != warehouse || site.Attestations {
			t.Errorf("%s: %+v becomes %+v", upload, before, site)
		}
		if warehouse && (site.Derived || site.Files.Path != strings.TrimSuffix(site.Upload.Path, "legacy/")+"files/packages/") {
			t.Errorf("%s: %+v", upload, site)
		}
	}
	pypi := index.SiteOf(at(t, "https://upload.pypi.org/legacy/"), nil, true)
	if again := pypi.AsPyPI(); !pypi.Rules || again.Files.Host != pypi.Files.Host || again.Simple.Host != pypi.Simple.Host {
		t.Errorf("%+v becomes %+v", pypi, again)
	}
}

// TestSite_Cached: only of an index on this machine, with pages of its own, it is known that no cache stands in front.
func TestSite_Cached(t *testing.T) {
	t.Parallel()
	for upload, c := range map[string]struct {
		simple string
		cached bool
	}{
		"https://upload.pypi.org/legacy/":  {"", true},
		"https://test.pypi.org/legacy/":    {"", true},
		"https://devpi.example/upload/":    {"https://devpi.example/+simple/", true},
		"http://127.0.0.1:8081/legacy/":    {"", false},
		"http://localhost:8081/legacy/":    {"http://localhost:8081/simple/", false},
		"http://127.0.0.1:8082/legacy/":    {"http://127.0.0.1:3141/root/pypi/+simple/", true}, // a mirror
		"http://127.0.0.1:8083/up/legacy/": {"https://mirror.example/simple/", true},
	} {
		var simple *url.URL
		if c.simple != "" {
			simple = at(t, c.simple)
		}
		if site := index.SiteOf(at(t, upload), simple, true); site.Cached != c.cached {
			t.Errorf("%s, %s: cached is %v", upload, c.simple, site.Cached)
		}
	}
}
