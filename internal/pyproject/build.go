package pyproject

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pelletier/go-toml/v2"

	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// Build says what builds a project (PEP 517 and PEP 518), and how it is named.
type Build struct {
	Name     string   // in the table project, or else in that of Poetry; empty if neither has one
	Backend  string   // such as hatchling.build; empty if the file names none
	Requires []string // the requirements of the build, as written
}

// ReadBuild returns what a file says about the build of its project. found is false if the file does not exist. Other than [Read] it
// reads the tables of the build, so that a mistake there is an error.
func ReadBuild(path string) (b Build, found bool, err error) {
	text, err := localfile.Read(path, longest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Build{}, false, nil
	case err != nil:
		return Build{}, false, err
	}
	var d struct {
		Project     struct{ Name string }
		BuildSystem struct {
			Backend  string `toml:"build-backend"`
			Requires []string
		} `toml:"build-system"`
		Tool struct {
			Poetry struct{ Name string }
		}
	}
	if err := toml.Unmarshal(text, &d); err != nil {
		return Build{}, false, fmt.Errorf("it is no valid pyproject.toml: %s", reasonOf(err))
	}
	b = Build{Name: d.Project.Name, Backend: d.BuildSystem.Backend, Requires: d.BuildSystem.Requires}
	if b.Name == "" {
		b.Name = d.Tool.Poetry.Name
	}
	return b, true, nil
}

// Source says what the pyproject.toml in an sdist has for those who build it (PEP 517, PEP 518 and PEP 621).
type Source struct {
	Name, Version string   // in the table project; empty if it has none, or leaves it to the build backend
	HasBuild      bool     // whether there is a table build-system
	HasRequires   bool     // whether that names requirements, be it none
	BackendPath   []string // where the backend is in the sdist; empty if it is installed
}

// ParseSource returns what the text of the pyproject.toml of an sdist has for its build. The error is why it is no valid one.
func ParseSource(text []byte) (Source, error) {
	if n := countKeys(text); n > mostKeys {
		return Source{}, ErrTooManyKeys
	}
	var d struct {
		document
		BuildSystem *struct {
			Requires    *[]string
			BackendPath []string `toml:"backend-path"`
		} `toml:"build-system"`
	}
	if err := toml.Unmarshal(text, &d); err != nil {
		reason := reasonOf(err)
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, column := at.Position()
			reason = fmt.Sprintf("line %d, column %d: %s", line, column, reason)
		}
		return Source{}, errors.New(reason)
	}
	s := Source{Name: d.Project.Name, Version: d.Project.Version, HasBuild: d.BuildSystem != nil}
	if s.HasBuild {
		s.HasRequires, s.BackendPath = d.BuildSystem.Requires != nil, d.BuildSystem.BackendPath
	}
	if slices.Contains(d.Project.Dynamic, "version") {
		s.Version = ""
	}
	return s, nil
}

// ErrTooManyKeys is the error for a text that was not read.
var ErrTooManyKeys = errors.New("it has too many keys to be read")
