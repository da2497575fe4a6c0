// Package internal_test holds the rules of the house: which room may import which, and what may stand where.
// The rules are data in docs/architecture.md; this test reads them there.
package internal_test

import (
	"go/ast"
	"go/parser"
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

// block returns the lines of the fenced block with the given name on the architecture page, split in fields.
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

// testOnly names the packages that tests alone may import: what is in them is test code too.
func testOnly() []string { return []string{"testkit", "fakepypi/signer"} }

// file is one parsed source file of a room.
type file struct {
	room, path string
	test       bool // of a test, or of a package that tests alone import
	tree       *ast.File
	set        *token.FileSet
}

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
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		room := filepath.ToSlash(filepath.Dir(path))
		files = append(files, file{room, path, strings.HasSuffix(path, "_test.go") || within(room, testOnly()), tree, set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no source files: the test looks in the wrong folder")
	}
	return files
}

// within tells whether room is one of the named rooms or a sub-room of one.
func within(room string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return room == name || strings.HasPrefix(room, name+"/")
	})
}

func TestFloors(t *testing.T) {
	t.Parallel()
	floor := map[string]int{}
	for _, line := range block(t, "floors") {
		n, err := strconv.Atoi(line[0])
		if err != nil {
			t.Fatalf("floor of %q: %v", line, err)
		}
		floor[line[1]] = n
	}
	seen := map[string]bool{}
	for _, f := range sources(t) {
		seen[f.room] = true
		if _, ok := floor[f.room]; !ok {
			t.Errorf("room %s is not in the floors table of %s", f.room, page)
			continue
		}
		for _, spec := range f.tree.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			to, ours := strings.CutPrefix(path, module)
			if !ours || to == f.room {
				continue
			}
			switch {
			case within(to, testOnly()) && !f.test:
				t.Errorf("%s imports %s: only tests may", f.path, to)
			case within(to, []string{"fakepypi"}) && !f.test && f.room != "cli" && !within(f.room, []string{"fakepypi"}):
				t.Errorf("%s imports %s: only cli and tests may", f.path, to)
			case f.test, strings.HasPrefix(to, f.room+"/"):
				// Tests may look across, and a folder may use its own sub-rooms.
			case within(f.room, []string{"fakepypi"}) && !within(to, []string{"pep", "archive"}):
				t.Errorf("%s imports %s: the stage may import pep and archive alone", f.path, to)
			case floor[to] >= floor[f.room]:
				t.Errorf("%s (floor %d) imports %s (floor %d): arrows point down", f.path, floor[f.room], to, floor[to])
			}
		}
	}
	for room := range floor {
		if !seen[room] {
			t.Errorf("the floors table names %s, but there is no such room", room)
		}
	}
}

func TestOnlyImporters(t *testing.T) {
	t.Parallel()
	rules := block(t, "only-importers")
	used := map[string]bool{}
	for _, f := range sources(t) {
		for _, spec := range f.tree.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			for _, rule := range rules {
				if path != rule[0] && !strings.HasPrefix(path, rule[0]+"/") {
					continue
				}
				used[rule[0]] = true
				if !within(f.room, rule[1:]) && !slices.Contains(rule[1:], filepath.ToSlash(f.path)) && !f.test {
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

func TestOnlyPlaces(t *testing.T) {
	t.Parallel()
	allowed := map[string][]string{}
	for _, line := range block(t, "only-places") {
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
			if rooms, ruled := allowed[what]; ruled && !within(f.room, rooms) {
				t.Errorf("%s: %s stands only in %s", f.set.Position(n.Pos()), what, strings.Join(rooms, ", "))
			}
			return true
		})
	}
}

// quiet rooms are pure: no network, no environment, no clock.
func TestQuietRooms(t *testing.T) {
	t.Parallel()
	quiet := []string{"pep", "archive", "dist", "preflight"}
	loud := []string{"net", "net/http", "os/exec", "log", "log/slog"}
	for _, f := range sources(t) {
		if f.test || !within(f.room, quiet) {
			continue
		}
		for _, spec := range f.tree.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); slices.Contains(loud, path) {
				t.Errorf("%s imports %s: this room knows no network and no output", f.path, path)
			}
		}
	}
}

// TestIndexNames keeps the name of an index out of the program: everything but index/site.go asks for capabilities.
func TestIndexNames(t *testing.T) {
	t.Parallel()
	hosts := []string{"pypi.org", "pythonhosted.org"}
	// attest/statement.go has the name of a predicate type, which is no place.
	places := []string{"index/site.go", "config/inputs.go", "attest/statement.go"}
	for _, f := range sources(t) {
		if f.test || within(f.room, []string{"fakepypi"}) || slices.Contains(places, filepath.ToSlash(f.path)) {
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
