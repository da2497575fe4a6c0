package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// severalProjects reports that a set is of more than one project, unless the user named them all.
func severalProjects(s Set) []finding.Finding {
	projects, files := ofProjects(s)
	if len(projects) < 2 || len(s.ExpectedProjects) > 0 {
		return nil
	}
	var all []string
	for _, project := range projects {
		all = append(all, fmt.Sprintf("%s (%s)", project, phrase.Count(len(files[project]), "file")))
	}
	return []finding.Finding{{
		Severity: finding.Notice,
		Message:  fmt.Sprintf("the set has %d projects: %s", len(projects), named(all)),
		Fix:      "if it is meant, name them in `expected-project`: a file of another project is an error then, and this notice is gone",
	}}
}

// foreignDependency reports projects that look like what pip wheel collects: others of the set require them, there is no sdist of them, and
// the pyproject.toml beside the set is of another one. A repository of several projects that publishes wheels alone looks the same.
func foreignDependency(s Set) []finding.Finding {
	projects, files := ofProjects(s)
	if len(projects) < 2 || len(s.ExpectedProjects) > 0 {
		return nil
	}
	required := map[pep.Project]pep.Project{}
	for _, project := range projects {
		for _, dependency := range requiredBy(files[project], func(pep.Requirement) bool { return true }) {
			if dependency != project && required[dependency] == "" {
				required[dependency] = project
			}
		}
	}
	own := pep.Project("")
	if s.Pyproject != nil {
		own = pep.Normalize(s.Pyproject.Name.Text)
	}
	var suspects []string
	var all []*distfile.Distribution
	for _, project := range projects {
		isSdist := func(d *distfile.Distribution) bool { return d.Kind() == distfile.Sdist }
		if required[project] != "" && project != own && !slices.ContainsFunc(files[project], isSdist) {
			suspects = append(suspects, fmt.Sprintf("%s (%s requires it)", project, required[project]))
			all = append(all, files[project]...)
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	return []finding.Finding{about(all, finding.Notice,
		"the set has wheels that look like dependencies, as pip wheel collects them: "+named(suspects),
		"if they are not yours, leave them out: build with pip wheel --no-deps, or with python -m build; "+
			"if they are, name all projects in `expected-project`",
	)}
}

// ofProjects returns the projects of the set, in its order, and their files.
func ofProjects(s Set) (projects []pep.Project, files map[pep.Project][]*distfile.Distribution) {
	return grouped(s, func(r pep.Release) pep.Project { return r.Project })
}

// Dependencies returns the projects that files require wherever they are installed without extras, sorted.
func Dependencies(files ...*distfile.Distribution) []pep.Project {
	return requiredBy(files, func(r pep.Requirement) bool { return r.Marker == nil || len(r.Marker.Extras()) == 0 })
}

// requiredBy returns the projects of the requirements that count, sorted, each once.
func requiredBy(files []*distfile.Distribution, counts func(pep.Requirement) bool) (all []pep.Project) {
	for _, d := range files {
		for _, text := range d.Values("Requires-Dist") {
			if r, err := pep.ParseRequirement(strings.TrimSpace(text)); err == nil && counts(r) {
				all = append(all, pep.Normalize(r.Name))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
