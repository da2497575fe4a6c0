package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// goSource is one source file, read and parsed once for all tests.
type goSource struct {
	text string
	tree *ast.File
	set  *token.FileSet
}

// goSources remembers the source files by their paths: for each, a function that returns it.
var goSources sync.Map

// sourceOf returns a source file.
func sourceOf(path string) (goSource, error) {
	path = strings.TrimPrefix(filepath.ToSlash(path), "../internal/") // as some find it, who look through the repository
	// Tests that run at the same time ask for the same files, in the same order.
	known, _ := goSources.LoadOrStore(path, sync.OnceValues(func() (goSource, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return goSource{}, err
		}
		return parse(path, string(text))
	}))
	return known.(func() (goSource, error))()
}

// parse returns the source file of a text, with its comments.
func parse(path, text string) (goSource, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
	return goSource{text, tree, set}, err
}
