// Package internal_test checks rules that concern the whole repository: which package may import which, what may be used where, and
// what the documentation says. The rules for packages are data in docs/architecture.md; the tests in this file read them there.
package internal_test

import (
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/org/pypi-oidc-publish/internal/"
	page   = "../docs/architecture.md"
)

// block returns the lines of the fenced block with the given name on the architecture page, split into fields.
func block(t *testing.T, name string) [][]string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```"+name+"\n")
	if !found {
		t.Fatalf("%s has no block %q", page, name)
	}
	body, _, _ := strings.Cut(rest, "```")
	var lines [][]string
	for line := range strings.Lines(body) {
		if fields := strings.Fields(line); len(fields) > 0 {
			lines = append(lines, fields)
		}
	}
	return lines
}

// testOnly returns the packages that only tests may import: what is in them is test code too.
func testOnly() []string { return []string{"testkit", "fakepypi/signer"} }

// file is one parsed source file. pkg is the path of its package below internal, path that of the file.
type file struct {
	pkg, path string
	test      bool // of a test, or of a package that only tests import
	tree      *ast.File
	set       *token.FileSet
}

// sources returns the Go files of all packages below internal, except those of this package.
func sources(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "testdata" {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Dir(path) == "." {
			return nil
		}
		source, err := sourceOf(path)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		files = append(files, file{pkg, path, strings.HasSuffix(path, "_test.go") || within(pkg, testOnly()), source.tree, source.set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no source files: the test reads the wrong folder")
	}
	return files
}

// within reports whether pkg is one of the named packages or a sub-package of one.
func within(pkg string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return pkg == name || strings.HasPrefix(pkg, name+"/")
	})
}

// TestImports_OnlyLowerLayers checks every import of the program against the table of layers, and that the table is complete.
func TestImports_OnlyLowerLayers(t *testing.T) {
	t.Parallel()
	layer := map[string]int{}
	for _, line := range block(t, "layers") {
		n, err := strconv.Atoi(line[0])
		if err != nil {
			t.Fatalf("layer of %q: %v", line, err)
		}
		layer[line[1]] = n
	}
	seen := map[string]bool{}
	for _, f := range sources(t) {
		seen[f.pkg] = true
		if _, ok := layer[f.pkg]; !ok {
			t.Errorf("package %s is not in the table of layers in %s", f.pkg, page)
			continue
		}
		for _, spec := range f.tree.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			to, ours := strings.CutPrefix(path, module)
			if !ours || to == f.pkg {
				continue
			}
			switch {
			case within(to, testOnly()) && !f.test:
				t.Errorf("%s imports %s: only tests may", f.path, to)
			case within(to, []string{"fakepypi"}) && !f.test && f.pkg != "cli" && !within(f.pkg, []string{"fakepypi"}):
				t.Errorf("%s imports %s: only cli and tests may", f.path, to)
			case f.test, strings.HasPrefix(to, f.pkg+"/"):
				// Tests may import any layer, and a package its own sub-packages.
			case within(f.pkg, []string{"fakepypi"}) && !within(to, []string{"pep", "archive", "fakepypi/web"}):
				t.Errorf("%s imports %s: the test server may import only pep, archive and fakepypi/web", f.path, to)
			case layer[to] >= layer[f.pkg]:
				t.Errorf("%s (layer %d) imports %s (layer %d): a package imports only lower layers", f.path, layer[f.pkg], to, layer[to])
			}
		}
	}
	for pkg := range layer {
		if !seen[pkg] {
			t.Errorf("the table of layers names %s, but there is no such package", pkg)
		}
	}
}

// TestImports_RestrictedLibraries checks that a restricted library is imported only by the packages that the page names.
func TestImports_RestrictedLibraries(t *testing.T) {
	t.Parallel()
	rules := block(t, "restricted-imports")
	used := map[string]bool{}
	for _, f := range sources(t) {
		for _, spec := range f.tree.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			for _, rule := range rules {
				if path != rule[0] && !strings.HasPrefix(path, rule[0]+"/") {
					continue
				}
				used[rule[0]] = true
				if !within(f.pkg, rule[1:]) && !slices.Contains(rule[1:], filepath.ToSlash(f.path)) && !f.test {
					t.Errorf("%s imports %s: only %s may", f.path, path, strings.Join(rule[1:], ", "))
				}
			}
		}
	}
	for _, rule := range rules {
		if !used[rule[0]] {
			t.Errorf("%s has a rule for %s, but nothing imports it", page, rule[0])
		}
	}
}

// TestUses_OnlyInAllowedPackages checks that restricted statements and functions are used only in the packages that the page names.
func TestUses_OnlyInAllowedPackages(t *testing.T) {
	t.Parallel()
	allowed := map[string][]string{}
	for _, line := range block(t, "restricted-uses") {
		allowed[line[0]] = line[1:]
	}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			var what string
			switch n := n.(type) {
			case *ast.GoStmt:
				what = "go-statement"
			case *ast.SelectorExpr:
				what = "any." + n.Sel.Name
				if x, ok := n.X.(*ast.Ident); ok && allowed[x.Name+"."+n.Sel.Name] != nil {
					what = x.Name + "." + n.Sel.Name
				}
			}
			if packages, restricted := allowed[what]; restricted && !within(f.pkg, packages) {
				t.Errorf("%s: %s may be used only in %s", f.set.Position(n.Pos()), what, strings.Join(packages, ", "))
			}
			return true
		})
	}
}

// TestPurePackages_NoNetworkOrOutput checks that the packages that only compute use no network, no other programs and no logging.
func TestPurePackages_NoNetworkOrOutput(t *testing.T) {
	t.Parallel()
	pure := []string{"pep", "archive", "dist", "preflight"}
	banned := []string{"net", "net/http", "os/exec", "log", "log/slog"}
	for _, f := range sources(t) {
		if f.test || !within(f.pkg, pure) {
			continue
		}
		for _, spec := range f.tree.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); slices.Contains(banned, path) {
				t.Errorf("%s imports %s: this package uses no network and no output", f.path, path)
			}
		}
	}
}

// TestIndexNames_OnlyInTheirFiles checks that no other file of the program names an index: everything except index/site.go asks for
// capabilities.
func TestIndexNames_OnlyInTheirFiles(t *testing.T) {
	t.Parallel()
	hosts := []string{"pypi.org", "pythonhosted.org"}
	// attest/statement.go has the name of a predicate type, which is not an address.
	places := []string{"index/site.go", "config/inputs.go", "attest/statement.go"}
	for _, f := range sources(t) {
		if f.test || within(f.pkg, []string{"fakepypi"}) || slices.Contains(places, filepath.ToSlash(f.path)) {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if !ok || text.Kind != token.STRING {
				return true
			}
			for _, host := range hosts {
				if strings.Contains(text.Value, host) {
					t.Errorf("%s: %s names an index; ask index.Site for the capability", f.set.Position(text.Pos()), text.Value)
				}
			}
			return true
		})
	}
}
