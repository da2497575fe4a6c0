package preflight

import (
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

// pyprojectMismatch compares the version of a project with that in the pyproject.toml next to the set. It says nothing of a file that
// is of another project or of none, such as the root of a workspace, and of a version that the build backend fills in.
func pyprojectMismatch(s Set) (found []finding.Finding) {
	if s.Pyproject == nil {
		return nil
	}
	p := s.Pyproject
	expected, err := pep.ParseVersion(p.Version.Text)
	if err != nil || !pep.ValidName(p.Name.Text) {
		return nil
	}
	releases, files := inReleases(s)
	for _, release := range releases {
		if release.Project == pep.Normalize(p.Name.Text) && release.Version != expected.Canonical() {
			found = append(found, mismatch(p.Path, p.Version, fmt.Sprintf("the version in %s is %s, but %s has %s",
				p.Path, quote(p.Version.Text), files[release][0].Name, quote(files[release][0].Header("Version")))))
		}
	}
	return found
}

func mismatch(path string, at pyproject.Value, message string) finding.Finding {
	return finding.Finding{
		Severity: finding.Notice, File: path, Line: at.Line, Col: at.Col, Message: message,
		Fix: "check that the distributions are from this commit, and not from an earlier build",
	}
}
