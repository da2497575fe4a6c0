package index_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/index"
)

// TestSiteOf_Derived: what a user writes as repository-url, and where the run looks then, first and later.
func TestSiteOf_Derived(t *testing.T) {
	t.Parallel()
	const example = "https://index.example"
	const aws, evil = "https://d-1.d.codeartifact.eu-west-1.amazonaws.com",
		"https://d-1.d.codeartifact.eu-west-1.amazonaws.com.evil.example"
	const europe = "https://europe-west1-python.pkg.dev"
	for upload, want := range map[string]string{
		example + "/legacy/":                                 example + "/simple/",
		example + "/pypi/team/legacy/":                       example + "/pypi/team/simple/",
		example + "/simple/":                                 example + "/simple/",
		example + "/cloud/simple":                            example + "/cloud/simple/",
		example + "/artifactory/api/pypi/releases":           example + "/artifactory/api/pypi/releases/simple/",
		example + "/api/pypi/releases/":                      example + "/api/pypi/releases/simple/",
		example + "/repository/hosted/":                      example + "/repository/hosted/simple/",
		example + "/nexus/repository/hosted":                 example + "/nexus/repository/hosted/simple/",
		example + "/api/v4/projects/12/packages/pypi":        example + "/api/v4/projects/12/packages/pypi/simple/",
		example + "/git/api/v4/projects/a%2Fb/packages/pypi": example + "/git/api/v4/projects/a%2Fb/packages/pypi/simple/",
		example + "/api/packages/team/pypi":                  example + "/api/packages/team/pypi/simple/",
		example + "/gitea/api/packages/team/pypi/":           example + "/gitea/api/packages/team/pypi/simple/",
		example + "/org/_packaging/feed/pypi/upload":         example + "/org/_packaging/feed/pypi/simple/",
		example + "/org/p/_packaging/feed/pypi/upload/":      example + "/org/p/_packaging/feed/pypi/simple/",
		example + "/pypi/repo/":                              example + "/pypi/repo/+simple/ " + example + "/pypi/repo/simple/",
		example + "/root/dev/":                               example + "/root/dev/+simple/ " + example + "/root/dev/simple/",
		example + "/root/dev":                                example + "/root/dev/+simple/ " + example + "/root/dev/simple/",
		example + "/devpi/root/dev/": example + "/devpi/root/dev/+simple/ " + example +
			"/devpi/root/dev/simple/",
		example + "/root/dev/+simple/": example + "/root/dev/+simple/",
		example + "/":                  example + "/simple/",
		example:                        example + "/simple/",
		example + ":8443/":             example + ":8443/simple/",
		example + "/upload/":           "",
		example + "/upload":            "",
		aws + "/pypi/repo/":            aws + "/pypi/repo/simple/",
		"https://d-1.d.codeartifact.eu-west-1.on.aws/pypi/repo/": "https://d-1.d.codeartifact.eu-west-1.on.aws/pypi/repo/simple/",
		evil + "/pypi/repo/":                          evil + "/pypi/repo/+simple/ " + evil + "/pypi/repo/simple/",
		"https://europe-python.pkg.dev/project/repo/": "https://europe-python.pkg.dev/project/repo/simple/",
		europe + "/project/repo":                      europe + "/project/repo/simple/",
	} {
		site := index.SiteOf(at(t, upload), nil, true)
		var got []string
		for _, simple := range site.Candidates() {
			got = append(got, simple.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %s, want %s", upload, strings.Join(got, " "), want)
		}
		if (site.Simple == nil) != (want == "") || site.Simple != nil && site.Simple.String() != got[0] {
			t.Errorf("%s: the first is %v", upload, site.Simple)
		}
		if off := index.SiteOf(at(t, upload), nil, false); off.Simple != nil || len(off.Candidates()) > 0 {
			t.Errorf("%s: queries although they are off: %v", upload, off.Candidates())
		}
		given := index.SiteOf(at(t, upload), at(t, "https://other.example/simple/"), true)
		if given.Simple.String() != "https://other.example/simple/" || len(given.Candidates()) != 1 {
			t.Errorf("%s: the address that was given is not the only one: %v", upload, given.Candidates())
		}
	}
}

// TestAddressForms_Documented: the page for users lists each form with its source.
func TestAddressForms_Documented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/indexes.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, form := range index.AddressForms() {
		if row := form.Row(); !slices.Contains(lines, row) {
			t.Errorf("docs/indexes.md lacks the line\n%s", row)
		}
		if !strings.HasPrefix(form.Source, "https://") {
			t.Errorf("%s: no source: %q", form.Index, form.Source)
		}
	}
}
