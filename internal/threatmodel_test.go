package internal_test

import (
	"go/ast"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/report"
)

// TestThreatModel_SameSentence: what a run says of files that it did not see on the index is what the threat model says.
func TestThreatModel_SameSentence(t *testing.T) {
	t.Parallel()
	page := strings.ToLower(strings.Join(strings.Fields(read(t, "../docs/threat-model.md")), " "))
	if !strings.Contains(page, report.OnlyEvidence+":") {
		t.Errorf("docs/threat-model.md does not say %q", report.OnlyEvidence)
	}
}

// TestThreatModel_TestsExist: the tests that the page names are there.
func TestThreatModel_TestsExist(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := sourceOf(path)
		if err != nil {
			return err
		}
		for _, declaration := range source.tree.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok {
				declared[function.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test[A-Za-z0-9_]+)`").FindAllStringSubmatch(read(t, "../docs/threat-model.md"), -1)
	for _, name := range named {
		if !declared[name[1]] {
			t.Errorf("docs/threat-model.md names %s, which is no test", name[1])
		}
	}
	if len(named) < 20 {
		t.Errorf("only %d tests are named", len(named))
	}
}
