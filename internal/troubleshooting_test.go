package internal_test

import (
	"cmp"
	"go/ast"
	"go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// explained returns the findings that docs/troubleshooting.md has a place for, in their order.
func explained() []finding.ID {
	var ids []finding.ID
	for _, section := range finding.Sections() {
		for _, d := range section.Definitions {
			if section.Page == troubleshooting {
				ids = append(ids, d.ID)
			}
		}
	}
	return ids
}

const troubleshooting = "docs/troubleshooting.md"

// TestTroubleshooting_Sections: docs/troubleshooting.md has the sections and the ids of the table, in its order.
func TestTroubleshooting_Sections(t *testing.T) {
	t.Parallel()
	var got, want []string
	for _, match := range regexp.MustCompile(`(?m)^(?:## (.+)|<a id="(.+)"></a>)$`).FindAllStringSubmatch(read(t, "../"+troubleshooting),
		-1) {
		got = append(got, cmp.Or(match[1], match[2]))
	}
	for _, section := range finding.Sections() {
		if section.Page != troubleshooting {
			continue
		}
		want = append(want, section.Heading)
		for _, d := range section.Definitions {
			want = append(want, string(d.ID))
		}
	}
	if len(want) < 100 {
		t.Fatalf("the table has %d rows", len(want))
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s and the table of findings differ here:\n%q\n%q", troubleshooting, got[min(i, len(got)):], want[min(i, len(want)):])
		}
	}
}

// TestFindingIDs_InOneTable: an id is one of the table of findings, or of the table of rules; of both only where its page is that of the
// rules.
func TestFindingIDs_InOneTable(t *testing.T) {
	t.Parallel()
	for _, rule := range preflight.Rules() {
		if page := rule.ID.Page(); page != "" && page != preflight.Page(rule.ID) {
			t.Errorf("%s is a rule, and is explained at %s", rule.ID, page)
		}
	}
	for _, section := range finding.Sections() {
		for _, d := range section.Definitions {
			if section.Page != troubleshooting && preflight.Page(d.ID) != d.ID.Page() {
				t.Errorf("%s is explained at %s, and %q is its page", d.ID, d.ID.Page(), preflight.Page(d.ID))
			}
		}
	}
}

// otherMeanings returns the words that are ids and something else as well, by the package that means that.
func otherMeanings() map[string][]string {
	return map[string][]string{
		// Inputs, a profile and an output.
		"cli":    {"packages-dir", "expected-version", "expected-project", "no-trusted-publishing", "url"},
		"config": {"packages-dir", "attestations-dir", "dry-run", "expected-version", "expected-project", "ca-bundle"}, // inputs
		"ledger": {"conflict", "skipped", "dry-run"},                                                                   // outcomes
	}
}

// TestFindingIDs_OnlyInTables: an id is written where it is defined, and nowhere else as a text.
func TestFindingIDs_OnlyInTables(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, section := range finding.Sections() {
		for _, d := range section.Definitions {
			ids[string(d.ID)] = true
		}
	}
	for _, rule := range preflight.Rules() {
		ids[string(rule.ID)] = true
	}
	unused := otherMeanings()
	for _, file := range productFiles(t) {
		dir := filepath.Dir(file)
		if dir == "finding" || dir == "preflight" || !strings.Contains(read(t, file), `/internal/finding"`) {
			continue
		}
		for _, literal := range literalsOf(t, file) {
			if !ids[literal] {
				continue
			}
			if slices.Contains(otherMeanings()[dir], literal) {
				unused[dir] = slices.DeleteFunc(unused[dir], func(word string) bool { return word == literal })
				continue
			}
			t.Errorf("%s has the id %q as a text", file, literal)
		}
	}
	for dir, phrases := range unused {
		if len(phrases) > 0 {
			t.Errorf("%s no longer means something else by %q", dir, phrases)
		}
	}
}

// productFiles returns the Go files of the product, without its tests, and without the test index, which knows nothing of findings.
func productFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path == "fakepypi" {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	return files
}

// literalsOf returns the texts that stand in a Go file.
func literalsOf(t *testing.T, file string) []string {
	t.Helper()
	source, err := sourceOf(file)
	if err != nil {
		t.Fatal(err)
	}
	var literals []string
	ast.Inspect(source.tree, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				literals = append(literals, text)
			}
		}
		return true
	})
	return literals
}

// wordsFrom is where the words of a finding stand, if not in a file that makes it.
func wordsFrom(t *testing.T, id finding.ID) []string {
	t.Helper()
	switch id {
	case "input-value", "input-url", "input-auth", "github-token-empty":
		return textsOf(t, "config/*.go")
	case "no-release":
		return textsOf(t, "distfile/distfile.go")
	case "audience-foreign":
		return textsOf(t, "index/site.go")
	case "audience-redirect":
		return textsOf(t, "wire/error.go")
	case "attestation-refused":
		return textsOf(t, "attest/entry.go")
	case finding.Internal:
		return textsOf(t, "par/par.go")
	case "packages-dir", "path-unreadable": // the system's
		return []string{"open …: " + fs.ErrPermission.Error()}
	case "upload-too-many": // of the status line, where the index says nothing else
		return []string{http.StatusText(http.StatusTooManyRequests)}
	}
	return nil
}

// TestTroubleshooting_HeadingsAreMessages: people search for what they read. Every heading of docs/troubleshooting.md is what the program
// says where it gives the id, or the words of the index, with … for what differs.
func TestTroubleshooting_HeadingsAreMessages(t *testing.T) {
	t.Parallel()
	page := read(t, "../"+troubleshooting)
	index := append(textsOf(t, "fakepypi/warehouse/*.go"), textsOf(t, "fakepypi/*.go")...)
	sections := regexp.MustCompile(`<a id="([a-z0-9-]+)"></a>\n### (.+)\n`).FindAllStringSubmatch(page, -1)
	if len(sections) != len(explained()) {
		t.Fatalf("%d headings were found", len(sections))
	}
	headings, files, textOfFile := map[string]finding.ID{}, filesByID(t), map[string][]string{}
	for _, section := range sections {
		id, heading := finding.ID(section[1]), strings.ReplaceAll(section[2], "`", "")
		if other := headings[heading]; other != "" {
			t.Errorf("%s and %s have one heading: %s", id, other, heading)
		}
		headings[heading] = id
		texts := slices.Clone(index)
		for _, file := range files[strings.ReplaceAll(string(id), "-", "")] {
			if textOfFile[file] == nil {
				textOfFile[file] = textsOf(t, file)
			}
			texts = append(texts, textOfFile[file]...)
		}
		texts = append(texts, wordsFrom(t, id)...)
		if heading == string(id) || !slices.ContainsFunc(texts, func(text string) bool { return says(text, heading) }) {
			t.Errorf("%s: nothing says %q", id, section[2])
		}
	}
}

// filesByID returns the files of the product that name the constant of an id, which is the id in Go's spelling: by the id in lower case
// without its hyphens.
func filesByID(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, file := range productFiles(t) {
		source, err := sourceOf(file)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(source.tree, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := s.X.(*ast.Ident); ok && pkg.Name == "finding" {
					name := strings.ToLower(s.Sel.Name)
					if !slices.Contains(found[name], file) {
						found[name] = append(found[name], file)
					}
				}
			}
			return true
		})
	}
	return found
}

// says reports whether a text has the heading's pieces, in their order.
func says(text, heading string) bool {
	found := false
	for _, piece := range strings.Split(heading, "…") {
		piece = strings.TrimSpace(piece)
		if piece == "" {
			continue
		}
		_, rest, has := strings.Cut(text, piece)
		if !has {
			return false
		}
		text, found = rest, true
	}
	return found
}

// textsOf are the texts that files can write: their literals, put together where they do so, without verbs and backticks.
func textsOf(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	verb := regexp.MustCompile(`%[+#]?\d*[a-zA-Z]`)
	var texts []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := sourceOf(file)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(source.tree, func(n ast.Node) bool {
			expression, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text := textOf(expression)
			if text == "" || text == "…" {
				return true
			}
			texts = append(texts, strings.ReplaceAll(verb.ReplaceAllString(text, "…"), "`", ""))
			return false
		})
	}
	return texts
}

// textOf is an expression as far as it is made of literals, with … for the rest.
func textOf(n ast.Expr) string {
	switch e := n.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		left, right := textOf(e.X), textOf(e.Y)
		if e.Op == token.ADD && left+right != "" {
			return cmp.Or(left, "…") + cmp.Or(right, "…")
		}
	}
	return ""
}
