package preflight_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

const good = "Metadata-Version: 2.4\nName: alder\nVersion: 1.0\n"

// file is a distribution in the making: its name, its metadata, and what else is to be in it.
type file struct {
	name, metadata string
	more           []string // further members
	raw            string   // the whole file, instead of all that
}

func (f file) members() [][2]string {
	stem := strings.TrimSuffix(strings.TrimSuffix(f.name, ".tar.gz"), ".zip")
	members := [][2]string{{stem + "/PKG-INFO", f.metadata}, {stem + "/pyproject.toml", ""}}
	if parts := strings.Split(f.name, "-"); strings.HasSuffix(strings.ToLower(f.name), ".whl") && len(parts) > 1 {
		info := parts[0] + "-" + parts[1] + ".dist-info/"
		members = [][2]string{{info + "METADATA", f.metadata}, {info + "WHEEL", "Wheel-Version: 1.0\n"}}
	}
	if f.metadata == "" {
		members = members[1:]
	}
	for _, name := range f.more {
		members = append(members, [2]string{name, "x"})
	}
	return members
}

// recorded are the members of a zip: those of a wheel with the RECORD of them.
func (f file) recorded() [][2]string {
	members, parts := f.members(), strings.Split(f.name, "-")
	if !strings.HasSuffix(strings.ToLower(f.name), ".whl") || len(parts) < 3 {
		return members
	}
	member := parts[0] + "-" + parts[1] + ".dist-info/RECORD"
	record := member + ",,\n"
	for _, m := range members {
		record += m[0] + ",,\n"
	}
	return append(members, [2]string{member, record})
}

func (f file) bytes() []byte {
	if strings.HasSuffix(strings.ToLower(f.name), ".tar.gz") {
		return disttest.TarGz(disttest.Pairs(f.members()...)...)
	}
	// The comment, so that no two files have the same bytes.
	return disttest.ZipWithComment(f.name, disttest.Pairs(f.recorded()...)...)
}

// set writes and reads the files, each in a folder of its own.
func set(t *testing.T, files ...file) preflight.Set {
	t.Helper()
	s := preflight.Set{Warehouse: true}
	for _, f := range files {
		data := []byte(f.raw)
		if f.raw == "" {
			data = f.bytes()
		}
		path := filepath.Join(t.TempDir(), f.name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := distfile.Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		s.Files = append(s.Files, d)
	}
	return s
}

// changed returns a text in which one byte is another: so many after the first mark.
func changed(data []byte, mark string, after int, to byte) string {
	data = bytes.Clone(data)
	data[bytes.Index(data, []byte(mark))+after] = to
	return string(data)
}

func ids(findings []finding.Finding) (list []string) {
	for _, f := range findings {
		id := string(f.ID)
		if f.Severity != finding.Error {
			id += " (" + f.Severity.String() + ")"
		}
		list = append(list, id)
	}
	return list
}

// besides returns the findings but those of a rule.
func besides(id finding.ID, found []finding.Finding) []finding.Finding {
	return slices.DeleteFunc(found, func(f finding.Finding) bool { return f.ID == id })
}

func wheel(metadata string) file { return file{name: "alder-1.0-py3-none-any.whl", metadata: metadata} }
func sdist(metadata string) file { return file{name: "alder-1.0.tar.gz", metadata: metadata} }

func replacedInGood(old, replacement string) string {
	return strings.Replace(good, old, replacement, 1)
}

func TestCheck_OneFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file
		want    string // ids, joined
		message string // of the first finding, in the index's words
	}{
		"a wheel":             {wheel(good), "", ""},
		"an sdist":            {sdist(good), "", ""},
		"the oldest metadata": {sdist(replacedInGood("2.4", "1.0")), "", ""},
		"another spelling": {
			file{name: "al_der-1.0.0.rc1-py3-none-any.whl", metadata: replacedInGood("alder\nVersion: 1.0", "Al.Der\nVersion: 1c1")},
			"",
			"",
		},
		"an unknown header": {
			wheel(good + "Future: yes\n"), "field-unknown (warning)",
			"this program does not know the field 'Future' of the metadata; it is not sent to the index",
		},
		"no name": {
			wheel(replacedInGood("Name: alder\n", "")), "name-missing", "'' is an invalid value for Name. Error: This field is required.",
		},
		"a name UNKNOWN": {wheel(replacedInGood("alder", "UNKNOWN")), "name-missing", ""},
		"a bad name": {
			wheel(replacedInGood("alder", "alder-")), "name-invalid",
			"'alder-' is an invalid value for Name. Error: Start and end with a letter or numeral containing only ASCII numeric and '.', " +
				"'_' and '-'.",
		},
		"a long bad name": {
			wheel(replacedInGood("alder", strings.Repeat("x ", 50)+"y")), "name-invalid",
			"'" + strings.Repeat("x ", 15) + "..." + strings.Repeat(" x", 14) + " y' is an invalid value for Name. Error: " +
				"Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'.",
		},
		"no version": {
			sdist(replacedInGood("Version: 1.0", "Platform: any")), "version-missing", "'version' is a required field.",
		},
		"a bad version":          {sdist(replacedInGood("1.0", "1.0.x")), "version-invalid", "'1.0.x' is invalid for 'version'."},
		"a version with a quote": {sdist(replacedInGood("1.0", "1.0'")), "version-invalid", `"1.0'" is invalid for 'version'.`},
		"a local version": {
			file{name: "alder-1.0+g1a-py3-none-any.whl", metadata: replacedInGood("1.0", "1.0+g1a")},
			"version-local",
			"The use of local versions in '1.0+g1a' is not allowed.",
		},
		"no name and no version":      {wheel("Metadata-Version: 2.4\n"), "name-missing version-missing", ""},
		"no metadata version":         {wheel("Name: alder\nVersion: 1.0\n"), "metadata-version", "None is not a valid metadata version."},
		"metadata 2.0":                {wheel(replacedInGood("2.4", "2.0")), "metadata-version", "'2.0' is not a valid metadata version."},
		"metadata that is no version": {wheel(replacedInGood("2.4", "two")), "metadata-version", "'two' is not a valid metadata version."},
		"metadata of the future": {
			wheel(replacedInGood("2.4", "2.17")), "metadata-version", "'2.17' is not a valid metadata version.",
		},
		"a control character": {
			file{name: "alder-1.0\x1f.zip", metadata: good},
			"filename-characters zip-framing sdist-filename",
			"Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127) in the name.",
		},
		"a backslash": {
			file{name: `a\b-1.0.tar.gz`, metadata: good},
			"filename-slash sdist-archive (warning) filename-project",
			`Cannot upload a file with '/' or '\' in the name.`,
		},
		"an egg": {
			file{name: "alder-1.0-py3.egg", raw: "egg"},
			"filename-extension",
			"Invalid file extension: Use .tar.gz, .whl or .zip extension.",
		},
		"an upper-case wheel": {
			file{name: "alder-1.0-py3-none-any.WHL", metadata: good},
			"filename-extension",
			"Invalid file extension: Extension .WHL is invalid for filetype bdist_wheel.",
		},
		"an upper-case sdist": {
			file{name: "alder-1.0.tar.GZ", raw: "x"},
			"filename-extension not-a-tar",
			"Invalid file extension: Extension .tar.GZ is invalid for filetype sdist.",
		},
		"text named like a wheel": {
			file{name: "alder-1.0-py3-none-any.whl", raw: "text"}, "not-a-zip", "Invalid distribution file. File is not a zipfile",
		},
		"text named like an sdist": {
			file{name: "alder-1.0.tar.gz", raw: "text"}, "not-a-tar", "Invalid distribution file. File is not a tarfile",
		},
		"two folders at the top": {
			file{name: "alder-1.0.tar.gz", metadata: good, more: []string{"other/x"}},
			"top-level",
			"Invalid distribution file. Incorrect number of top-level directories in sdist",
		},
		"no PKG-INFO": {
			sdist(""), "pkg-info-missing", "Invalid distribution file. PKG-INFO not found at alder-1.0/pyproject.toml/PKG-INFO",
		},
		"no METADATA": {
			wheel(""), "metadata-missing",
			"Wheel 'alder-1.0-py3-none-any.whl' does not contain the required METADATA file: alder-1.0.dist-info/METADATA",
		},
		"a wheel that is only a name": {
			file{name: "alder.whl", metadata: good, more: []string{"alder-1.0.dist-info/METADATA"}},
			"name-missing metadata-version version-missing headers-end-early wheel-name-version", "",
		},
		"a wheel without tags": {
			file{name: "alder-1.0-any.whl", metadata: good},
			"wheel-filename",
			"Invalid wheel filename (wrong number of parts): 'alder-1.0-any'",
		},
		"a build tag of letters": {
			file{name: "alder-1.0-b1-py3-none-any.whl", metadata: good},
			"wheel-filename",
			"Invalid build number: b1 in 'alder-1.0-b1-py3-none-any'",
		},
		"an sdist without a dash": {
			file{name: "alder.tar.gz", metadata: good}, "sdist-filename-unparsable", "Invalid source distribution filename: alder.tar.gz",
		},
		"another project's wheel": {
			file{name: "elder-1.0-py3-none-any.whl", metadata: good}, "filename-project", "Start filename for 'alder' with 'alder'.",
		},
		"another project's sdist": {
			file{name: "elder-1.0.tar.gz", metadata: good}, "filename-project", "Start filename for 'alder' with 'alder'.",
		},
		"a zip for an sdist": {
			file{name: "alder-1.0.zip", metadata: good},
			"sdist-filename",
			"Filename 'alder-1.0.zip' is invalid, should be 'alder-1.0.tar.gz'.",
		},
		"another version's sdist": {
			file{name: "alder-1.0.0.tar.gz", metadata: good},
			"sdist-filename",
			"Filename 'alder-1.0.0.tar.gz' is invalid, should be 'alder-1.0.tar.gz'.",
		},
		"a wheel's unnormalized name": {
			file{name: "Alder-1.0-py3-none-any.whl", metadata: good},
			"wheel-name-normalized",
			"Filename 'Alder-1.0-py3-none-any.whl' should contain the normalized project name 'alder', not 'Alder'.",
		},
		"another version's wheel": {
			file{name: "alder-1.1-py3-none-any.whl", metadata: good}, "wheel-version", "Version in filename should be '1.0' not '1.1'.",
		},
		"a Python tag with an empty part": {
			file{name: "alder-1.0-py3..cp312-none-any.whl", metadata: good}, "refused-soon (warning)", "",
		},
		"no Python tag": {
			file{name: "alder-1.0--none-any.whl", metadata: good},
			"wheel-filename", "Invalid value for pyversion. Error: Python version is required for binary distribution uploads.",
		},
		"a file name too long": {
			file{name: "alder-1.0-py3-none-any" + strings.Repeat(".any", 56) + ".whl", metadata: good}, "filename-too-long", "",
		},
		"METADATA larger than is held": {
			wheel(good + strings.Repeat("\nx", 5<<20)), "metadata-long (warning)",
			fmt.Sprintf("the metadata has %d bytes: only its first fields were checked, and not the description", len(good)+10<<20),
		},
		"METADATA larger than can be": {
			wheel(good + strings.Repeat("\nx", 17<<20)), "metadata-missing",
			"alder-1.0.dist-info/METADATA cannot be read: too large to look into",
		},
		"a folder of another wheel": {
			file{name: "alder-1.0-py3-none-any.whl", more: []string{"elder-1.0.dist-info/METADATA"}},
			"name-missing metadata-version version-missing headers-end-early metadata-missing", "",
		},
		"a corrupt wheel (cut in half)": {
			file{
				name: "alder-1.0-py3-none-any.whl",
				raw: "PK\x01\x02" + strings.Repeat("x", 42) + "PK\x05\x06" + strings.Repeat("\x00", 8) + "\x2e\x00\x00\x00" +
					strings.Repeat("\x00", 4) + "\x00\x00",
			},
			"archive-corrupt", "Invalid distribution file. None",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && len(c.metadata) > 1<<20 {
				t.Skip("it has long metadata")
			}
			s := set(t, c.file)
			found := preflight.Check(s)
			if got := strings.Join(ids(found), " "); got != c.want {
				t.Fatalf("got %q, want %q: %v", got, c.want, found)
			}
			if c.message != "" && found[0].Message != c.message {
				t.Errorf("message %q, want %q", found[0].Message, c.message)
			}
			for _, f := range found {
				if f.File != s.Files[0].Path || f.Message == "" || f.Fix == "" {
					t.Errorf("an unhelpful finding: %+v", f)
				}
			}
		})
	}
}

// What has no release cannot be published to any index, so it must never pass.
func TestCheck_NoRelease(t *testing.T) {
	t.Parallel()
	s := set(t,
		wheel(""), sdist(""), file{name: "alder.whl"}, file{name: "alder-1.0.egg", raw: "egg"}, file{name: "alder-1.0.tgz", raw: "x"},
		file{name: "alder-1.0.zip", raw: "x"}, wheel(replacedInGood("1.0", "one")), wheel(replacedInGood("alder", "a b")), file{
			name: "alder-1.0.tar.gz", more: []string{"x/y"},
		},
		wheel("Metadata-Version: 2.4\n"),
	)
	for _, s.Warehouse = range []bool{true, false} {
		found := preflight.Check(s)
		for _, d := range s.Files {
			if _, err := d.Release(); err == nil {
				t.Errorf("%s has a release", d.Path)
			}
			if !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.File == d.Path && f.Severity == finding.Error }) {
				t.Errorf("Warehouse %v: %s passes", s.Warehouse, d.Path)
			}
		}
	}
}

func TestCheck_OtherIndex(t *testing.T) {
	t.Parallel()
	s := set(
		t, file{name: "Alder-1.0+x-py3-none-any.whl", metadata: replacedInGood("1.0", "1.0+x")}, wheel(replacedInGood("alder", "UNKNOWN")),
	)
	s.Warehouse = false
	want := []string{"name-missing", "pypi-refuses (notice)"}
	found := preflight.Check(s)
	if got := ids(found); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	const says = "PyPI would refuse 1 file, which this index may accept: version-local, wheel-name-normalized"
	if last := found[len(found)-1]; last.Message != says {
		t.Errorf("got %q, want %q", last.Message, says)
	}
}

func TestCheck_Set(t *testing.T) {
	t.Parallel()
	same := wheel(good).bytes()
	second := file{name: "alder-1.0.0.tar.gz", metadata: replacedInGood("1.0", "1.0.0")}
	for name, c := range map[string]struct {
		files    []file
		expected string
		want     []string
	}{
		"a release": {[]file{sdist(good), wheel(good)}, "", nil},
		"two releases of two projects": {
			[]file{sdist(good), {name: "elder-2.0.tar.gz", metadata: "Metadata-Version: 2.1\nName: elder\nVersion: 2.0\n"}}, "", nil,
		},
		"two sdists of one release": {[]file{sdist(good), second}, "", []string{"second-sdist"}},
		"two sdists of two releases": {
			[]file{sdist(good), {name: "alder-1.1.tar.gz", metadata: replacedInGood("1.0", "1.1")}},
			"",
			[]string{"several-versions (warning)"},
		},
		"the same bytes": {
			[]file{{name: "alder-1.0-py3-none-any.whl", raw: string(same)}, {name: "alder-1.0-1-py3-none-any.whl", raw: string(same)}},
			"",
			[]string{"duplicate-content"},
		},
		"the same name": {
			[]file{wheel(good), wheel(good + "Home-page: https://example.com\n")}, "", []string{"duplicate-name"},
		},
		"the same name and bytes":           {[]file{wheel(good), wheel(good)}, "", []string{"duplicate-name"}},
		"the expected version":              {[]file{sdist(good), wheel(good)}, "v1.0.0", nil},
		"the expected version as a ref":     {[]file{wheel(good)}, "refs/tags/v1.0", nil},
		"another than the expected version": {[]file{sdist(good), wheel(good)}, "v1.0.1", []string{"expected-version", "expected-version"}},
		"an invalid expected version":       {[]file{wheel(good)}, "main", []string{"expected-version"}},
		"findings in the order of files": {
			[]file{wheel(replacedInGood("alder", "UNKNOWN")), sdist("Metadata-Version: 2.4\nName: alder\n")},
			"main",
			[]string{"name-missing", "version-missing", "expected-version"},
		},
		"nothing": {nil, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, c.files...)
			s.ExpectedVersion = c.expected
			if got := besides("several-projects", preflight.Check(s)); !reflect.DeepEqual(ids(got), c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Facts that take odd archives to make are given directly.
func TestCheck_ArchiveAnomalies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size  int64
		facts archive.Facts
		want  []string
	}{
		"a sparse member": {
			1, archive.Facts{Anomalies: []archive.Anomaly{{Code: archive.AnomalySparse, Member: "x"}}}, []string{"tar-sparse"},
		},
		"another compression": {
			1, archive.Facts{Anomalies: []archive.Anomaly{{Code: archive.AnomalyMethod, Member: "x"}}}, []string{"compression-method"},
		},
		"a damaged tail": {
			1, archive.Facts{Anomalies: []archive.Anomaly{{Code: archive.AnomalyTail}}}, []string{"archive-corrupt (warning)"},
		},
		"a walk that was stopped": {
			1, archive.Facts{Anomalies: []archive.Anomaly{{Code: archive.AnomalyStopped}}}, []string{"archive-bomb (warning)"},
		},
		"a budget that was spent": {
			1, archive.Facts{Anomalies: []archive.Anomaly{{Code: archive.AnomalyUnread, Member: "x"}}}, []string{"archive-bomb (warning)"},
		},
		"a damaged member": {
			1, archive.Facts{Anomalies: []archive.Anomaly{{Code: archive.AnomalyUnusable, Member: "x"}}}, []string{"member-damaged"},
		},
		"a damaged member of a zip that reads otherwise from its start": {
			1,
			archive.Facts{Anomalies: []archive.Anomaly{{Code: archive.AnomalyUnusable, Member: "x"}, {Code: archive.AnomalyFraming}}},
			[]string{"zip-framing"},
		},
		"64 MiB":             {1, archive.Facts{Unpacked: 64 << 20}, nil},
		"50 times":           {2 << 20, archive.Facts{Unpacked: 100 << 20}, nil},
		"more than 50 times": {2 << 20, archive.Facts{Unpacked: 100<<20 + 1}, []string{"compression-ratio"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := *set(t, wheel(good)).Files[0]
			c.facts.Kept, c.facts.Top, c.facts.Members = d.Archive.Kept, d.Archive.Top, d.Archive.Members
			d.Size, d.Archive = c.size, c.facts
			got := preflight.Check(preflight.Set{Files: []*distfile.Distribution{&d}, Warehouse: true})
			if !reflect.DeepEqual(ids(got), c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestCheck_RealSdist(t *testing.T) {
	t.Parallel()
	d, err := distfile.Read(t.Context(), "../distfile/testdata/sampleproject-3.0.0.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	found := preflight.Check(preflight.Set{Files: []*distfile.Distribution{d}, Warehouse: true, ExpectedVersion: "3.0.0"})
	if len(found) > 0 {
		t.Errorf("got %v", found)
	}
}

func TestRules_Table(t *testing.T) {
	t.Parallel()
	seen := map[finding.ID]bool{}
	for _, r := range preflight.Rules() {
		if seen[r.ID] || !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(string(r.ID)) || r.About == "" {
			t.Errorf("the rule %+v is listed twice or badly", r)
		}
		seen[r.ID] = true
	}
	if len(seen) == 0 {
		t.Error("no rules")
	}
}

// TestCheck_Waive: errors of the index's rules become warnings where the user asks for it, and those of what the user demands, or of what
// the run cannot do without, stay errors.
func TestCheck_Waive(t *testing.T) {
	t.Parallel()
	s := set(t, wheel(good+"Requires-Python: home\n"), wheel(good))
	s.Waive, s.ExpectedVersion = true, "v9.9"
	for _, s.Warehouse = range []bool{true, false} {
		want := []string{"requires-python (warning)", "expected-version", "duplicate-name", "expected-version", "metadata-drift (warning)"}
		if !s.Warehouse {
			want = append(want[1:], "pypi-refuses (notice)")
		}
		if got := ids(preflight.Check(s)); !reflect.DeepEqual(got, want) {
			t.Errorf("Warehouse %v: got %q, want %q", s.Warehouse, got, want)
		}
	}
	s.ExpectedVersion = "the next one"
	found := preflight.Check(s)
	if !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.ID == "expected-version" && f.Severity == finding.Error }) {
		t.Errorf("an expected version that is no version is waived: %v", found)
	}
	waivable := map[finding.ID]bool{}
	for _, r := range preflight.Rules() {
		waivable[r.ID] = r.Waivable
	}
	for id, want := range map[finding.ID]bool{
		"expected-version": false, "expected-project": false, "duplicate-name": false, "requires-python": true, "version-invalid": true,
	} {
		if waivable[id] != want {
			t.Errorf("%s: waivable is %v", id, waivable[id])
		}
	}
}
