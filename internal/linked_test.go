package internal_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/buildtags"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
)

// reflecting returns the functions in the output of the linker's -dumpdep that look up methods by a name or number which the linker
// cannot know, each with what reaches it. The output has a line "FROM -> TO" for the first reference to a symbol; marks such as
// <ReflectMethod> may follow each of the two.
func reflecting(dump string) []string {
	const (
		mark  = " <ReflectMethod>"
		chain = 12 // how many symbols are shown of what reaches one
	)
	edge := regexp.MustCompile(`^(.+?)((?: <\w+>)*) -> (.+?)((?: <\w+>)*)$`)
	from, marked := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(dump) {
		e := edge.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if e == nil {
			continue
		}
		if _, known := from[e[3]]; !known {
			from[e[3]] = e[1]
		}
		if strings.Contains(e[2], mark) {
			marked[e[1]] = true
		}
		if strings.Contains(e[4], mark) {
			marked[e[3]] = true
		}
	}
	var found []string
	for symbol := range marked {
		text := symbol
		for range chain {
			if symbol = from[symbol]; symbol == "" {
				break
			}
			text += " <- " + symbol
		}
		found = append(found, text)
	}
	slices.Sort(found)
	return found
}

// TestReflecting is how the output of the linker is read.
func TestReflecting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dump string
		want []string
	}{
		"none": {"main.main -> fmt.Println\nfmt.Println -> type:*os.File <UsedInIface>\n# a note\n", nil},
		"where it is to": {
			"_ -> main.main\nmain.main -> a.b\na.b -> a.(*t).c <ReflectMethod>\n", []string{"a.(*t).c <- a.b <- main.main <- _"},
		},
		"where it is from, and of two marks": {
			"main.main -> a.b <UsedInIface>\na.b <UsedInIface> <ReflectMethod> -> go:string.\"a -> b\"\n", []string{"a.b <- main.main"},
		},
	} {
		if got := reflecting(c.dump); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestLinked_NoMethodReflection: one function that looks up methods by a name known only at run time makes the linker keep every exported
// method of every type, which is a quarter of the program (docs/performance.md). None is left.
func TestLinked_NoMethodReflection(t *testing.T) {
	t.Parallel()
	long.Only(t)
	program := filepath.Join(t.TempDir(), "program")
	command := exec.CommandContext(t.Context(), "go", "build", "-tags="+buildtags.Read(t), "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -dumpdep", "-o", program, ".")
	command.Dir = ".."
	command.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	var dump bytes.Buffer
	command.Stdout, command.Stderr = &dump, &dump
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%.2000s", err, dump.String())
	}
	if !strings.Contains(dump.String(), "\nmain.main -> ") {
		t.Fatalf("the linker does not say what reaches what:\n%.2000s", dump.String())
	}
	for _, function := range reflecting(dump.String()) {
		t.Errorf("the linker keeps all methods of all types because of %s", function)
	}
	// What go.mod replaces by a folder of this repository is there for the compiler alone.
	for _, replaced := range []string{"github.com/asaskevich/govalidator"} {
		if strings.Contains(dump.String(), " -> "+replaced+".") {
			t.Errorf("a function of internal/replaced/%s is in the program, so that something calls it", filepath.Base(replaced))
		}
	}
	if runtime.GOOS+"/"+runtime.GOARCH == "linux/amd64" {
		checkStart(t, program)
	}
}

// checkStart checks what the packages of the program take from memory before main, as the runtime reports it: the time of that depends on
// the machine, and this does not. A package of ours that builds a table or compiles a pattern at every start, for a run that may not need
// it, takes more; so does a library that came with more than it is used for.
func checkStart(t *testing.T, program string) {
	t.Helper()
	const (
		mostOurs, mostOurPieces = 40 << 10, 450 // bytes, and how often
		mostAll, mostPieces     = 1300 << 10, 8_000
	)
	command := exec.CommandContext(t.Context(), program, "version")
	command.Env = []string{"GODEBUG=inittrace=1"}
	var trace bytes.Buffer
	command.Stderr = &trace
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^init (\S+) .* (\d+) bytes, (\d+) allocs$`)
	packages := 0
	var ours, all, ourPieces, pieces int
	for _, m := range line.FindAllStringSubmatch(trace.String(), -1) {
		bytes, errBytes := strconv.Atoi(m[2])
		allocations, errAllocations := strconv.Atoi(m[3])
		if err := errors.Join(errBytes, errAllocations); err != nil {
			t.Fatal(err)
		}
		packages, all, pieces = packages+1, all+bytes, pieces+allocations
		if strings.Contains(m[1], "/pypi-oidc-publish/") {
			ours, ourPieces = ours+bytes, ourPieces+allocations
		}
	}
	t.Logf("%d packages take %d bytes in %d pieces before main, ours %d in %d", packages, all, pieces, ours, ourPieces)
	if packages == 0 || ours > mostOurs || ourPieces > mostOurPieces || all > mostAll || pieces > mostPieces {
		t.Errorf("more than %d bytes in %d pieces, or of ours %d in %d", mostAll, mostPieces, mostOurs, mostOurPieces)
	}
}

// TestLinked_LeftOut: what must not come back into the program unnoticed, since much comes with it.
func TestLinked_LeftOut(t *testing.T) {
	t.Parallel()
	packages := linkedPackages(t)
	for _, unwanted := range []string{
		"golang.org/x/net/trace",                   // a tracer with web pages, whose templates look up methods by name
		"github.com/sigstore/sigstore-go/pkg/sign", // clients of Fulcio and Rekor, of which the program has its own
	} {
		if _, linked := packages[unwanted]; linked {
			t.Errorf("%s is in the program: it is imported by %q", unwanted, directImporters(packages, unwanted))
		}
	}
}

// directImporters returns the packages that import a package, sorted.
func directImporters(packages map[string]linkedPackage, of string) []string {
	var all []string
	for path, one := range packages {
		if slices.Contains(one.Imports, of) {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

// TestBuildTags: the Dockerfile says once with which tags a release is built, and what builds one reads them there.
func TestBuildTags(t *testing.T) {
	t.Parallel()
	tags := buildtags.Read(t)
	builds := 0
	for path, reads := range map[string]string{
		"../Dockerfile":          `go build -tags "$TAGS" `,
		"../.ci/binaries":        `go build -tags "$tags" `,
		"../.ci/image/main.go":   `"-tags=" + r.Tags`,
		"../.ci/image/recipe.go": `"ARG TAGS="`,
	} {
		text := read(t, path)
		if !strings.Contains(text, reads) {
			t.Errorf("%s does not build with %s", path, reads)
		}
		builds += strings.Count(text, "go build -") - strings.Count(text, "go build -C .ci/image ") // that tool builds the image
		for tag := range strings.SplitSeq(tags, ",") {
			if path != "../Dockerfile" && strings.Contains(text, tag) {
				t.Errorf("%s has the tag %s, which it should read from the Dockerfile", path, tag)
			}
		}
	}
	if builds != 2 {
		t.Errorf("%d builds of the program, and this test knows of two", builds)
	}
	// With which flags the compiler compiles the libraries is said once too.
	for path, reads := range map[string]string{
		"../Dockerfile": ` $GCFLAGS -trimpath`, "../.ci/binaries": `"${gcflags[@]}" -trimpath`, "../.ci/image/main.go": `r.Compiler`,
	} {
		if !strings.Contains(read(t, path), reads) {
			t.Errorf("%s does not build with %s", path, reads)
		}
	}
	// The documentation names the tags where it says what they are worth.
	for tag := range strings.SplitSeq(tags, ",") {
		if !strings.Contains(read(t, "../docs/performance.md"), "`"+tag+"`") {
			t.Errorf("docs/performance.md does not say what the tag %s is for", tag)
		}
	}
}
