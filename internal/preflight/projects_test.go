package preflight_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// ofProject returns files of a release 1.0 without content, whose metadata has these requirements.
func ofProject(project string, requires string, names ...string) (files []*distfile.Distribution) {
	fields := []distfile.Field{
		{Name: "Metadata-Version", Value: "2.4"}, {Name: "Name", Value: project}, {Name: "Version", Value: "1.0"},
	}
	for one := range strings.SplitSeq(requires, ",") {
		if one != "" {
			fields = append(fields, distfile.Field{Name: "Requires-Dist", Value: one})
		}
	}
	for _, name := range names {
		files = append(files, &distfile.Distribution{Name: name, Path: name, Metadata: true, Headers: fields})
	}
	return files
}

// TestCheck_SeveralProjects: sets of several projects, and those that pip wheel left.
func TestCheck_SeveralProjects(t *testing.T) {
	t.Parallel()
	const (
		appWheel, appSdist = "app-1.0-py3-none-any.whl", "app-1.0.tar.gz"
		libWheel, libSdist = "lib-1.0-py3-none-any.whl", "lib-1.0.tar.gz"
	)
	join := func(all ...[]*distfile.Distribution) (files []*distfile.Distribution) {
		for _, some := range all {
			files = append(files, some...)
		}
		return files
	}
	for name, c := range map[string]struct {
		files    []*distfile.Distribution
		own      string
		expected []pep.Project
		several  string // what the first notice says; empty: there is none
		foreign  string // and the second
	}{
		"one project": {files: ofProject("app", "lib", appWheel, appSdist)},
		"of pip wheel": {
			join(ofProject("app", "lib>=1", appWheel), ofProject("lib", "", libWheel)),
			"app", nil, "2 projects: app (1 file), lib (1 file)", "lib (app requires it)",
		},
		"with extras too": {
			join(ofProject("app", "Lib; extra == 'x'", appWheel), ofProject("lib", "", libWheel)),
			"", nil, "2 projects", "lib (app requires it)",
		},
		"with an sdist": {
			join(ofProject("app", "lib", appWheel, appSdist), ofProject("lib", "", libWheel, libSdist)),
			"app", nil, "app (2 files), lib (2 files)", "",
		},
		"its own pyproject": {
			join(ofProject("app", "lib", appWheel), ofProject("lib", "", libWheel)),
			"LIB", nil, "2 projects", "",
		},
		"unrelated":       {join(ofProject("app", "", appWheel), ofProject("lib", "", libWheel)), "", nil, "2 projects", ""},
		"requires itself": {join(ofProject("app", "app[x]", appWheel), ofProject("lib", "", libWheel)), "", nil, "2 projects", ""},
		"named by the user": {
			join(ofProject("app", "lib", appWheel), ofProject("lib", "", libWheel)),
			"app",
			[]pep.Project{"app", "lib"},
			"", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := preflight.Set{Files: c.files, ExpectedProjects: c.expected, Warehouse: true, Now: today}
			if c.own != "" {
				s.Pyproject = &pyproject.Project{Name: pyproject.Value{Text: c.own}}
			}
			said := map[string]string{}
			for _, f := range preflight.Check(s) {
				said[string(f.ID)+" ("+f.Severity.String()+")"] = f.Message
			}
			for id, want := range map[string]string{"several-projects (notice)": c.several, "foreign-dependency (notice)": c.foreign} {
				if want == "" {
					expect.Equal(t, id, said[id], "")
				} else {
					expect.Contains(t, id, said[id], want)
				}
			}
		})
	}
}
