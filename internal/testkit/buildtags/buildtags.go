// Package buildtags reads with which tags a release is built, for tests that build the program.
package buildtags

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Read returns the tags for go build, with commas between them. They are those of the Dockerfile's line ARG TAGS, which
// everything reads that builds a release.
func Read(t testing.TB) string { return line(t, "TAGS", `(\S+)`) }

// Compiler returns the flags for go build that say how packages are compiled. They are those of the Dockerfile's line ARG GCFLAGS.
func Compiler(t testing.TB) []string { return strings.Fields(line(t, "GCFLAGS", `"(.*)"`)) }

// line returns the value of one ARG of the Dockerfile.
func line(t testing.TB, name, pattern string) string {
	t.Helper()
	module, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(string(module)), "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^ARG `+name+`=`+pattern+`$`).FindAllSubmatch(text, -1)
	if len(lines) != 1 {
		t.Fatalf("the Dockerfile has %d lines ARG %s=…; want one", len(lines), name)
	}
	return string(lines[0][1])
}
