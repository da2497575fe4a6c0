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

// TestHeadingsAreMessages: people search for what they read. Every heading of docs/troubleshooting.md is a message of the program, or the
// words of the index, with … for what differs.
func TestHeadingsAreMessages(t *testing.T) {
	t.Parallel()
	page := read(t, "../docs/troubleshooting.md")
	texts := []string{http.StatusText(http.StatusTooManyRequests), ": " + fs.ErrPermission.Error()} // of the libraries
	for _, room := range append(rooms(), "fakepypi/warehouse", "fakepypi", "par") {
		texts = append(texts, textsOf(t, room)...)
	}
	sections := regexp.MustCompile(`<a id="([a-z0-9-]+)"></a>\n### (.+)\n`).FindAllStringSubmatch(page, -1)
	if len(sections) < 60 {
		t.Fatalf("only %d headings were found", len(sections))
	}
	for _, section := range sections {
		heading := strings.ReplaceAll(section[2], "`", "")
		if heading == section[1] || !slices.ContainsFunc(texts, func(text string) bool { return says(text, heading) }) {
			t.Errorf("%s: nothing says %q", section[1], section[2])
		}
	}
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

// textsOf are the texts that a room can write: its literals, put together where it does so, without verbs and backticks.
func textsOf(t *testing.T, room string) []string {
	t.Helper()
	files, err := filepath.Glob(room + "/*.go")
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
