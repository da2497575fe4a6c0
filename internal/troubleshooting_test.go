package internal_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// ids are how the code gives a finding its id: in a literal, by an assignment, as a constant with that type of value, and as
// the first word of a table's row.
var ids = []*regexp.Regexp{
	regexp.MustCompile(`\bID:\s+"([a-z0-9-]+)"`),
	regexp.MustCompile(`\.ID(?:, [\w.]+)* = "([a-z0-9-]+)"`),
	regexp.MustCompile(`(?:refused|asFinding)\((?:err, )?"([a-z-]+)"`),
	regexp.MustCompile(`\b(?:id[A-Z]\w*|NoPermission|ForkPull|NoRunner|NoAnswer|StrangeAnswer|NoTrustedPublishing|Cancelled|Internal|NoDistributions) += "([a-z-]+)"`),
	regexp.MustCompile(`(?m)^\t\t(?:\{|\t)"([a-z]+(?:-[a-z0-9]+)+)", (?:"|0,|http\.|[a-z]\w+,)`),
}

// rooms are those that tell findings.
func rooms() []string {
	return []string{"attest", "cli", "config", "dist", "index", "publish", "runner", "trust", "ledger", "github"}
}

// told are the ids of findings that are no rules', and the file of each.
func told(t *testing.T) map[string]string {
	t.Helper()
	told := map[string]string{finding.Internal: "finding/finding.go"}
	for _, room := range rooms() {
		err := filepath.WalkDir(room, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, form := range ids {
				for _, match := range form.FindAllStringSubmatch(string(text), -1) {
					told[match[1]] = path
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, rule := range preflight.Rules() {
		delete(told, rule.ID)
	}
	if len(told) < 60 {
		t.Fatalf("only %d ids were found", len(told))
	}
	return told
}

// TestEveryFindingIsExplained: docs/troubleshooting.md has a place for every id that the program can tell, and for no other.
func TestEveryFindingIsExplained(t *testing.T) {
	t.Parallel()
	told := told(t)
	page, err := os.ReadFile("../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	var explained []string
	for _, match := range regexp.MustCompile(`<a id="([a-z0-9-]+)"></a>`).FindAllStringSubmatch(string(page), -1) {
		if slices.Contains(explained, match[1]) {
			t.Errorf("%s stands twice", match[1])
		}
		explained = append(explained, match[1])
		if told[match[1]] == "" {
			t.Errorf("nothing tells %s", match[1])
		}
	}
	for id, path := range told {
		if !slices.Contains(explained, id) {
			t.Errorf("%s of %s is not explained", id, path)
		}
	}
}

// wordsFrom is where the words of a finding stand, if not in a file that has its id as a literal.
func wordsFrom(t *testing.T, id string) []string {
	t.Helper()
	switch id {
	case "input-value", "input-url", "input-auth", "github-token-empty":
		return textsOf(t, "config/*.go")
	case "no-release":
		return textsOf(t, "dist/dist.go")
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

// TestHeadingsAreMessages: people search for what they read. Every heading of docs/troubleshooting.md is what the program says where it
// gives the id, or the words of the index, with … for what differs.
func TestHeadingsAreMessages(t *testing.T) {
	t.Parallel()
	page := read(t, "../docs/troubleshooting.md")
	index := append(textsOf(t, "fakepypi/warehouse/*.go"), textsOf(t, "fakepypi/*.go")...)
	sections := regexp.MustCompile(`<a id="([a-z0-9-]+)"></a>\n### (.+)\n`).FindAllStringSubmatch(page, -1)
	if len(sections) < 60 {
		t.Fatalf("only %d headings were found", len(sections))
	}
	headings := map[string]string{}
	for _, section := range sections {
		id, heading := section[1], strings.ReplaceAll(section[2], "`", "")
		if other := headings[heading]; other != "" {
			t.Errorf("%s and %s have one heading: %s", id, other, heading)
		}
		headings[heading] = id
		texts := index
		for _, file := range filesOf(t, id) {
			texts = append(texts, textsOf(t, file)...)
		}
		texts = append(texts, wordsFrom(t, id)...)
		if heading == id || !slices.ContainsFunc(texts, func(text string) bool { return says(text, heading) }) {
			t.Errorf("%s: nothing says %q", id, section[2])
		}
	}
}

// filesOf are the files of the product that have an id in a literal.
func filesOf(t *testing.T, id string) []string {
	t.Helper()
	var found []string
	for _, room := range rooms() {
		files, err := filepath.Glob(room + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") && strings.Contains(read(t, file), `"`+id+`"`) {
				found = append(found, file)
			}
		}
	}
	return found
}

// says tells whether a text has the heading's pieces, in their order.
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
	var texts []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			expression, is := n.(ast.Expr)
			if !is {
				return true
			}
			text := textOf(expression)
			if text == "" || text == "…" {
				return true
			}
			texts = append(texts, strings.ReplaceAll(regexp.MustCompile(`%[+#]?\d*[a-zA-Z]`).ReplaceAllString(text, "…"), "`", ""))
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
