package rst_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDoc holds the two lists of doc.go: the reading order has every file, and the names on the left are names of this package.
func TestDoc(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	order, names, found := strings.Cut(string(text), "// # Names of docutils")
	if !found {
		t.Fatal("doc.go has no table of names")
	}
	files, declared := sources(t)
	listed := regexp.MustCompile(`\w+\.go`).FindAllString(order, -1)
	for _, file := range files {
		if count := len(slices.DeleteFunc(slices.Clone(listed), func(l string) bool { return l != file })); count != 1 {
			t.Errorf("the reading order names %s %d times", file, count)
		}
	}
	if len(listed) != len(files) {
		t.Errorf("the reading order names %d files, but there are %d", len(listed), len(files))
	}
	rows := regexp.MustCompile(`(?m)^//\t(\w+(?: \w+)*) {2,}\S`).FindAllStringSubmatch(names, -1)
	if lines := strings.Count(names, "\n//\t"); len(rows) != lines || lines < 100 {
		t.Errorf("%d of %d lines of the table have a name, two blanks and docutils' name", len(rows), lines)
	}
	for _, row := range rows {
		for _, name := range strings.Fields(row[1]) {
			if !declared[name] {
				t.Errorf("the table names %s, which is not in this package", name)
			}
		}
	}
}

// sources returns the files of the package but doc.go, and the names that they declare.
func sources(t *testing.T) (files []string, declared map[string]bool) {
	t.Helper()
	all, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared = map[string]bool{}
	for _, file := range all {
		if file == "doc.go" || strings.HasSuffix(file, "_test.go") {
			continue
		}
		files = append(files, file)
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range tree.Decls {
			switch one := one.(type) {
			case *ast.FuncDecl:
				declared[one.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range one.Specs {
					declare(declared, spec)
				}
			}
		}
	}
	return files, declared
}

// declare adds the names of a declaration, and of the fields of a struct.
func declare(declared map[string]bool, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			declared[name.Name] = true
		}
	case *ast.TypeSpec:
		declared[spec.Name.Name] = true
		if fields, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range fields.Fields.List {
				for _, name := range field.Names {
					declared[name.Name] = true
				}
			}
		}
	}
}
