package preflight

import (
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

// pyprojectMismatch compares the set with the pyproject.toml next to it. It skips sets of several projects, because it is
// unknown which one the file describes, and values that the build backend fills in.
func pyprojectMismatch(s Set) (found []finding.Finding) {
	releases, files := inReleases(s)
	if s.Pyproject == nil || len(releases) == 0 {
		return nil
	}
	for _, release := range releases {
		if release.Project != releases[0].Project {
			return nil
		}
	}
	p := s.Pyproject
	name, version := p.Name.Text, p.Version.Text
	if pep.ValidName(name) && pep.Normalize(name) != releases[0].Project {
		return []finding.Finding{mismatch(p.Path, p.Name,
			fmt.Sprintf("the name in %s is %s, but the distributions belong to %s", p.Path, quote(name), releases[0].Project))}
	}
	expected, err := pep.ParseVersion(version)
	if err != nil {
		return nil
	}
	for _, release := range releases {
		if release.Version != expected.Canonical() {
			found = append(found, mismatch(p.Path, p.Version, fmt.Sprintf("the version in %s is %s, but %s has %s",
				p.Path, quote(version), files[release][0].Name, quote(files[release][0].Header("Version")))))
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
