// Package golden compares what the program says with files of the repository, for tests. With the flag -update, which every test binary
// has that imports it, the files are written anew:
//
//	go test ./internal/report -update
//
// A text that differs is shown as a unified diff.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
)

var update = flag.Bool("update", false, "write anew the files that hold what the program says")

// Equal fails the test where got is not the content of the file at path, or writes the file.
func Equal(t testing.TB, path, got string) {
	t.Helper()
	if *update {
		write(t, path, got)
		return
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v\n%s", err, hint())
	}
	if difference := Diff(path, string(content), got); difference != "" {
		t.Errorf("%s is not what is said now; %s\n%s", path, hint(), difference)
	}
}

// Part fails the test where the text between the first from and the to after it in the file at path is not want, or writes it there.
func Part(t testing.TB, path, from, to, want string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := strings.Cut(string(content), from)
	got, after, closed := strings.Cut(rest, to)
	difference := Diff(path, got, want)
	switch {
	case !opened || !closed:
		t.Errorf("%s has no part from %q to %q", path, from, to)
	case difference == "":
	case *update:
		write(t, path, before+from+want+to+after)
	default:
		t.Errorf("%s: the part after %q is not what it is made from; %s\n%s", path, from, hint(), difference)
	}
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// hint says how to write the file anew. A test runs in the folder of its package.
func hint() string {
	here, err := os.Getwd()
	if err != nil {
		return "run the test with -update to write it anew"
	}
	root := here
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil || root == filepath.Dir(root) {
			break
		}
		root = filepath.Dir(root)
	}
	folder, err := filepath.Rel(root, here)
	if err != nil {
		return "run the test with -update to write it anew"
	}
	return "go test ./" + filepath.ToSlash(folder) + " -update writes it anew"
}

// longest is how many bytes of one line are compared as one. JSON comes in a single line, of which a diff would show all.
const longest = 300

// Diff returns a unified diff from want, the content of the file named, to got; "" where they are the same.
func Diff(name, want, got string) string {
	if want == got {
		return ""
	}
	found := diff.Diff(name, []byte(broken(want)), "now", []byte(broken(got)))
	if found == nil { // they differ in line breaks alone, where a line is broken
		found = diff.Diff(name, []byte(want), "now", []byte(got))
	}
	return string(found)
}

// broken breaks lines that are longer than the longest after each comma that follows a string, an object or a list.
func broken(text string) string {
	comma := regexp.MustCompile(`["}\]],`)
	var b strings.Builder
	for line := range strings.Lines(text) {
		if len(line) > longest {
			line = comma.ReplaceAllStringFunc(line, func(found string) string { return found + "\n" })
		}
		b.WriteString(line)
	}
	return b.String()
}

// Replacement is what stands in a golden file for what differs from run to run.
type Replacement struct {
	Pattern string // a regular expression
	With    string // as for [regexp.Regexp.ReplaceAllString]
}

// Stable returns the text with the replacements made in their order, and then without the numbers that change with every new rule.
func Stable(text string, replacements ...Replacement) string {
	for _, r := range append(replacements, Replacement{`\bby \d+ rules\b`, "by N rules"}) {
		text = regexp.MustCompile(r.Pattern).ReplaceAllString(text, r.With)
	}
	return text
}

// Path returns the path of the file in a folder for a situation that is described in words.
func Path(folder, situation string) string {
	return filepath.Join(folder, strings.ReplaceAll(situation, " ", "-")+".golden")
}

// Files fails the test where a folder does not have exactly one file for each situation.
func Files(t testing.TB, folder string, situations []string) {
	t.Helper()
	names := map[string]bool{}
	for _, situation := range situations {
		if names[Path(folder, situation)] {
			t.Errorf("two situations have the file of %q", situation)
		}
		names[Path(folder, situation)] = true
	}
	files, err := filepath.Glob(Path(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if !names[path] {
			t.Errorf("no situation has the file %s", path)
		}
		delete(names, path)
	}
	for path := range names {
		t.Errorf("there is no %s; %s", path, hint())
	}
}
