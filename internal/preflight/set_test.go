package preflight_test

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

func TestCheck_MetadataDrift(t *testing.T) {
	t.Parallel()
	needs := func(lines ...string) string { return good + strings.Join(lines, "\n") + "\n" }
	for name, c := range map[string]struct {
		wheel, sdist string
		says         string // of the first finding; empty: there is none
	}{
		"none": {good, good, ""},
		"another spelling": {
			needs("Requires-Dist: Foo_Bar [X]>=1,<2; python_version<'3'", "Requires-Python: >=3.8, <4"),
			needs("Requires-Dist: foo-bar[x] <2,>=1 ; python_version < \"3\"", "Requires-Python: <4,>=3.8"), "",
		},
		"another order": {needs("Requires-Dist: a", "Requires-Dist: b"), needs("Requires-Dist: b", "Requires-Dist: a"), ""},
		"a dependency more": {
			needs("Requires-Dist: a", "Requires-Dist: b>1"), needs("Requires-Dist: a"),
			"alder-1.0.tar.gz has no additional value, alder-1.0-py3-none-any.whl has 'b>1'",
		},
		"another Python": {
			needs("Requires-Python: >=3.9"), needs("Requires-Python: >=3.10"),
			"Requires-Python is not the same in all files of alder 1.0: alder-1.0.tar.gz has '>=3.10', " +
				"alder-1.0-py3-none-any.whl has '>=3.9'",
		},
		"no Python":                    {needs("Requires-Python: >=3.9"), good, "alder-1.0.tar.gz has none"},
		"another summary":              {needs("Summary: x"), needs("Summary: y"), "Summary"},
		"what cannot be read":          {needs("Requires-Python: three"), needs("Requires-Python: four"), "'four'"},
		"dynamic in the sdist":         {needs("Requires-Dist: a"), needs("Dynamic: requires-dist"), ""},
		"an sdist of former times":     {needs("Requires-Dist: a"), replacedInGood("2.4", "2.1"), ""},
		"fields that are not compared": {needs("Home-page: https://example.com"), good, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var found []finding.Finding
			for _, f := range preflight.Check(set(t, sdist(c.sdist), wheel(c.wheel))) {
				if f.ID == "metadata-drift" {
					found = append(found, f)
				}
			}
			switch {
			case c.says == "" && len(found) > 0:
				t.Errorf("got %v", found)
			case c.says != "" && (len(found) != 1 || !strings.Contains(found[0].Message, c.says) || found[0].Severity != finding.Warning ||
				found[0].Fix == ""):
				t.Errorf("got %+v", found)
			}
		})
	}
}

func TestCheck_DriftIsOneFinding(t *testing.T) {
	t.Parallel()
	s := set(t, wheel(good), sdist(good+"Summary: x\n"), file{name: "alder-1.0-1-py3-none-any.whl", metadata: good + "Summary: x\n"})
	found := preflight.Check(s)
	if len(found) != 1 || !strings.Contains(found[0].Message, "(also different in 1 more file)") {
		t.Errorf("got %v", found)
	}
}

func TestCheck_Pyproject(t *testing.T) {
	t.Parallel()
	elder := file{name: "elder-2.0.tar.gz", metadata: "Metadata-Version: 2.1\nName: elder\nVersion: 2.0\n"}
	for name, c := range map[string]struct {
		name, version string
		more          []file
		want          string
	}{
		"the same":        {"Alder", "1.0.0", nil, ""},
		"nothing static":  {"", "", nil, ""},
		"a placeholder":   {"alder", "{{ version }}", nil, ""},
		"an invalid name": {"?", "", nil, ""},
		"another project": {"elder", "3.0", nil, ""},
		"a workspace":     {"", "3.0", nil, ""},
		"another version": {"alder", "1.1", nil, "the version in ./pyproject.toml is '1.1', but alder-1.0.tar.gz has '1.0'"},
		"one of two projects": {
			"alder", "1.1", []file{elder}, "the version in ./pyproject.toml is '1.1', but alder-1.0.tar.gz has '1.0'",
		},
		"the other one":        {"elder", "2.0", []file{elder}, ""},
		"none of two projects": {"fir", "3.0", []file{elder}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, append(c.more, sdist(good), wheel(good))...)
			s.Pyproject = &pyproject.Project{
				Path: "./pyproject.toml", Name: pyproject.Value{Text: c.name, Line: 2, Col: 1},
				Version: pyproject.Value{Text: c.version, Line: 3, Col: 1},
			}
			got := besides("several-projects", preflight.Check(s))
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("got %v", got)
			case c.want != "" && (len(got) != 1 || got[0].Message != c.want || got[0].Severity != finding.Notice || got[0].Line == 0 ||
				got[0].File != "./pyproject.toml"):
				t.Errorf("got %+v", got)
			}
		})
	}
}

// today is when the index is queried.
var today = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func TestCheck_IndexListing(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) time.Time { return today.Add(-d) }
	const day = 24 * time.Hour
	exists := func(status string, files ...pep.IndexFile) pep.Listing {
		return pep.Listing{Project: "alder", Exists: true, Status: status, Files: files}
	}
	for name, c := range map[string]struct {
		listing pep.Listing
		user    bool
		want    []string
		says    string // of the first finding
	}{
		"nothing yet":     {exists("active"), false, nil, ""},
		"no such project": {pep.Listing{}, false, []string{"first-release (notice)"}, "the index does not know alder yet"},
		"this sdist":      {exists("", pep.IndexFile{Name: "alder-1.0.tar.gz"}), false, nil, ""},
		"another sdist": {
			exists("", pep.IndexFile{Name: "alder-1.0.0.zip"}), false,
			[]string{"second-sdist"},
			"Only one sdist may be uploaded per release.",
		},
		"the sdist of another release": {exists("", pep.IndexFile{Name: "alder-1.0.1.tar.gz"}), false, nil, ""},
		"an archived project":          {exists("archived"), false, []string{"project-archived"}, "the project is archived"},
		"archived, all is there": {
			exists("archived", pep.IndexFile{Name: "alder-1.0.tar.gz"}, pep.IndexFile{Name: "alder-1.0-py3-none-any.whl"}), false, nil, "",
		},
		"archived, by a person": {exists("archived"), true, []string{"project-archived"}, ""},
		"a quarantined project": {
			exists("quarantined"), false,
			[]string{"project-quarantined"},
			"The given token isn't allowed to upload to project 'alder': the project is quarantined.",
		},
		"quarantined, by a person": {exists("quarantined"), true, []string{"project-quarantined (warning)"}, ""},
		"a status of the future":   {exists("frozen"), false, nil, ""},
		"13 days": {
			exists("", pep.IndexFile{Name: "alder-1.0.0-py2-none-any.whl", Uploaded: ago(13 * day)}), false, nil, "",
		},
		"an hour left": {
			exists("", pep.IndexFile{Name: "alder-1.0.0-py2-none-any.whl", Uploaded: ago(14*day - time.Hour)}), false,
			[]string{"release-closed (warning)"},
			"release 1.0 of alder accepts new files only until 2026-09-01 13:00 UTC",
		},
		"14 days": {
			exists("", pep.IndexFile{Name: "alder-1.0.0-py2-none-any.whl", Uploaded: ago(14 * day)}), false,
			[]string{"release-closed (warning)"},
			"",
		},
		"older": {
			exists(
				"", pep.IndexFile{Name: "x", Uploaded: ago(50 * day)},
				pep.IndexFile{Name: "alder-1.0-py2-none-any.whl", Uploaded: ago(day)},
				pep.IndexFile{Name: "alder-1-py1-none-any.whl", Uploaded: ago(14*day + 1)},
			),
			false,
			[]string{"release-closed"},
			"Uploading new files to releases older than 14 days is not allowed.",
		},
		"older, of another release": {
			exists("", pep.IndexFile{Name: "alder-0.9-py2-none-any.whl", Uploaded: ago(50 * day)}), false, nil, "",
		},
		"older, all is there": {
			exists("", pep.IndexFile{Name: "alder-1.0.tar.gz", Uploaded: ago(50 * day)}, pep.IndexFile{Name: "alder-1.0-py3-none-any.whl"}),
			false,
			nil, "",
		},
		"older, one is missing": {
			exists("", pep.IndexFile{Name: "alder-1.0.tar.gz", Uploaded: ago(50 * day)}), false, []string{"release-closed"}, "",
		},
		"an index without upload times": {exists("", pep.IndexFile{Name: "alder-1.0-py2-none-any.whl"}), false, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, sdist(good), wheel(good))
			s.Now, s.UserToken = today, c.user
			s.Listings = map[pep.Project]pep.Listing{"alder": c.listing}
			got := preflight.Check(s)
			if !reflect.DeepEqual(ids(got), c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			if len(got) > 0 && (!strings.Contains(got[0].Message, c.says) || got[0].Fix == "") {
				t.Errorf("got %+v", got[0])
			}
		})
	}
}

func TestCheck_DuplicateContent(t *testing.T) {
	t.Parallel()
	s := set(t, wheel(good))
	digest := hex.EncodeToString(s.Files[0].Digests.SHA256[:])
	for name, c := range map[string]struct {
		listing []pep.IndexFile
		want    []string
	}{
		"another name":          {[]pep.IndexFile{{Name: "alder-1.0-1-py3-none-any.whl", SHA256: digest}}, []string{"duplicate-content"}},
		"its own name":          {[]pep.IndexFile{{Name: "alder-1.0-py3-none-any.whl", SHA256: digest}}, nil},
		"both":                  {[]pep.IndexFile{{Name: "alder-1.0-py3-none-any.whl", SHA256: digest}, {Name: "x", SHA256: digest}}, nil},
		"other bytes":           {[]pep.IndexFile{{Name: "alder-1.0-1-py3-none-any.whl", SHA256: strings.Repeat("0", 64)}}, nil},
		"an index that is mute": {[]pep.IndexFile{{Name: "alder-1.0-1-py3-none-any.whl"}}, nil},
	} {
		s.Listings = map[pep.Project]pep.Listing{"alder": {Project: "alder", Exists: true, Files: c.listing}}
		if got := preflight.Check(s); !reflect.DeepEqual(ids(got), c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestCheck_DeletedFiles(t *testing.T) {
	t.Parallel()
	s := set(t, wheel(good), sdist(good))
	s.Stored = map[string]bool{s.Files[1].Path: true}
	for name, c := range map[string]struct {
		listing pep.Listing
		want    []string
	}{
		"deleted":   {pep.Listing{Exists: true}, []string{"deleted-name (warning)"}},
		"not so":    {pep.Listing{Exists: true, Files: []pep.IndexFile{{Name: "alder-1.0.tar.gz"}}}, nil},
		"no lookup": {pep.Listing{}, nil},
	} {
		s.Listings = map[pep.Project]pep.Listing{"alder": c.listing}
		if name == "no lookup" {
			s.Listings = nil
		}
		if got := preflight.Check(s); !reflect.DeepEqual(ids(got), c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// TestCheck_SeveralNewProjects: only what the index says past its caches is certain, and it names exactly those projects.
func TestCheck_SeveralNewProjects(t *testing.T) {
	t.Parallel()
	maple := file{name: "maple-3.0.tar.gz", metadata: "Metadata-Version: 2.1\nName: maple\nVersion: 3.0\n"}
	type projects = map[pep.Project]bool
	for name, c := range map[string]struct {
		user, waive bool
		absent      projects
		want        string
		names       string
	}{
		"a person's token": {user: true, want: "first-release (notice)", names: "know alder, elder, maple yet"},
		"asked once":       {want: "several-new-projects (warning)", names: "none of alder, elder, maple,"},
		"asked again": {
			absent: projects{"alder": true, "elder": true, "maple": true},
			want:   "several-new-projects",
			names:  "none of alder, elder, maple,",
		},
		"one gave no answer": {
			absent: projects{"alder": true, "maple": true},
			want:   "several-new-projects",
			names:  "none of alder, maple,",
		},
		"only one is certain": {
			absent: projects{"alder": true},
			want:   "several-new-projects (warning)",
			names:  "none of alder, elder, maple,",
		},
		"waived": {
			waive:  true,
			absent: projects{"alder": true, "elder": true},
			want:   "several-new-projects (warning)",
			names:  "none of alder, elder,",
		},
		"a token, sure or not": {
			user:   true,
			absent: projects{"alder": true, "elder": true},
			want:   "first-release (notice)",
			names:  "know alder, elder, maple yet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, wheel(good), elder, maple)
			s.Listings = map[pep.Project]pep.Listing{"alder": {}, "elder": {}, "maple": {}}
			s.UserToken, s.Waive, s.Warehouse, s.Absent = c.user, c.waive, true, c.absent
			got := besides("several-projects", preflight.Check(s))
			if !reflect.DeepEqual(ids(got), []string{c.want}) || !strings.Contains(got[0].Message, c.names) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestReleaseYanked: only a release that is yanked as a whole, and only for files that the index lacks.
func TestReleaseYanked(t *testing.T) {
	t.Parallel()
	listed := func(name string, yanked bool) pep.IndexFile { return pep.IndexFile{Name: name, Yanked: yanked} }
	for name, c := range map[string]struct {
		files    []pep.IndexFile
		reported bool
	}{
		"nothing there":            {nil, false},
		"not yanked":               {[]pep.IndexFile{listed("alder-1.0-cp312-cp312-win32.whl", false)}, false},
		"yanked":                   {[]pep.IndexFile{listed("alder-1.0-cp312-cp312-win32.whl", true)}, true},
		"yanked, another spelling": {[]pep.IndexFile{listed("alder-1.0.0-cp312-cp312-win32.whl", true)}, true},
		"one of two files": {
			[]pep.IndexFile{listed("alder-1.0-cp312-cp312-win32.whl", true), listed("alder-1.0-cp313-cp313-win32.whl", false)}, false,
		},
		"another release": {[]pep.IndexFile{listed("alder-0.9-py3-none-any.whl", true)}, false},
		"this release beside a sound": {
			[]pep.IndexFile{listed("alder-0.9-py3-none-any.whl", false), listed("alder-1.0-cp312-cp312-win32.whl", true)}, true,
		},
		"the index has the file itself": {[]pep.IndexFile{listed("alder-1.0-py3-none-any.whl", true)}, false},
		"a file of no release":          {[]pep.IndexFile{listed("alder.exe", true)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, wheel(good))
			s.Listings = map[pep.Project]pep.Listing{"alder": {Exists: true, Files: c.files}}
			reported := false
			for _, f := range preflight.Check(s) {
				reported = reported || f.ID == "release-yanked" && f.Severity == finding.Notice && f.File != ""
			}
			if reported != c.reported {
				t.Errorf("reported: %v, want %v", reported, c.reported)
			}
		})
	}
}
