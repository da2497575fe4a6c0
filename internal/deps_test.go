package internal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/buildtags"
)

const dependencies = "../docs/dependencies.md"

// linkedPackage is what `go list -deps -json` says of one package of the program.
type linkedPackage struct {
	ImportPath string
	Imports    []string
	Dir        string
	GoFiles    []string      // that are built, without their folder
	Module     *linkedModule // nil for the standard library
}

// linkedModule is the module of a package.
type linkedModule struct {
	Path    string
	Main    bool
	Replace *struct{ Version string } // by a folder of this repository if it has no version
}

// others reports whether the package is of a module that others wrote, and not of the standard library.
func (p linkedPackage) others() bool {
	return p.Module != nil && !p.Module.Main && (p.Module.Replace == nil || p.Module.Replace.Version != "")
}

// linkedPackages returns the packages of the program, as it is released for Linux, by import path. No test changes them.
func linkedPackages(t *testing.T) map[string]linkedPackage {
	t.Helper()
	listing.Do(func() { listing.packages, listing.err = listPackages(buildtags.Read(t)) })
	if listing.err != nil {
		t.Fatal(listing.err)
	}
	return listing.packages
}

// listing is what the go command says of the program, asked once for all tests.
var listing struct {
	sync.Once
	packages map[string]linkedPackage
	err      error
}

func listPackages(tags string) (map[string]linkedPackage, error) {
	command := exec.Command("go", "list", "-tags="+tags, "-deps", "-json=ImportPath,Imports,Module,Dir,GoFiles", ".")
	command.Dir = ".."
	command.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	out, err := command.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return nil, fmt.Errorf("go list: %w\n%s", err, failed.Stderr)
		}
		return nil, err
	}
	packages := map[string]linkedPackage{}
	for list := json.NewDecoder(strings.NewReader(string(out))); ; {
		var one linkedPackage
		if err := list.Decode(&one); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages[one.ImportPath] = one
	}
}

// linkedModules returns the modules of others in the program. Imports of the module without by packages of this repository do not
// count; "" leaves none out.
func linkedModules(packages map[string]linkedPackage, without string) map[string]bool {
	modules, seen := map[string]bool{}, map[string]bool{}
	var visit func(string)
	visit = func(path string) {
		one, known := packages[path]
		if !known || seen[path] {
			return
		}
		seen[path] = true
		ours := one.Module != nil && one.Module.Main
		if one.others() {
			modules[one.Module.Path] = true
		}
		for _, imported := range one.Imports {
			if to := packages[imported].Module; ours && to != nil && to.Path == without {
				continue
			}
			visit(imported)
		}
	}
	for path, one := range packages {
		if one.Module != nil && one.Module.Main && path == one.Module.Path {
			visit(path)
		}
	}
	return modules
}

// importers returns the packages of this repository that import a module, without the part of the path that all have.
func importers(packages map[string]linkedPackage, of string) []string {
	var names []string
	for path, one := range packages {
		if one.Module == nil || !one.Module.Main {
			continue
		}
		if slices.ContainsFunc(one.Imports, func(imported string) bool {
			to := packages[imported].Module
			return to != nil && to.Path == of
		}) {
			names = append(names, "`"+strings.TrimPrefix(path, module)+"`")
		}
	}
	slices.Sort(names)
	return names
}

// directRequirements returns the modules that go.mod requires without "// indirect".
func directRequirements(t *testing.T) []string {
	t.Helper()
	var modules []string
	for _, line := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(read(t, "../go.mod"), -1) {
		modules = append(modules, line[1])
	}
	slices.Sort(modules)
	return modules
}

// TestDependencies holds the page of the dependencies: one row for each module that go.mod names as ours, which says truly who imports
// it and how many modules leave with it, and the number of all modules in the program.
func TestDependencies(t *testing.T) {
	t.Parallel()
	packages := linkedPackages(t)
	all := linkedModules(packages, "")
	text := read(t, dependencies)

	counts := regexp.MustCompile(`contains (\d+) modules of others|of the (\d+) would no longer|licences of all (\d+) go`)
	numbers := counts.FindAllStringSubmatch(text, -1)
	if len(numbers) != 3 {
		t.Errorf("%s says %d times how many modules there are, want 3", dependencies, len(numbers))
	}
	for _, number := range numbers {
		if got := number[1] + number[2] + number[3]; got != strconv.Itoa(len(all)) {
			t.Errorf("%s says %q, but %d modules are in the program:\n%s",
				dependencies, number[0], len(all), strings.Join(slices.Sorted(maps.Keys(all)), "\n"))
		}
	}

	rows := map[string][]string{}
	line := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| (\\d+) \\| [^|]+ \\| [^|]*\\b20\\d\\d-\\d\\d-\\d\\d \\|$")
	for _, row := range line.FindAllStringSubmatch(text, -1) {
		if _, twice := rows[row[1]]; twice {
			t.Errorf("%s has two rows for %s", dependencies, row[1])
		}
		rows[row[1]] = row[2:]
	}
	direct := directRequirements(t)
	if got := slices.Sorted(maps.Keys(rows)); !slices.Equal(got, direct) {
		t.Fatalf("rows of %s:\n%s\ndirect requirements of go.mod:\n%s", dependencies, strings.Join(got, "\n"), strings.Join(direct, "\n"))
	}
	for _, one := range direct {
		by := "tests"
		if names := importers(packages, one); names != nil {
			by = strings.Join(names, ", ")
		}
		want := []string{by, fmt.Sprint(len(all) - len(linkedModules(packages, one)))}
		if !slices.Equal(rows[one], want) {
			t.Errorf("%s: %s is imported by %s, and %s modules leave with it; the page says %q", dependencies, one, want[0], want[1],
				rows[one])
		}
	}
}

// TestLinkedModules is how modules are counted: the module c is needed by our own import of it and by a; b by a alone. A folder
// of this repository stands for r.
func TestLinkedModules(t *testing.T) {
	t.Parallel()
	packages := map[string]linkedPackage{}
	for path, imports := range map[string][]string{
		"ours": {"ours/x", "fmt"}, "ours/x": {"a/p", "c"}, "a/p": {"b", "c", "r"}, "b": nil, "c": nil, "r": nil, "fmt": nil,
	} {
		one := linkedPackage{ImportPath: path, Imports: imports}
		if name, _, _ := strings.Cut(path, "/"); name != "fmt" {
			one.Module = &linkedModule{Path: name, Main: name == "ours"}
			if name == "r" {
				one.Module.Replace = new(struct{ Version string })
			}
		}
		packages[path] = one
	}
	for without, want := range map[string]string{"": "a b c", "a": "c", "b": "a b c", "c": "a b c"} {
		if got := strings.Join(slices.Sorted(maps.Keys(linkedModules(packages, without))), " "); got != want {
			t.Errorf("without %q: %s, want %s", without, got, want)
		}
	}
}
