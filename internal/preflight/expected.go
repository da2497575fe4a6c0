package preflight

import (
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// expectedProject reports files of other projects than the user expects. Both the metadata and the file name must be of one of them:
// PyPI goes by the metadata, another index may go by the file name.
func expectedProject(s Set) (found []finding.Finding) {
	if len(s.ExpectedProjects) == 0 {
		return nil
	}
	for _, d := range s.Files {
		if unlike := unexpected(d, s.ExpectedProjects); unlike != "" {
			found = append(found, refusal(d, unlike+", but expected-project is "+strings.Join(pep.Names(s.ExpectedProjects), ", "),
				"remove it from the files to publish, or add its project to `expected-project`"))
		}
	}
	return found
}

// unexpected returns why a file is of none of the projects; empty if it is of one.
func unexpected(d *distfile.Distribution, projects []pep.Project) string {
	name := d.Header("Name")
	project := pep.Normalize(name)
	release, err := pep.ReleaseOfFile(d.Name)
	switch {
	case !pep.ValidName(name):
		return "its metadata does not say which project it is of"
	case !slices.Contains(projects, project):
		return "the project is " + string(project)
	case err != nil:
		return "its file name does not say which project it is of"
	case !slices.Contains(projects, release.Project):
		return "the project in its file name is " + string(release.Project)
	}
	return ""
}
