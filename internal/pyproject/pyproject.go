// Package pyproject reads what a pyproject.toml says of a project by itself: its name and its version (the specification of
// pyproject.toml, table "project"). It is the only importer of go-toml.
package pyproject

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// longest is how many bytes of a file are read: what people write by hand has a tenth of it.
const longest = 256 << 10

// Value is a static value, and where it stands.
type Value struct {
	Text      string // empty where the file has none, or leaves it to the build backend
	Line, Col int    // counted from 1; 0 where the place is not known
}

// Project is what the file says of itself.
type Project struct {
	Path          string
	Name, Version Value
}

// Read reads a file. Where there is none, found is false. What cannot be read, or is no TOML, is a finding.Finding that
// points to the line and column, where they are known.
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

// document is the part of the file that is read.
type document struct {
	Project struct {
		Name    string   `toml:"name"`
		Version string   `toml:"version"`
		Dynamic []string `toml:"dynamic"`
	} `toml:"project"`
}

// Parse reads the text of a file. The error is a finding.Finding.
func Parse(path string, text []byte) (Project, error) {
	var d document
	if err := toml.Unmarshal(text, &d); err != nil {
		f := problem(path, "cannot be read: "+strings.TrimPrefix(err.Error(), "toml: "))
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

// locate finds the lines of the values: in the table "project", or as dotted keys at the top.
func (p *Project) locate(text []byte) {
	var parser unstable.Parser
	parser.Reset(text)
	table := ""
	for parser.NextExpression() {
		switch e := parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = dotted(e.Key()) + "."
		case unstable.KeyValue:
			at := parser.Shape(e.Child().Next().Raw).Start
			if keys := e.Key(); keys.Next() {
				at = parser.Shape(keys.Node().Raw).Start
			}
			switch table + dotted(e.Key()) {
			case "project.name":
				p.Name.Line, p.Name.Col = at.Line, at.Column
			case "project.version":
				p.Version.Line, p.Version.Col = at.Line, at.Column
			}
		}
	}
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
