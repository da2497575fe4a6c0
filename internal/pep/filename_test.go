package pep_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

func TestParseWheelName_Valid(t *testing.T) {
	t.Parallel()
	for filename, want := range map[string]pep.WheelName{
		"alder-1.0-py3-none-any.whl":                    {"alder", "1.0", "", "py3", "none", "any"},
		"Al.der_X-1.0.RC1-2b-cp312-cp312-linux_x86.whl": {"Al.der_X", "1.0.RC1", "2b", "cp312", "cp312", "linux_x86"},
		"alder-1!1.0-py2.py3-none-a.b.whl":              {"alder", "1!1.0", "", "py2.py3", "none", "a.b"},
		"ålder-1.0-zz9-foo-any.whl":                     {"ålder", "1.0", "", "zz9", "foo", "any"},
	} {
		if got, err := pep.ParseWheelName(filename); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", filename, got, err)
		}
	}
}

func TestParseWheelName_Refused(t *testing.T) {
	t.Parallel()
	for filename, want := range map[string]string{
		"alder-1.0-py3-none-any.WHL":    "extension must be",
		"alder-1.0-none-any.whl":        "invalid wheel filename (wrong number of parts): 'alder-1.0-none-any'",
		"a-1.0-1-2-py3-none-any.whl":    "wrong number of parts",
		".whl":                          "wrong number of parts",
		"al__der-1.0-py3-none-any.whl":  "invalid project name: 'al__der-1.0-py3-none-any'",
		"al der-1.0-py3-none-any.whl":   "invalid project name",
		"alder-dog-py3-none-any.whl":    "invalid wheel filename (invalid version): 'alder-dog-py3-none-any'",
		"alder-1.0-b1-py3-none-any.whl": "invalid build number: b1 in 'alder-1.0-b1-py3-none-any'",
		"alder-1.0--py3-none-any.whl":   "invalid build number",
	} {
		if got, err := pep.ParseWheelName(filename); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v; want an error with %q", filename, got, err, want)
		}
	}
}

// The characters of a project are those of the index's pattern, in every script, and the bytes that are no character are none of them.
func TestParseWheelName_Characters(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`^[\pL\pN_.]*$`)
	for r := rune(' '); r < 0x3100; r++ {
		if r == '-' {
			continue // ends the project
		}
		name := "a" + string(r)
		if _, err := pep.ParseWheelName(name + "-1.0-py3-none-any.whl"); (err == nil) != pattern.MatchString(name) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := pep.ParseWheelName("a\xff-1.0-py3-none-any.whl"); err == nil {
		t.Error("a byte that is no character was taken")
	}
}

func TestParseSdistName(t *testing.T) {
	t.Parallel()
	for filename, want := range map[string]pep.SdistName{
		"alder-1.0.tar.gz":      {"alder", "1.0"},
		"al-der-core-1!2.0.zip": {"al-der-core", "1!2.0"},
		"-1.0.tar.gz":           {"", "1.0"},
	} {
		if got, err := pep.ParseSdistName(filename); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", filename, got, err)
		}
	}
	for filename, want := range map[string]string{
		"alder-1.0.tgz":    "extension",
		"alder-1.0.TAR.GZ": "extension",
		"alder.tar.gz":     "no dash",
		"alder-dog.tar.gz": "invalid version",
		"alder-.zip":       "invalid version",
	} {
		if got, err := pep.ParseSdistName(filename); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v; want an error with %q", filename, got, err, want)
		}
	}
}

func FuzzFileNames(f *testing.F) {
	f.Add("alder-1.0-1-py3-none-any.whl")
	f.Add("alder-1.0.tar.gz")
	f.Add("al-der-1.0.zip")
	f.Fuzz(func(t *testing.T, filename string) {
		if w, err := pep.ParseWheelName(filename); err == nil {
			parts := []string{w.Name, w.Version, w.Build, w.Python, w.ABI, w.Platform}
			if w.Build == "" {
				parts = append(parts[:2], parts[3:]...)
			}
			if whole := strings.Join(parts, "-") + ".whl"; whole != filename {
				t.Fatalf("%q came apart as %q", filename, whole)
			}
		}
		if s, err := pep.ParseSdistName(filename); err == nil && !strings.HasPrefix(filename, s.Name+"-"+s.Version+".") {
			t.Fatalf("%q came apart as %+v", filename, s)
		}
	})
}
