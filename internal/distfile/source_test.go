package distfile_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestRead_Source: what builds an sdist is known from the files in its top folder, whatever else there is.
func TestRead_Source(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("#", distfile.LongestPyproject)
	pkgInfo := disttest.Member{Name: "a-1/PKG-INFO", Content: disttest.Metadata("a", "1")}
	member := func(name, content string) disttest.Member { return disttest.Member{Name: name, Content: content} }
	for name, c := range map[string]struct {
		file                string
		members             []disttest.Member
		pyproject           string // "-": there is none
		has, setup, unknown bool
	}{
		"both": {
			members:   []disttest.Member{member("a-1/pyproject.toml", "x=1"), member("a-1/setup.py", "")},
			pyproject: "x=1", has: true, setup: true,
		},
		"an empty one": {members: []disttest.Member{member("a-1/pyproject.toml", "")}, has: true},
		"none": {
			members: []disttest.Member{member("a-1/a/pyproject.toml", "x=1"), member("a-1/a/setup.py", "")}, pyproject: "-",
		},
		"as long as it may be": {
			members: []disttest.Member{member("a-1/pyproject.toml", long)}, pyproject: long, has: true,
		},
		"longer": {members: []disttest.Member{member("a-1/pyproject.toml", long+"#")}, pyproject: "-", has: true},
		"two, and the last counts": {
			members:   []disttest.Member{member("a-1/pyproject.toml", "x=1"), member("a-1/pyproject.toml", "x=2")},
			pyproject: "x=2", has: true,
		},
		"a link":      {members: []disttest.Member{{Name: "a-1/pyproject.toml", Link: "x"}}, pyproject: "-", has: true},
		"two folders": {members: []disttest.Member{member("b/setup.py", "")}, unknown: true},
		"a zip":       {file: "a-1.zip", members: []disttest.Member{member("a-1/pyproject.toml", "x=1")}, pyproject: "x=1", has: true},
		"a wheel":     {file: "a-1-py3-none-any.whl", members: []disttest.Member{member("a-1/pyproject.toml", "x=1")}, unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, pack := "a-1.tar.gz", disttest.TarGz
			if c.file != "" {
				file, pack = c.file, disttest.Zip
			}
			path := disttest.Save(t, t.TempDir()+"/"+file, pack(append(c.members, pkgInfo)...))
			d, err := distfile.Read(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if c.unknown || d.Source == nil {
				expect.Equal(t, "nothing is known", d.Source == nil, c.unknown)
				return
			}
			got := "-"
			if d.Source.Pyproject != nil {
				got = string(d.Source.Pyproject)
			}
			expect.Equal(t, "the text of pyproject.toml", got, c.pyproject)
			expect.Equal(t, "pyproject.toml is there", d.Source.HasPyproject, c.has)
			expect.Equal(t, "setup.py is there", d.Source.HasSetup, c.setup)
		})
	}
}
