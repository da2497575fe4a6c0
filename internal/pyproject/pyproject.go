// Package pyproject reads the static name and version from a pyproject.toml (the specification of pyproject.toml, table
// "project"). It is the only package that imports go-toml.
package pyproject

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// longest limits the bytes read from a file: hand-written ones have about a tenth of that.
const longest = 256 << 10

// mostKeys limits the keys and tables of a file: to read a table takes the square of the number of its keys.
const mostKeys = 4096

// Value is a static value, and its position.
type Value struct {
	Text      string // empty if the file has none, or leaves it to the build backend
	Line, Col int    // counted from 1; 0 if the position is unknown
}

// Project holds the values of one file.
type Project struct {
	Path          string
	Name, Version Value
}

// Read returns the name and version in a file. found is false if the file does not exist. If it cannot be read or is not
// valid TOML, the error is a finding.Finding with the line and column, if they are known.
func Read(path string) (p Project, found bool, err error) {
	text, err := localfile.Read(path, longest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Project{}, false, nil
	case err != nil:
		return Project{}, false, problem(path, "cannot be read: "+err.Error())
	}
	p, err = Parse(path, text)
	return p, err == nil, err
}

// document mirrors the part of the file that is read.
type document struct {
	Project struct {
		Name    string   `toml:"name"`
		Version string   `toml:"version"`
		Dynamic []string `toml:"dynamic"`
	} `toml:"project"`
}

// Parse returns the name and version in the text of a file; path is only used in findings. The error is a
// finding.Finding.
func Parse(path string, text []byte) (Project, error) {
	if n := countKeys(text); n > mostKeys {
		return Project{}, problem(path, fmt.Sprintf("has more than %d keys, so it was not read", mostKeys))
	}
	var d document
	if err := toml.Unmarshal(text, &d); err != nil {
		f := problem(path, "cannot be read: "+reasonOf(err))
		var at *toml.DecodeError
		if errors.As(err, &at) {
			f.Line, f.Col = at.Position()
		}
		return Project{}, f
	}
	p := Project{Path: path, Name: Value{Text: d.Project.Name}, Version: Value{Text: d.Project.Version}}
	if slices.Contains(d.Project.Dynamic, "version") {
		p.Version.Text = ""
	}
	p.locate(text)
	return p, nil
}

// reasonOf returns why a text is no valid file, without the names of types of this program.
func reasonOf(err error) string {
	reason := strings.TrimPrefix(err.Error(), "toml: ")
	if _, mismatch, ok := strings.Cut(reason, "cannot decode TOML "); ok {
		is, _, _ := strings.Cut(mismatch, " into ")
		return "a value is of another type than the specification says: " + is
	}
	return reason
}

// locate sets the positions of the values: in the table "project", or in top-level dotted keys.
func (p *Project) locate(text []byte) {
	var parser unstable.Parser
	parser.Reset(text)
	table := ""
	for parser.NextExpression() {
		switch e := parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = dotted(e.Key()) + "."
		case unstable.KeyValue:
			switch table + dotted(e.Key()) {
			case "project.name":
				p.Name.Line, p.Name.Col = position(&parser, e)
			case "project.version":
				p.Version.Line, p.Version.Col = position(&parser, e)
			}
		}
	}
}

// position returns the line and column of an expression's key. It reads the text from its beginning.
func position(parser *unstable.Parser, e *unstable.Node) (line, col int) {
	at := parser.Shape(e.Child().Next().Raw).Start
	if keys := e.Key(); keys.Next() {
		at = parser.Shape(keys.Node().Raw).Start
	}
	return at.Line, at.Column
}

// countKeys returns how many keys and tables a text has, or a number beyond the limit.
func countKeys(text []byte) (n int) {
	var parser unstable.Parser
	parser.Reset(text)
	for n <= mostKeys && parser.NextExpression() {
		n += keysIn(parser.Expression())
	}
	return n
}

// keysIn counts a node, and the keys in its value. The parser limits how deep values are nested.
func keysIn(node *unstable.Node) (n int) {
	if node.Kind != unstable.Array && node.Kind != unstable.InlineTable {
		n = 1
	}
	for children := node.Children(); children.Next(); {
		switch child := children.Node(); child.Kind {
		case unstable.KeyValue, unstable.Array, unstable.InlineTable:
			n += keysIn(child)
		}
	}
	return n
}

func dotted(keys unstable.Iterator) string {
	var parts []string
	for keys.Next() {
		parts = append(parts, string(keys.Node().Data))
	}
	return strings.Join(parts, ".")
}

func problem(path, why string) finding.Finding {
	return finding.New(finding.Pyproject, "the pyproject.toml "+why,
		"no action needed for this release; correct the file so that the name and version can be compared with it").In(path)
}
