package publish

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
)

func TestNestedDistributions(t *testing.T) {
	t.Parallel()
	workspace := t.TempDir()
	below := func(given string, paths ...string) (nested []distfile.Nested) {
		for _, path := range paths {
			nested = append(nested, distfile.Nested{Folder: given, Path: filepath.Join(given, path)})
		}
		return nested
	}
	var many []string
	for _, letter := range strings.Split("abcdefghijkl", "") {
		many = append(many, letter+"/alder-1.0.tar.gz")
	}
	for name, c := range map[string]struct {
		nested    []distfile.Nested
		workspace string
		severity  finding.Severity
		file      string
		message   string
		fix       []string
	}{
		"one below": {
			below("dist", "linux/a.whl", "linux/b.whl", "mac/c.whl"), workspace, finding.Error, "dist",
			"folders below dist have distributions that would be left out: dist/linux (a.whl and 1 more), dist/mac (c.whl)",
			[]string{"`merge-multiple: true`", "add `dist/*/` to `packages-dir`", "`dist/*.whl`"},
		},
		"two below": {
			below("dist", "linux/x/a.whl"), workspace, finding.Error, "dist", "dist/linux/x (a.whl)", []string{"add `dist/*/*/` to"},
		},
		"both": {
			below("dist", "a.d/x/a.whl", "b/b.whl"), workspace, finding.Error, "dist", "dist/a.d/x (a.whl), dist/b (b.whl)",
			[]string{"add `dist/*/` and `dist/*/*/` to"},
		},
		"many folders": {below("dist", many...), workspace, finding.Error, "dist", "dist/j (alder-1.0.tar.gz) and 2 more", nil},
		"an absolute path": {
			below(filepath.Join(workspace, "dist"), "linux/a.whl"), workspace, finding.Error, filepath.Join(workspace, "dist"), "", nil,
		},
		"the workspace":               {below(workspace, "dist/a.whl"), workspace, finding.Notice, "", "", []string{"no action needed"}},
		"a folder around it":          {below(filepath.Dir(workspace), "dist/a.whl"), workspace, finding.Notice, "", "", nil},
		"another beside it":           {below(workspace+"-2", "dist/a.whl"), workspace, finding.Error, workspace + "-2", "", nil},
		"where the program runs":      {below(".", "dist/a.whl"), ".", finding.Notice, "", "folders below . have", nil},
		"without a workspace there":   {below(".", "dist/a.whl"), workspace, finding.Error, ".", "", []string{"`*/`", "`*.whl`"}},
		"no folder counts as the job": {below(".", "dist/a.whl"), "", finding.Error, ".", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := nestedDistributions(c.nested, c.workspace, func(path string) string { return path })
			if len(found) != 1 {
				t.Fatalf("%v", found)
			}
			f := found[0]
			if f.Severity != c.severity || f.File != c.file || !strings.Contains(filepath.ToSlash(f.Message), c.message) {
				t.Errorf("%+v", f)
			}
			for _, way := range c.fix {
				if !strings.Contains(filepath.ToSlash(f.Fix), way) {
					t.Errorf("the fix lacks %s: %s", way, f.Fix)
				}
			}
		})
	}
	two := append(below("a", "x/a.whl"), below("b", "x/a.whl")...)
	if found := nestedDistributions(
		two, workspace, func(path string) string { return path },
	); len(found) != 2 || found[0].File != "a" || found[1].File != "b" {
		t.Errorf("%v", found)
	}
}
