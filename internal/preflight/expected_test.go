package preflight_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// TestCheck_ExpectedProject: a file of another project than the user expects is an error on every index, whether its metadata or its name
// says so, and cannot be waived.
func TestCheck_ExpectedProject(t *testing.T) {
	t.Parallel()
	posing := file{name: "elder-1.0.tar.gz", metadata: good} // an index may go by the name of the file
	nameless := file{name: "elder.tar.gz", metadata: good}
	for name, c := range map[string]struct {
		expected []pep.Project
		files    []file
		says     []string // the messages, in their order
	}{
		"none":             {nil, []file{wheel(good), elder}, nil},
		"the project":      {[]pep.Project{"alder"}, []file{wheel(good), sdist(good)}, nil},
		"another spelling": {[]pep.Project{"a-l-der"}, []file{sdistNamed("A.l__Der", "1.0", "a_l_der-1.0.tar.gz")}, nil},
		"one of two":       {[]pep.Project{"elder", "alder"}, []file{wheel(good)}, nil},
		"both":             {[]pep.Project{"elder", "alder"}, []file{wheel(good), elder}, nil},
		"another": {
			[]pep.Project{"elder"}, []file{wheel(good), elder}, []string{"the project is alder, but expected-project is elder"},
		},
		"another, of two": {
			[]pep.Project{"elder", "oak"}, []file{wheel(good)}, []string{"the project is alder, but expected-project is elder, oak"},
		},
		"one more": {
			[]pep.Project{"alder"}, []file{wheel(good), elder}, []string{"the project is elder, but expected-project is alder"},
		},
		"by its file name": {
			[]pep.Project{"alder"}, []file{posing}, []string{"the project in its file name is elder, but expected-project is alder"},
		},
		"by no file name": {
			[]pep.Project{"alder"},
			[]file{nameless},
			[]string{"its file name does not say which project it is of, but expected-project is alder"},
		},
		"by no metadata": {
			[]pep.Project{"alder"},
			[]file{sdist("Metadata-Version: 2.4\nVersion: 1.0\n")},
			[]string{"its metadata does not say which project it is of, but expected-project is alder"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, c.files...)
			s.ExpectedProjects = c.expected
			for _, s.Warehouse = range []bool{true, false} {
				for _, s.Waive = range []bool{true, false} {
					var said []string
					for _, f := range preflight.Check(s) {
						if f.ID != "expected-project" {
							continue
						}
						if f.Severity != finding.Error || f.File == "" || !strings.HasPrefix(
							f.Fix, "remove it from the files to publish, or",
						) {
							t.Errorf("got %+v", f)
						}
						said = append(said, f.Message)
					}
					if !reflect.DeepEqual(said, c.says) {
						t.Errorf("Warehouse %v, Waive %v: got %q, want %q", s.Warehouse, s.Waive, said, c.says)
					}
				}
			}
		})
	}
}

// sdistNamed is an sdist with this name and version in its metadata.
func sdistNamed(name, version, filename string) file {
	return file{name: filename, metadata: "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n"}
}
