package internal_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/testkit/golden"
)

const (
	metadata = "../action.yml"
	readme   = "../README.md"
)

// entry is one named thing of a section of action.yml, with its keys.
type entry struct {
	name string
	keys map[string]string
}

// section reads a top-level section of action.yml. It understands the little YAML that the file is written in and fails on
// anything else, so that what it says is what GitHub reads.
func section(t *testing.T, text, name string) []entry {
	t.Helper()
	_, body, found := strings.Cut(text, "\n"+name+":\n")
	if !found {
		t.Fatalf("%s has no section %s", metadata, name)
	}
	var entries []entry
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		trimmed := strings.TrimLeft(line, " ")
		indent := len(line) - len(trimmed)
		key, value, colon := strings.Cut(trimmed, ":")
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
		case indent == 0:
			return entries
		case indent == 2 && colon:
			entries = append(entries, entry{key, map[string]string{}})
			if value != "" {
				entries[len(entries)-1].keys[""] = scalar(t, value)
			}
		case indent == 4 && colon && len(entries) > 0:
			keys := entries[len(entries)-1].keys
			if _, twice := keys[key]; twice {
				t.Fatalf("%s: %s stands twice in %s", metadata, key, entries[len(entries)-1].name)
			}
			keys[key] = scalar(t, value)
		default:
			t.Fatalf("%s: this line is too clever for a contract: %q", metadata, line)
		}
	}
	return entries
}

// scalar reads a double-quoted text or a plain word.
func scalar(t *testing.T, value string) string {
	t.Helper()
	value = strings.TrimSpace(value)
	if text, err := strconv.Unquote(value); err == nil {
		return text
	}
	if !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9./:@_-]*$`).MatchString(value) {
		t.Fatalf("%s: put %s in double quotes", metadata, value)
	}
	return value
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAction_Contract is one test and not several, since with -update the README is made from what was just written to action.yml.
func TestAction_Contract(t *testing.T) {
	t.Parallel()
	var inputs, table, details strings.Builder
	for _, in := range config.Inputs() {
		fmt.Fprintf(&inputs, "  %s:\n    description: %s\n    default: %s\n", in.Name, strconv.Quote(in.Help), strconv.Quote(in.Default))
		standard := "`" + in.Default + "`"
		if in.Default == "" {
			standard = ""
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", in.Name, standard, firstSentence(in.Help))
		fmt.Fprintf(&details, "| `%s` | %s | %s |\n", in.Name, standard, in.Help)
	}
	golden.Part(t, metadata, "\ninputs:\n", "\noutputs:\n", inputs.String())
	action := read(t, metadata)
	checkInputs(t, section(t, action, "inputs"))

	var outputs, outputDetails strings.Builder
	for _, out := range section(t, action, "outputs") {
		if len(out.keys) != 1 || out.keys["description"] == "" {
			t.Errorf("output %s needs a description and nothing else", out.name)
		}
		fmt.Fprintf(&outputs, "| `%s` | %s |\n", out.name, firstSentence(out.keys["description"]))
		fmt.Fprintf(&outputDetails, "| `%s` | %s |\n", out.name, out.keys["description"])
	}
	const inputHead, outputHead = "| input | default | meaning |\n|---|---|---|\n", "| output | meaning |\n|---|---|\n"
	golden.Part(t, readme, "<!-- inputs -->\n", "<!-- /inputs -->", inputHead+table.String())
	golden.Part(t, readme, "<!-- outputs -->\n", "<!-- /outputs -->", outputHead+outputs.String())
	golden.Part(t, "../docs/inputs.md", "<!-- inputs -->\n", "<!-- /inputs -->", inputHead+details.String())
	golden.Part(t, "../docs/inputs.md", "<!-- outputs -->\n", "<!-- /outputs -->", outputHead+outputDetails.String())
}

// firstSentence returns the beginning of a description up to the end of its first sentence, for the README, which leads to the rest.
func firstSentence(text string) string {
	end := regexp.MustCompile(`\. [A-Za-z]`).FindStringIndex(text)
	if end == nil {
		return text
	}
	return text[:end[0]+1]
}

// checkInputs reads action.yml back, as the runner would.
func checkInputs(t *testing.T, got []entry) {
	t.Helper()
	want := config.Inputs()
	if len(got) != len(want) {
		t.Fatalf("%s has %d inputs, the table has %d", metadata, len(got), len(want))
	}
	for i, in := range want {
		keys := map[string]string{"description": in.Help, "default": in.Default}
		if got[i].name != in.Name || !maps.Equal(got[i].keys, keys) {
			t.Errorf("%s: got %v, want %s %v", metadata, got[i], in.Name, keys)
		}
	}
}

// TestAction_Outputs holds the outputs of action.yml against the table in the package report: one that is not declared would never reach a
// workflow, and one that is never set would be an empty promise.
func TestAction_Outputs(t *testing.T) {
	t.Parallel()
	tree, err := parser.ParseFile(token.NewFileSet(), "report/outputs.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var set []string
	ast.Inspect(tree, func(n ast.Node) bool {
		list, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		array, ok := list.Type.(*ast.ArrayType)
		if !ok || fmt.Sprint(array.Elt) != "output" {
			return true
		}
		for _, row := range list.Elts {
			name, err := strconv.Unquote(row.(*ast.CompositeLit).Elts[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Error(err)
			}
			set = append(set, name)
		}
		return false
	})
	var declared []string
	for _, out := range section(t, read(t, metadata), "outputs") {
		declared = append(declared, out.name)
	}
	if !slices.Equal(set, declared) {
		t.Errorf("outputs set:      %v\noutputs declared: %v", set, declared)
	}
}

// TestAction_Description: the Marketplace takes a description of fewer than 125 characters.
func TestAction_Description(t *testing.T) {
	t.Parallel()
	const most = 124
	found := regexp.MustCompile(`(?m)^description: (.+)$`).FindStringSubmatch(read(t, metadata))
	if found == nil || utf8.RuneCountInString(found[1]) > most {
		t.Errorf("the description %q has more than %d characters", found, most)
	}
}

// TestAction_Runs keeps the action a container action that the runner gives nothing by arguments: its quoting there escapes only a
// quote, and a second entry point would be a second program to keep right.
func TestAction_Runs(t *testing.T) {
	t.Parallel()
	runs := map[string]string{}
	for _, e := range section(t, read(t, metadata), "runs") {
		runs[e.name] = e.keys[""]
	}
	if runs["using"] != "docker" || len(runs) != 2 {
		t.Errorf("runs is %v; want using and image alone", runs)
	}
	released := regexp.MustCompile(`^docker://[a-z0-9./-]+:v[0-9]+\.[0-9]+\.[0-9]+@sha256:[0-9a-f]{64}$`)
	if image := runs["image"]; image != "Dockerfile" && !released.MatchString(image) {
		t.Errorf("image is %q; want Dockerfile, or an image with a version and a digest", image)
	}
}

// TestGitAttributes_LineEndings: Git for Windows changes the ends of lines unless configured otherwise, and a program that is built of
// such a clone knows no classifier.
func TestGitAttributes_LineEndings(t *testing.T) {
	t.Parallel()
	if text := read(t, "../.gitattributes"); !strings.Contains(text, "\n* -text\n") {
		t.Errorf(".gitattributes must keep the files as they are:\n%s", text)
	}
}

// TestDockerfile holds GitHub's rules for the image of an action.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	text := read(t, "../Dockerfile")
	last := text[strings.LastIndex(text, "\nFROM "):]
	for _, banned := range []string{"\nUSER", "\nWORKDIR", "\nCMD", "\nRUN"} {
		if strings.Contains(last, banned) {
			t.Errorf("the final stage has a line %s", strings.TrimSpace(banned))
		}
	}
	if !strings.HasPrefix(last, "\nFROM scratch\n") || !regexp.MustCompile(`\nENTRYPOINT \["/[a-z-]+"\]\n`).MatchString(last) {
		t.Errorf("the final stage must be scratch with an absolute entry point in exec form:%s", last)
	}
}

// TestReadme_WorkflowExamples holds the workflows that people copy from the README: inputs that exist, actions pinned by commit.
func TestReadme_WorkflowExamples(t *testing.T) {
	t.Parallel()
	var names []string
	for _, in := range config.Inputs() {
		names = append(names, in.Name)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(read(t, readme), -1)
	if len(blocks) == 0 {
		t.Fatal("the README shows no workflow")
	}
	for _, block := range blocks {
		ours := false
		for line := range strings.Lines(block[1]) {
			trimmed := strings.TrimPrefix(strings.TrimSpace(line), "- ")
			if uses, ok := strings.CutPrefix(trimmed, "uses: "); ok {
				ours = strings.HasPrefix(uses, "org/pypi-oidc-publish@")
				if !ours && !regexp.MustCompile(`^[\w/.-]+@[0-9a-f]{40} # v\d+(\.\d+)*$`).MatchString(uses) {
					t.Errorf("pin by commit and say the version: %s", uses)
				}
			}
			key, _, colon := strings.Cut(trimmed, ":")
			if indent := len(line) - len(strings.TrimLeft(line, " ")); ours && indent == 10 && colon && !slices.Contains(names, key) {
				t.Errorf("%s is not an input: %s", key, line)
			}
		}
	}
}

// TestDocs_RelativeLinks holds the relative links of the documentation: each leads to a file of the repository.
func TestDocs_RelativeLinks(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, page := range append(pages, readme) {
		for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(read(t, page), -1) {
			target, _, _ := strings.Cut(link[1], "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if links == 0 {
		t.Error("no link was found: the test reads the wrong files")
	}
}
