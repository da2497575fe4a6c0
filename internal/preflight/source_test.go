package preflight_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestCheck_Sources has sdists that the index takes: the rules about each, and a part of the message or the fix.
func TestCheck_Sources(t *testing.T) {
	t.Parallel()
	member := func(name, content string) disttest.Member {
		return disttest.Member{Name: topFolder + name, Content: content}
	}
	with := func(old, replacement string) file {
		return source(treeOf(strings.ReplaceAll(project, old, replacement)))
	}
	link := func(name, target string) disttest.Member {
		return disttest.Member{Name: topFolder + name, Link: target}
	}
	ofVersion := func(version, inProject string) file {
		f := file{name: "alder-" + version + ".tar.gz", metadata: replacedInGood("Version: 1.0", "Version: "+version)}
		f.raw = string(disttest.TarGz(disttest.Pairs([2]string{"alder-" + version + "/PKG-INFO", f.metadata},
			[2]string{"alder-" + version + "/pyproject.toml", strings.ReplaceAll(project, "'1.0'", "'"+inProject+"'")})...))
		return f
	}
	many := "[tool.x]\n"
	for i := range 5000 {
		many += fmt.Sprintf("a%d=1\n", i)
	}
	for name, c := range map[string]struct {
		file
		rules, says string
	}{
		"as a backend makes it":   {source(treeOf(project)), "", ""},
		"with setup.py alone":     {source(treeOf("", member("setup.py", "x"))), "", ""},
		"without a build":         {source(treeOf("[tool.x]\n")), "", ""},
		"an empty pyproject.toml": {source(treeOf("", member("pyproject.toml", ""))), "", ""},
		"with setup.cfg alone": {
			source(treeOf("", member("setup.cfg", "x"))), "sdist-pyproject", "neither pyproject.toml nor setup.py",
		},
		"with both one folder below": {
			source(treeOf("", member("x/setup.py", ""), member("x/pyproject.toml", ""))), "sdist-pyproject", "neither",
		},
		"a number as the version":    {with("'1.0'", "1.0"), "sdist-pyproject", "line 7, column 11"},
		"TOML 1.1":                   {source(treeOf("[tool]\nx = {\n  a = 1,\n}\n")), "", ""},
		"a text as requires":         {with("[]", "'x'"), "sdist-pyproject", "line 2"},
		"no requires":                {with("requires = []\n", ""), "sdist-pyproject", "has no requires"},
		"a backend above":            {with("['.']", "['.', 'x/../..']"), "sdist-pyproject", "backend-path 'x/../..'"},
		"a backend at the root":      {with("['.']", "['/usr']"), "sdist-pyproject", "outside of the sdist"},
		"a backend above on Windows": {with("['.']", `['..\\x']`), "sdist-pyproject", "outside of the sdist"},
		"a backend below":            {with("['.']", "['tools/..x', 'a/..']"), "", ""},
		"more keys than are read":    {source(treeOf(many)), "", ""},
		"more than is read":          {source(treeOf(strings.Repeat("#", distfile.LongestPyproject+1))), "", ""},
		"as much as is read": {
			source(treeOf("=" + strings.Repeat("#", distfile.LongestPyproject-1))), "sdist-pyproject", "cannot be read",
		},
		"another name":                 {with("'alder'", "'birch'"), "sdist-project", "the name 'birch'"},
		"the name in another spelling": {with("'alder'", "'Alder'"), "", ""},
		"another version":              {ofVersion("1.0", "1.0rc1"), "sdist-project", "the version '1.0rc1', and PKG-INFO has '1.0'"},
		"an older version":             {ofVersion("1.0.1", "1.0"), "sdist-project", "PKG-INFO has '1.0.1'"},
		"the version longer":           {ofVersion("1.0", "1.0.0"), "", ""},
		"the version with tag_build":   {ofVersion("1.0.dev20261130", "1.0"), "", ""},
		"another tag_build":            {ofVersion("1.0rc1", "1.0"), "", ""},
		"a dynamic version":            {with("version = '1.0'", "version = '1.1'\ndynamic = ['version']"), "", ""},
		"no version":                   {with("version = '1.0'", "dynamic = ['version']"), "", ""},
		"a version that is none":       {with("'1.0'", "'@version@'"), "", ""},

		"a pipe in a folder": {
			source(treeOf(project, disttest.Member{Name: topFolder + "a/p", Mode: fs.ModeNamedPipe | 0o644})),
			"sdist-archive", "alder-1.0/a/p is a named pipe",
		},
		"a backslash":         {source(treeOf(project, member(`a\b.py`, ""))), "sdist-archive", "has a backslash"},
		"links in a circle":   {source(treeOf(project, link("a", "b"), link("b", "a"))), "sdist-archive", "leads back to it"},
		"a link to a folder":  {source(treeOf(project, link("alder/a", "."))), "", ""},
		"zeros behind it all": {sourceOf(func(raw []byte) []byte { return append(disttest.Gzip(raw), make([]byte, 700)...) }), "", ""},
		"other bytes behind": {
			sourceOf(func(raw []byte) []byte { return append(disttest.Gzip(raw), "more"...) }), "archive-corrupt", "damaged after its end",
		},
		"a member behind the end": {
			sourceOf(func(raw []byte) []byte { return slices.Concat(disttest.Gzip(raw), disttest.Gzip([]byte("x"))) }),
			"sdist-archive", "2 members",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := preflight.Check(set(t, c.file))
			var rules []string
			for _, id := range ids(found) {
				rules = append(rules, strings.TrimSuffix(id, " (warning)"))
			}
			expect.Equal(t, "rules", strings.Join(rules, " "), c.rules)
			if text := fmt.Sprintf("%+v", found); !strings.Contains(text, c.says) {
				t.Errorf("%s does not say %s", text, c.says)
			}
			bounded(t, found)
		})
	}
}
