package pep_test

import (
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

func TestReleaseOfFile(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]pep.Release{
		"My_Project-1.0.0-py3-none-any.whl":       {Project: "my-project", Version: "1"},
		"my_project-1.0-1-py3-none-any.whl":       {Project: "my-project", Version: "1"},
		"my.project-2.0rc1.tar.gz":                {Project: "my-project", Version: "2rc1"},
		"my-project-2.0.zip":                      {Project: "my-project", Version: "2"},
		"notes.txt":                               {},
		"my_project-dog-py3-none-any.whl":         {},
		"my_project-1.0-py3-none-any.whl.publish": {},
		"": {},
	} {
		got, err := pep.ReleaseOfFile(name)
		if got != want || (err == nil) != (want != pep.Release{}) {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
}
