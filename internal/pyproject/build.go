package pyproject

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

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
		return Build{}, false, fmt.Errorf("it is no valid pyproject.toml: %s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	b = Build{Name: d.Project.Name, Backend: d.BuildSystem.Backend, Requires: d.BuildSystem.Requires}
	if b.Name == "" {
		b.Name = d.Tool.Poetry.Name
	}
	return b, true, nil
}
