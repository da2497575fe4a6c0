package preflight_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// stating returns files of a release of alder without content, whose metadata has these headers as well.
func stating(version string, headers []string, names ...string) []*distfile.Distribution {
	files := built(version, names...)
	for _, d := range files {
		d.Headers = slices.Clip(d.Headers)
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			d.Headers = append(d.Headers, distfile.Field{Name: name, Value: value})
		}
	}
	return files
}

func canonical(t *testing.T, version string) string {
	t.Helper()
	v, err := pep.ParseVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	return v.Canonical()
}

// many returns so many lines of a form.
func many(form string, n int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf(form, i))
	}
	return lines
}

// TestCompare_Metadata: what the metadata of the last release says, against this one.
func TestCompare_Metadata(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, now []string
		version     string // 1.4.3 unless it says otherwise
		want        []string
		says        string
	}{
		"the same": {
			before: []string{"Requires-Python: >=3.9", "Provides-Extra: x"}, now: []string{"Requires-Python: >=3.9", "Provides-Extra: x"},
		},
		"an extra is gone": {
			before: []string{"Provides-Extra: All", "Provides-Extra: cli"}, now: []string{"Provides-Extra: cli"},
			want: []string{"warning compare-extra"}, says: "the extra all",
		},
		"an extra in another spelling": {before: []string{"Provides-Extra: my_extra"}, now: []string{"Provides-Extra: My-Extra"}},
		"an extra more":                {now: []string{"Provides-Extra: cli"}},
		"Python raised in a patch release": {
			before: []string{"Requires-Python: >=3.9"}, now: []string{"Requires-Python: >=3.10"},
			want: []string{"warning compare-python"}, says: "worked with 3.9",
		},
		"Python raised in a minor release": {
			before: []string{"Requires-Python: >=3.9"}, now: []string{"Requires-Python: >=3.10"}, version: "1.5.0",
			want: []string{"notice compare-python"},
		},
		"Python required in another spelling": {before: []string{"Requires-Python: >=3.9"}, now: []string{"Requires-Python: >=3.9.0,<4"}},
		"Python lowered":                      {before: []string{"Requires-Python: >=3.10"}, now: []string{"Requires-Python: >=3.9"}},
		"Python no longer required": {
			before: []string{"Requires-Python: >=3.9"}, version: "2.0", want: []string{"warning compare-python"}, says: "requires none",
		},
		"Python required for the first time": {
			now: []string{"Requires-Python: >=3.9"}, want: []string{"warning compare-python"}, says: "alder 1.4.2 required none",
		},
		"dependencies": {
			before: []string{"Requires-Dist: a>=2", "Requires-Dist: b", "Requires-Dist: c>=1", "Requires-Dist: e>=1"},
			now:    []string{"Requires-Dist: A>=1.5", "Requires-Dist: c==1.2", "Requires-Dist: d", "Requires-Dist: e>=2"},
			want:   []string{"notice compare-dependencies"},
			says:   "a may be as old as 1.5 (before: 2), c is pinned to one version, d is new, b is gone",
		},
		"dependencies in another order and spelling": {
			before: []string{"Requires-Dist: a-b>=1; python_version < '3.10'", "Requires-Dist: c"},
			now:    []string{"Requires-Dist: c", `Requires-Dist: a_b >= 1 ; python_version < "3.10"`},
		},
		"a star is no pin": {before: []string{"Requires-Dist: a"}, now: []string{"Requires-Dist: a==1.*"}},
		"another licence": {
			before: []string{"License-Expression: MIT"}, now: []string{"License-Expression: Apache-2.0"},
			want: []string{"warning compare-license"}, says: "was MIT, and that of this release is Apache-2.0",
		},
		"the licence in another case":  {before: []string{"License-Expression: mit"}, now: []string{"License-Expression: MIT"}},
		"a licence for the first time": {now: []string{"License-Expression: MIT"}},
		"no licence any more": {
			before: []string{"License-Expression: MIT"}, want: []string{"warning compare-license"}, says: "not given",
		},
		"a pin in place of a pin": {before: []string{"Requires-Dist: a==1.2"}, now: []string{"Requires-Dist: a==1.3"}},
		"a bound raised":          {before: []string{"Requires-Dist: a>=1"}, now: []string{"Requires-Dist: a>=2,<3"}},
		"a dependency behind an extra": {
			before: []string{"Requires-Dist: a", "Provides-Extra: x"},
			now:    []string{"Requires-Dist: a; extra == 'x'", "Provides-Extra: x"},
		},
		"many extras gone": {
			before: many("Provides-Extra: x%d", 13), want: []string{"warning compare-extra"}, says: "and 3 more",
		},
		"the excluded versions of Python": {
			before: []string{"Requires-Python: >=3.8"}, now: []string{"Requires-Python: !=3.8.0,!=3.8.1,>=3.8"},
		},
		"Python 2 is dropped in a patch release": {
			before: []string{"Requires-Python: >=2.7, !=3.0.*, !=3.1.*, !=3.2.*, !=3.3.*"}, now: []string{"Requires-Python: >=3.4"},
			want: []string{"warning compare-python"}, says: "alder 1.4.2 worked with 2.7",
		},
		"a lower bound is gone": {
			before: []string{"Requires-Dist: a>=1.2"}, now: []string{"Requires-Dist: a<3"},
			want: []string{"notice compare-dependencies"}, says: "a may be of any age (before: 1.2)",
		},
		"a star is a lower bound": {before: []string{"Requires-Dist: a>=1"}, now: []string{"Requires-Dist: a==1.*"}},
		"an extra of all extras": {
			before: []string{"Provides-Extra: all"}, now: []string{"Provides-Extra: all", "Requires-Dist: Alder[x,y]; extra == 'all'"},
		},
		"Python required at a length without end": {
			before: []string{"Requires-Python: " + strings.Repeat("!=99.0,", 100_000) + ">=99"}, now: []string{"Requires-Python: >=3.9"},
		},
		"requirements at a length without end": {
			before: []string{
				"Requires-Dist: a>=1" + strings.Repeat(".1", 100_000), "Provides-Extra: " + strings.Repeat("a-", 100_000) + "a",
			},
		},
		"requirements without end": {before: many("Requires-Dist: dep%d>=1", 6000), now: []string{"Requires-Dist: a"}},
		"a licence at a length without end": {
			before: []string{"License-Expression: MIT" + strings.Repeat(" AND MIT", 100_000)}, now: []string{"License-Expression: MIT"},
		},
		"what is no requirement": {before: []string{"Requires-Dist: ???"}, now: []string{"Requires-Python: a tree"}},
		"other fields":           {before: []string{"Summary: a", "Keywords: x"}, now: []string{"Summary: b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			version := c.version
			if version == "" {
				version = "1.4.3"
			}
			release := pep.Release{Project: "alder", Version: canonical(t, version)}
			const old = "alder-1.4.2-py3-none-any.whl"
			s := preflight.Set{
				Files:    stating(version, c.now, "alder-"+version+"-py3-none-any.whl"),
				Listings: map[pep.Project]pep.Listing{"alder": {Project: "alder", Exists: true, Files: listed(old)}},
				Compare:  true, Previous: map[pep.Release]*distfile.Distribution{release: stating("1.4.2", c.before, old)[0]},
			}
			found, messages := compared(s)
			if !slices.Equal(found, c.want) || c.says != "" && !strings.Contains(strings.Join(messages, "\n"), c.says) {
				t.Errorf("got %q\n%s", found, strings.Join(messages, "\n"))
			}
			s.Previous = nil
			if found, _ := compared(s); len(found) > 0 {
				t.Errorf("the metadata is unknown, and it compares: %q", found)
			}
		})
	}
}

// TestCompare_WhichFile: the wheel with the tags of the old one is compared; an sdist only where it says what the build cannot change.
func TestCompare_WhichFile(t *testing.T) {
	t.Parallel()
	const (
		windows = "alder-1.4.3-cp312-cp312-win_amd64.whl"
		linux   = "alder-1.4.3-cp312-cp312-manylinux_2_28_x86_64.whl"
		sdist   = "alder-1.4.3.tar.gz"
	)
	unread := built("1.4.3", linux)
	unread[0].Partial = true
	before := stating("1.4.2", []string{"Requires-Dist: colour"}, strings.Replace(windows, "1.4.3", "1.4.2", 1))[0]
	for name, c := range map[string]struct {
		files []*distfile.Distribution
		want  bool // that a change is found
	}{
		"the same tags": {
			append(stating("1.4.3", nil, linux), stating("1.4.3", []string{"Requires-Dist: colour"}, windows)...), false,
		},
		"other tags":      {stating("1.4.3", nil, linux), true},
		"a wheel first":   {append(stating("1.4.3", []string{"Requires-Dist: colour"}, sdist), stating("1.4.3", nil, linux)...), true},
		"an sdist":        {stating("1.4.3", nil, sdist), true},
		"a dynamic sdist": {stating("1.4.3", []string{"Dynamic: requires-dist"}, sdist), false},
		"what is unread":  {unread, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, _ := compared(preflight.Set{
				Files:    c.files,
				Listings: map[pep.Project]pep.Listing{"alder": {Project: "alder", Exists: true, Files: listed(before.Name)}},
				Compare:  true,
				Previous: map[pep.Release]*distfile.Distribution{{Project: "alder", Version: canonical(t, "1.4.3")}: before},
			})
			expect.Equal(t, "dependencies differ", slices.Contains(found, "notice compare-dependencies"), c.want)
		})
	}
}

// TestCompare_Table: people see what was compared, with the severity of what is found.
func TestCompare_Table(t *testing.T) {
	t.Parallel()
	old := append(wheels("1.4.2", "cp311 cp312", threeSystems), "alder-1.4.2.tar.gz")
	now := without(wheels("1.4.3", "cp311 cp312", threeSystems), "cp311-win_amd64")
	release := pep.Release{Project: "alder", Version: canonical(t, "1.4.3")}
	before := []string{"Requires-Python: >=3.11", "License-Expression: mit", "Provides-Extra: cli", "Requires-Dist: elder"}
	after := []string{"Requires-Python: >=3.11", "License-Expression: MIT", "Requires-Dist: elder", "Requires-Dist: fir"}
	s := preflight.Set{
		Files:    stating("1.4.3", after, now...),
		Listings: map[pep.Project]pep.Listing{"alder": {Project: "alder", Exists: true, Files: listed(old...)}}, Compare: true,
		Previous: map[pep.Release]*distfile.Distribution{
			release: stating("1.4.2", before, old[0])[0],
		},
	}
	names := []ledger.Difference{
		{What: "sdist", Before: "yes", Now: "none", Severity: "warning"},
		{What: "wheels", Before: "6", Now: "5"},
		{What: "platforms", Before: "3", Now: "3; without win_amd64 (cp311)", Severity: "warning"},
	}
	want := ledger.Comparison{Release: release, Name: "alder", Version: "1.4.3", Before: "1.4.2", Differences: append(slices.Clone(names),
		ledger.Difference{What: "python", Before: ">=3.11", Now: ">=3.11"},
		ledger.Difference{What: "extras", Before: "cli", Now: "none", Severity: "warning"},
		ledger.Difference{What: "dependencies", Before: "1 project", Now: "2 projects; fir is new", Severity: "notice"},
		ledger.Difference{What: "license", Before: "MIT", Now: "MIT"},
	)}
	expect.Equal(t, "the table", preflight.Compare(s), []ledger.Comparison{want})
	s.Previous = nil
	want.Differences = names
	expect.Equal(t, "without metadata", preflight.Compare(s), []ledger.Comparison{want})
	s.Compare = false
	expect.Equal(t, "where it is off", preflight.Compare(s), nil)
}

// TestPrevious: the wheel whose metadata is requested is one of the release that is compared with, and of no other.
func TestPrevious(t *testing.T) {
	t.Parallel()
	files := listed("alder-1.4.1-py3-none-any.whl", "alder-1.4.2.tar.gz", "alder-1.4.2-py3-none-any.whl", "alder-2.0-py3-none-any.whl")
	for i := range files {
		files[i].Metadata = strings.Repeat("0", 64)
	}
	files[1].Metadata = ""
	for version, want := range map[string]string{
		"1.4.3": "alder-1.4.2-py3-none-any.whl", "3.0": "alder-2.0-py3-none-any.whl", "1.4.1": "", "1.4.3rc1": "",
	} {
		got := preflight.Previous(preflight.Set{
			Files:    built(version, "alder-"+version+"-py3-none-any.whl"),
			Listings: map[pep.Project]pep.Listing{"alder": {Exists: true, Files: files}}, Compare: true,
		})
		expect.Equal(t, version, got[pep.Release{Project: "alder", Version: canonical(t, version)}].Name, want)
	}
}
