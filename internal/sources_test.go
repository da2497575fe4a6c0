package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"sync"
)

// goSource is one source file, read and parsed once for all tests.
type goSource struct {
	text string
	tree *ast.File
	set  *token.FileSet
}

// goSources remembers the source files by their paths.
var goSources sync.Map

// sourceOf returns a source file.
func sourceOf(path string) (goSource, error) {
	if known, ok := goSources.Load(path); ok {
		return known.(goSource), nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return goSource{}, err
	}
	source, err := parse(path, string(text))
	if err != nil {
		return goSource{}, err
	}
	known, _ := goSources.LoadOrStore(path, source)
	return known.(goSource), nil
}

// parse returns the source file of a text.
func parse(path, text string) (goSource, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, text, parser.SkipObjectResolution)
	return goSource{text, tree, set}, err
}
