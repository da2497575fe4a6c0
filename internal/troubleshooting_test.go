package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// TestEveryFindingIsExplained: docs/troubleshooting.md has a place for every id that the program can tell, and for no other.
func TestEveryFindingIsExplained(t *testing.T) {
	t.Parallel()
	told := map[string]string{finding.Internal: "finding"}
	for _, room := range []string{"attest", "cli", "config", "dist", "index", "publish", "runner", "trust", "ledger", "github"} {
		err := filepath.WalkDir(room, func(path string, entry fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
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
