package finding_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// TestTable_Complete: every constant has one row and every row a constant, whose name is the id in Go's spelling.
func TestTable_Complete(t *testing.T) {
	t.Parallel()
	constants := map[string]bool{}
	tree, err := parser.ParseFile(token.NewFileSet(), "ids.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			constants[strings.ToLower(spec.Names[0].Name)] = true
		}
		return true
	})
	var ids []finding.ID
	for _, section := range finding.Sections() {
		for _, d := range section.Definitions {
			name := strings.ReplaceAll(string(d.ID), "-", "")
			if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(string(d.ID)) || slices.Contains(ids, d.ID) || !constants[name] {
				t.Errorf("%q is no id, has two rows, or has no constant of its name", d.ID)
			}
			ids = append(ids, d.ID)
			delete(constants, name)
		}
	}
	if len(constants) > 0 {
		t.Errorf("without a row: %v", constants)
	}
}

// TestTable_EveryErrorHasFault: but for a run that a signal ended. Exit codes depend on it.
func TestTable_EveryErrorHasFault(t *testing.T) {
	t.Parallel()
	for _, section := range finding.Sections() {
		for _, d := range section.Definitions {
			if d.Severity == finding.Error && (d.Fault == finding.Other) != (d.ID == finding.Cancelled) {
				t.Errorf("%s is the fault %d", d.ID, d.Fault)
			}
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	got := finding.New(finding.Conflict, "other bytes", "raise the version").In("dist/a.whl")
	want := finding.Finding{
		ID: "conflict", Severity: finding.Error, Fault: finding.Distribution, File: "dist/a.whl", Message: "other bytes",
		Fix: "raise the version",
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := finding.New("nothing-like-it", "m", ""); got.Severity != finding.Error || got.Fault != finding.Program {
		t.Errorf("without a row: %+v", got)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	for id, want := range map[finding.ID]string{
		finding.Conflict: "docs/troubleshooting.md#conflict", finding.Pyproject: "docs/rules.md#pyproject", "nothing-like-it": "",
	} {
		if got := id.Page(); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}
