package distfile_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
)

// folder makes a folder of empty files; a name that ends in a slash is a folder, one with an arrow a link.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		name, target, link := strings.Cut(name, " -> ")
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		switch {
		case link:
			if err := os.Symlink(target, path); err != nil {
				t.Fatal(err)
			}
		case strings.HasSuffix(name, "/"):
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
		default:
			write(t, path, "")
		}
	}
	return root
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := folder(t,
		"dist/b-1.whl", "dist/a-1.tar.gz", "dist/A.ZIP", "dist/c.EGG", "dist/d.tar.bz2",
		"dist/README.md", "dist/.gitignore", "dist/._A.ZIP",
		"dist/a-1.tar.gz.publish.attestation", "dist/b-1.whl.slsa.attestation", "dist/sub/deep-1.whl", "dist/link.whl -> b-1.whl",
		"more/x-1.whl", "more/y.txt", "again -> dist",
	)
	list := func(names ...string) []string {
		for i, name := range names {
			names[i] = filepath.Join(root, name) +
				strings.Repeat("/", strings.Count(name, "/")-strings.Count(strings.TrimRight(name, "/"), "/"))
		}
		return names
	}
	whole := distfile.FindResult{
		Distributions:    list("dist/A.ZIP", "dist/a-1.tar.gz", "dist/b-1.whl", "dist/c.EGG", "dist/d.tar.bz2", "dist/link.whl"),
		AttestationFiles: list("dist/a-1.tar.gz.publish.attestation", "dist/b-1.whl.slsa.attestation"),
		Others:           list("dist/._A.ZIP", "dist/.gitignore", "dist/README.md", "dist/sub/"),
	}
	for name, c := range map[string]struct {
		patterns []string
		want     distfile.FindResult
	}{
		"a folder":                {[]string{"dist"}, whole},
		"a folder twice":          {[]string{"dist/", " dist ", "", "dist/../dist"}, whole},
		"a folder by a link, too": {[]string{"dist", "again", "again/b-1.whl"}, whole},
		"a file":                  {[]string{"dist/b-1.whl"}, distfile.FindResult{Distributions: list("dist/b-1.whl")}},
		"a glob": {
			[]string{"*/*.whl"}, distfile.FindResult{Distributions: list("again/b-1.whl", "again/link.whl", "more/x-1.whl")},
		},
		"folders by a glob": {[]string{"m*/"}, distfile.FindResult{Distributions: list("more/x-1.whl"), Others: list("more/y.txt")}},
		"a file and a folder": {
			[]string{"dist/a-1.tar.gz", "more"},
			distfile.FindResult{Distributions: list("dist/a-1.tar.gz", "more/x-1.whl"), Others: list("more/y.txt")},
		},
		"a glob leaves folders": {
			[]string{"more*", "dist/b*"},
			distfile.FindResult{
				Distributions:    list("dist/b-1.whl"),
				AttestationFiles: list("dist/b-1.whl.slsa.attestation"),
				Others:           list("more/"),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var patterns []string
			for _, pattern := range c.patterns {
				if strings.TrimSpace(pattern) != "" {
					pattern = strings.Repeat(" ", strings.Count(pattern, " ")) + root + "/" + strings.TrimSpace(pattern)
				}
				patterns = append(patterns, pattern)
			}
			got, err := distfile.Find(patterns)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func TestFind_Refused(t *testing.T) {
	t.Parallel()
	root := folder(t, "dist/a-1.whl", "bad/b-1.whl/b-1.whl", "empty/", "text/README", "broken/c-1.whl -> gone")
	for name, c := range map[string]struct {
		patterns []string
		ids      []string
	}{
		"no pattern":                  {nil, []string{"no-distributions"}},
		"an empty folder":             {[]string{"empty"}, []string{"no-distributions"}},
		"a folder of other things":    {[]string{"text"}, []string{"no-distributions"}},
		"a path that is not there":    {[]string{"dist", "gone"}, []string{"path-missing"}},
		"a glob without a match":      {[]string{"dist", "gone/*.whl"}, []string{"glob-unmatched"}},
		"an invalid glob":             {[]string{"dist/[a"}, []string{"glob-unmatched"}},
		"two asterisks":               {[]string{"**/*.whl"}, []string{"glob-unsupported"}},
		"a folder named like a wheel": {[]string{"bad"}, []string{"folder-named-like-a-distribution"}},
		"the same, named itself":      {[]string{"bad/b-1.whl"}, []string{"folder-named-like-a-distribution"}},
		"the same, with a slash":      {[]string{"bad/b-1.whl/"}, []string{"folder-named-like-a-distribution"}},
		"a link that leads nowhere":   {[]string{"broken"}, []string{"path-missing"}},
		"a file in a file":            {[]string{"dist/a-1.whl/x"}, []string{"path-unreadable"}},
		"all errors are reported at once": {
			[]string{"gone", "bad", "gone*"}, []string{"path-missing", "folder-named-like-a-distribution", "glob-unmatched"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patterns := make([]string, len(c.patterns))
			for i, pattern := range c.patterns {
				patterns[i] = root + "/" + pattern
			}
			_, err := distfile.Find(patterns)
			var ids []string
			for _, f := range finding.Of(err) {
				ids = append(ids, string(f.ID))
				if f.Severity != finding.Error || f.Message == "" || f.Fix == "" || f.File != "" && !strings.HasPrefix(f.File, root) {
					t.Errorf("an unhelpful finding: %+v", f)
				}
			}
			if !reflect.DeepEqual(ids, c.ids) {
				t.Errorf("got %v (%v), want %v", ids, err, c.ids)
			}
		})
	}
}
