package pyproject_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

func TestParse(t *testing.T) {
	t.Parallel()
	value := func(text string, line, col int) pyproject.Value {
		return pyproject.Value{Text: text, Line: line, Col: col}
	}
	for name, c := range map[string]struct {
		text          string
		name, version pyproject.Value
	}{
		"static": {
			"[build-system]\nrequires = []\n[project]\nname = \"alder\"\nversion = \"1.0\"\n", value("alder", 4, 1), value("1.0", 5, 1),
		},
		"dotted":   {"project.name = 'alder'\nproject.version = '1.0'\n", value("alder", 1, 1), value("1.0", 2, 1)},
		"inline":   {"project = { name = 'alder', version = '1.0' }\n", value("alder", 0, 0), value("1.0", 0, 0)},
		"indented": {"[ project ]\n  \"version\" = '1.0'\n", value("", 0, 0), value("1.0", 2, 3)},
		"dynamic":  {"[project]\nname = 'alder'\ndynamic = ['version']\n", value("alder", 2, 1), value("", 0, 0)},
		"dynamic and static": {
			"[project]\nname = 'alder'\nversion = '0'\ndynamic = ['readme', 'version']\n", value("alder", 2, 1), value("", 3, 1),
		},
		"another table": {"[tool.poetry]\nname = 'alder'\nversion = '0'\n[[project.x]]\nname = 'y'\n", value("", 0, 0), value("", 0, 0)},
		"nothing":       {"", value("", 0, 0), value("", 0, 0)},
	} {
		got, err := pyproject.Parse("pyproject.toml", []byte(c.text))
		if err != nil || got.Name != c.name || got.Version != c.version {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestParse_InvalidTOML(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text      string
		line, col int
		says      string
	}{
		"no quotes":      {"[project]\nname = alder\n", 2, 8, "expected"},
		"a number":       {"[project]\nversion = 1.0\n", 2, 11, "another type than the specification says: float"},
		"a list":         {"[project]\nname = ['a']\n", 2, 0, "another type"},
		"a table":        {"[project.name]\nx = 1\n", 1, 2, "a table"},
		"a key twice":    {"[project]\nname = 'a'\nname = 'b'\n", 3, 1, "name"},
		"an open string": {"[project]\nname = \"a\n", 2, 0, ""},
		"deep nesting":   {"x = " + strings.Repeat("[", 200<<10), 1, 0, ""},
	} {
		_, err := pyproject.Parse("a/pyproject.toml", []byte(c.text))
		var f finding.Finding
		if !errors.As(err, &f) || f.File != "a/pyproject.toml" || f.ID != finding.Pyproject || f.Severity != finding.Notice || f.Fix == "" {
			t.Errorf("%s: got %+v", name, err)
		}
		if f.Line != c.line || c.col > 0 && f.Col != c.col || !strings.Contains(f.Message, c.says) ||
			strings.Contains(f.Message, "struct") {
			t.Errorf("%s: got %d:%d %q", name, f.Line, f.Col, f.Message)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pyproject.toml")
	if p, found, err := pyproject.Read(path); found || err != nil {
		t.Errorf("no file: got %+v, %v, %v", p, found, err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[project]\nname = 'alder'\n")
	if p, found, err := pyproject.Read(path); !found || err != nil || p.Name.Text != "alder" || p.Path != path {
		t.Errorf("got %+v, %v, %v", p, found, err)
	}
	write("# " + strings.Repeat("x", 256<<10))
	if _, found, err := pyproject.Read(path); found || err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("too large: %v, %v", found, err)
	}
	if _, found, err := pyproject.Read(filepath.Dir(path)); found || err == nil {
		t.Errorf("a folder: %v, %v", found, err)
	}
}

// TestParse_ManyKeys: a file with more keys than any has is not read, wherever the keys are. Values do not count.
func TestParse_ManyKeys(t *testing.T) {
	t.Parallel()
	numbered := func(format string) string {
		var b strings.Builder
		for n := range 5000 {
			fmt.Fprintf(&b, format, n)
		}
		return b.String()
	}
	const project = "[project]\nname = 'alder'\n"
	for name, c := range map[string]struct {
		text string
		read bool
	}{
		"keys":                       {project + numbered("k%d = 1\n"), false},
		"tables":                     {project + numbered("[t%d]\n"), false},
		"an inline table":            {project + "x = {" + numbered("k%d = 1, ") + "z = 1}\n", false},
		"inline tables in a list":    {project + "x = [" + numbered("{k%d = 1}, ") + "]\n", false},
		"values":                     {project + "x = [" + numbered("%d, ") + "]\n", true},
		"keys after what is no TOML": {project + "=\n" + numbered("k%d = 1\n"), false},
	} {
		p, err := pyproject.Parse("pyproject.toml", []byte(c.text))
		if (err == nil) != c.read || c.read && (p.Name.Text != "alder" || p.Name.Line != 2) {
			t.Errorf("%s: got %+v, %v", name, p, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"[project]\nname = 'alder'\nversion = \"1.0\"\ndynamic = []\n", "project.name='x'", "[[project]]\nname='x'", "a = {b = [1, {}]}",
		"[project\n", "name.\"x\".'y' = 1e9",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := pyproject.Parse("pyproject.toml", text)
		if err != nil && p != (pyproject.Project{}) {
			t.Errorf("%+v with %v", p, err)
		}
		if _, sourceErr := pyproject.ParseSource(text); err != nil && sourceErr == nil {
			t.Errorf("an sdist may have it, and a checkout may not: %v", err)
		}
	})
}

// TestParseSource has what those who build an sdist read.
func TestParseSource(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]pyproject.Source{
		"": {},
		"[build-system]\nrequires = ['x']\nbackend-path = ['.', 'a']\n": {
			HasBuild: true, HasRequires: true, BackendPath: []string{".", "a"},
		},
		"[build-system]\nrequires = []\n":                               {HasBuild: true, HasRequires: true},
		"[build-system]\nbuild-backend = 'x'\n":                         {HasBuild: true},
		"build-system.requires = []\nproject.name = 'alder'\n":          {HasBuild: true, HasRequires: true, Name: "alder"},
		"[project]\nname = 'alder'\nversion = '1.0'\n":                  {Name: "alder", Version: "1.0"},
		"[project]\nversion = '1.0'\ndynamic = ['readme', 'version']\n": {},
		"[project]\nversion = '1.0'\ndynamic = ['readme']\n":            {Version: "1.0"},
	} {
		got, err := pyproject.ParseSource([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"[project\nname = alder\n":         "line 1, column 9: ",
		"\n[build-system]\nrequires = 'x'": "line 3, column 12: ",
		strings.Repeat("a.b=1\n", 5000):    pyproject.ErrTooManyKeys.Error(),
	} {
		if _, err := pyproject.ParseSource([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
}
