package internal_test

import (
	"go/ast"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxColumns is how wide a line of Go may be, with a tab as tabColumns columns.
const (
	maxColumns = 140
	tabColumns = 4
)

// TestSources_LineWidth keeps lines so short that two files fit beside each other on a screen. A line that has nothing but one string is
// exempt: a sample of JSON is found and compared more easily in one piece.
func TestSources_LineWidth(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		files++
		source, err := sourceOf(path)
		if err != nil {
			return err
		}
		for _, line := range wideLines(source) {
			t.Errorf("%s:%d: the line is wider than %d columns", path, line, maxColumns)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 300 {
		t.Errorf("only %d files were found", files)
	}
}

// wideLines returns the numbers of the lines that are too wide and have more than one string.
func wideLines(source goSource) []int {
	var wide []int
	number := 0
	for line := range strings.Lines(source.text) {
		number++
		line = strings.TrimSuffix(line, "\n")
		columns := utf8.RuneCountInString(line) + (tabColumns-1)*strings.Count(line, "\t")
		if columns > maxColumns && !onlyString(source, number, line) {
			wide = append(wide, number)
		}
	}
	return wide
}

// onlyString reports whether the line has nothing but one string, apart from punctuation and the string's conversion, or lies within a
// string of several lines.
func onlyString(source goSource, number int, line string) bool {
	found := false
	ast.Inspect(source.tree, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		first, last := source.set.Position(literal.Pos()).Line, source.set.Position(literal.End()).Line
		if first > number || last < number {
			return true
		}
		if first < number || last > number {
			found = true
			return false
		}
		around := strings.Replace(line, literal.Value, "", 1)
		found = found || strings.Trim(around, "\t ,+()") == ""
		return true
	})
	return found
}

func TestWideLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxColumns)
	for what, c := range map[string]struct {
		line string
		wide bool
	}{
		"of 140 columns":         {"// " + long[3:], false},
		"of 141 columns":         {"// " + long[2:], true},
		"of 141 with a tab":      {"\tvar _ int // " + long[16:], true},
		"of 140 characters":      {"// " + strings.Repeat("é", maxColumns-3), false},
		"a string alone":         {"\t\"" + long + "\" +\n\t\"\"", false},
		"a string in a call":     {"\tstring(\n\t`" + long + "`)", false},
		"a string and more":      {"\t\"" + long + "\" + long", true},
		"a line within a string": {"`\n" + long + "\n`", false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			text := "package p\n\nvar long = (\n" + c.line + ")\n"
			if strings.Contains(c.line, "//") {
				text = "package p\n\n" + c.line + "\n"
			}
			source, err := parse("p.go", text)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(wideLines(source)) > 0; got != c.wide {
				t.Errorf("the line is too wide: %v, want %v\n%s", got, c.wide, text)
			}
		})
	}
}
