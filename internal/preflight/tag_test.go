package preflight_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// elder is a distribution of another project and version than those of good.
var elder = file{name: "elder-2.0.tar.gz", metadata: "Metadata-Version: 2.1\nName: elder\nVersion: 2.0\n"}

// TestCheck_ExpectedTag: the tag of a project is understood; anything else is refused in words that fit what it is.
func TestCheck_ExpectedTag(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		expected, ref string
		also          []file // besides the wheel alder 1.0
		says, next    string // of the only finding; both empty: there is none
		fault         finding.Fault
	}{
		"a version":                  {expected: "1.0"},
		"a tag":                      {expected: "v1.0"},
		"the name and a dash":        {expected: "alder-v1.0"},
		"the name and an at sign":    {expected: "alder@1.0"},
		"the name and a slash":       {expected: "alder/v1.0"},
		"a ref with the name":        {expected: "refs/tags/Alder-1.0.0"},
		"a branch that is a version": {expected: "1.0", ref: "refs/heads/1.0"},
		"a pre-release with a dash": {
			expected: "alder-1.0-rc1",
			says:     "the version is 1.0, but expected-version is alder-1.0-rc1",
			next:     "build from the right tag",
			fault:    finding.Distribution,
		},
		"another version of the project": {
			expected: "alder@1.1",
			says:     "the version is 1.0, but expected-version is alder@1.1",
			next:     "build from the right tag",
			fault:    finding.Distribution,
		},
		"another project": {
			expected: "elder-v1.0",
			says:     "expected-version is elder-v1.0, a tag of elder, but the set has only alder",
			next:     "build the project of the tag, or set the version alone",
			fault:    finding.Distribution,
		},
		"one project of two": {
			expected: "alder-v1.0",
			also:     []file{elder},
			says:     "the version is 2.0, but expected-version is alder-v1.0",
			next:     "build from the right tag",
			fault:    finding.Distribution,
		},
		"no version": {
			expected: "nightly",
			ref:      "refs/tags/nightly",
			says:     "expected-version: ",
			next:     "set a version, such as the tag v1.2.3",
			fault:    finding.Distribution,
		},
		"the branch of the run": {
			expected: "main",
			ref:      "refs/heads/main",
			says:     "expected-version is main, but this run is for branch main",
			next:     "dispatch it at the tag",
			fault:    finding.Workflow,
		},
		"the full ref of the branch": {
			expected: "refs/heads/main",
			ref:      "refs/heads/main",
			says:     "this run is for branch main",
			next:     "dispatch it at the tag",
			fault:    finding.Workflow,
		},
		"a branch that looks like a tag": {
			expected: "release/1.0",
			ref:      "refs/heads/release/1.0",
			says:     "this run is for branch release/1.0",
			next:     "dispatch it at the tag",
			fault:    finding.Workflow,
		},
		"the pull request of the run": {
			expected: "5/merge",
			ref:      "refs/pull/5/merge",
			says:     "this run is for pull request 5",
			next:     "dispatch it at the tag",
			fault:    finding.Workflow,
		},
		"another text in a branch's run": {
			expected: "next",
			ref:      "refs/heads/main",
			says:     "expected-version: ",
			next:     "set a version, such as the tag v1.2.3",
			fault:    finding.Distribution,
		},
		"a branch, without a run at hand": {
			expected: "main",
			says:     "expected-version: ",
			next:     "set a version, such as the tag v1.2.3",
			fault:    finding.Distribution,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, append([]file{wheel(good)}, c.also...)...)
			s.ExpectedVersion, s.Ref = c.expected, c.ref
			got := besides("several-projects", preflight.Check(s))
			if c.says == "" {
				if len(got) > 0 {
					t.Errorf("got %+v, want nothing", got)
				}
				return
			}
			if want := []string{"expected-version"}; !reflect.DeepEqual(ids(got), want) {
				t.Fatalf("got %q, want %q", ids(got), want)
			}
			if f := got[0]; !strings.Contains(f.Message, c.says) || !strings.HasPrefix(f.Fix, c.next) || f.Fault != c.fault {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// TestCheck_TagVersion: a release with another version than its tag is reported unless another check covers the version, and only if
// the tag can be no other one's.
func TestCheck_TagVersion(t *testing.T) {
	t.Parallel()
	type change = func(*preflight.Set)
	none := func(*preflight.Set) {}
	for name, c := range map[string]struct {
		ref    string
		files  []file
		change change
		want   []string
	}{
		"the version":             {"refs/tags/v1.0.0", []file{wheel(good), sdist(good)}, none, nil},
		"another version":         {"refs/tags/v1.1", []file{wheel(good), sdist(good)}, none, []string{"tag-version (warning)"}},
		"without a v":             {"refs/tags/1.1", []file{wheel(good)}, none, []string{"tag-version (warning)"}},
		"the project's tag":       {"refs/tags/alder-v1.0", []file{wheel(good)}, none, nil},
		"another of the project":  {"refs/tags/alder@1.1", []file{wheel(good)}, none, []string{"tag-version (warning)"}},
		"the project in a folder": {"refs/tags/Alder/v1.1", []file{wheel(good)}, none, []string{"tag-version (warning)"}},
		"another project's":       {"refs/tags/elder-v1.1", []file{wheel(good)}, none, nil},
		"no version":              {"refs/tags/nightly", []file{wheel(good)}, none, nil},
		"a branch":                {"refs/heads/v1.1", []file{wheel(good)}, none, nil},
		"no run":                  {"", []file{wheel(good)}, none, nil},
		"two projects":            {"refs/tags/v1.1", []file{wheel(good), elder}, none, nil},
		"two versions": {
			"refs/tags/v1.2",
			[]file{sdist(good), {name: "alder-1.1.tar.gz", metadata: replacedInGood("1.0", "1.1")}},
			none,
			[]string{"several-versions (warning)"},
		},
		"another index": {
			"refs/tags/v1.1", []file{wheel(good)}, func(s *preflight.Set) { s.Warehouse = false }, []string{"tag-version (warning)"},
		},
		"an expected version": {"refs/tags/v1.1", []file{wheel(good)}, func(s *preflight.Set) { s.ExpectedVersion = "1.0" }, nil},
		"another expected version": {
			"refs/tags/v1.1", []file{wheel(good)}, func(s *preflight.Set) { s.ExpectedVersion = "v1.1" }, []string{"expected-version"},
		},
		"a file without metadata": {
			"refs/tags/v1.1", []file{wheel(good), sdist("Metadata-Version: 2.4\nName: alder\n")}, none, []string{"version-missing"},
		},
		"every file of the release": {
			"refs/tags/v1.1",
			[]file{wheel(good), sdist(good)},
			func(s *preflight.Set) { s.Waive = true },
			[]string{"tag-version (warning)"},
		},
		"nothing":                    {"refs/tags/v1.1", nil, none, nil},
		"a date, which is a version": {"refs/tags/2026.11.30", []file{wheel(good)}, none, []string{"tag-version (warning)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, c.files...)
			s.Ref = c.ref
			c.change(&s)
			if got := besides("several-projects", preflight.Check(s)); !reflect.DeepEqual(ids(got), c.want) {
				t.Errorf("got %q, want %q", ids(got), c.want)
			}
		})
	}
}
