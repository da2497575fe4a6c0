package dist_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/dist"
)

func TestMetadataIsReadAsAnEmail(t *testing.T) {
	t.Parallel()
	type headers = []dist.Field
	for name, c := range map[string]struct {
		text        string
		headers     headers
		description string
	}{
		"headers and body":                 {"Name: alder\nVersion: 1.0\n\nHello\n\nyou\n", headers{{"Name", "alder"}, {"Version", "1.0"}}, "Hello\n\nyou\n"},
		"no body":                          {"Name: alder\n", headers{{"Name", "alder"}}, ""},
		"no end of line":                   {"Name: alder", headers{{"Name", "alder"}}, ""},
		"CRLF":                             {"Name: alder\r\nSummary: a\r\n  b\r\n\r\nHello\r\n", headers{{"Name", "alder"}, {"Summary", "a\r\n  b"}}, "Hello\r\n"},
		"folded":                           {"Author: Jane,\n        Joe\nName: x\n", headers{{"Author", "Jane,\n        Joe"}, {"Name", "x"}}, ""},
		"folded after nothing":             {"Summary:\n  text\n", headers{{"Summary", "text"}}, ""},
		"blanks at the end stay":           {"Name:  alder \n", headers{{"Name", "alder "}}, ""},
		"no blank after the colon":         {"Name:alder\n", headers{{"Name", "alder"}}, ""},
		"an empty value":                   {"Author:\nName: x\n", headers{{"Author", ""}, {"Name", "x"}}, ""},
		"a colon in the value":             {"Project-URL: A, https://x\n", headers{{"Project-URL", "A, https://x"}}, ""},
		"unknown headers":                  {"X-Made-By: me\nname: alder\n", headers{{"X-Made-By", "me"}, {"name", "alder"}}, ""},
		"UTF-8":                            {"Summary: 木 ✓\n\nÐ\n", headers{{"Summary", "木 ✓"}}, "Ð\n"},
		"a line that is no header":         {"Name: alder\nHello there\nX: y\n", headers{{"Name", "alder"}}, "Hello there\nX: y\n"},
		"a later line at the start":        {"  x\nName: alder\n", headers{{"Name", "alder"}}, ""},
		"a mailbox's first line":           {"From me\nName: alder\n", headers{{"Name", "alder"}}, ""},
		"a header without a name":          {"Name: alder\n: x\n y\nA: b\n", headers{{"Name", "alder"}, {"A", "b"}}, ""},
		"an empty line at the start":       {"\nName: alder\n", nil, "Name: alder\n"},
		"a byte order mark":                {"\ufeffName: alder\n", nil, "\ufeffName: alder\n"},
		"a Description header":             {"Description: Alder\n        \n        .. code::\n        \n            x\n", headers{{"Description", "Alder\n        \n        .. code::\n        \n            x"}}, "Alder\n\n.. code::\n\n    x"},
		"a Description header with bars":   {"Description: Alder\n       |\n       |  x\n", headers{{"Description", "Alder\n       |\n       |  x"}}, "Alder\n\n  x"},
		"a Description header of less":     {"Description: Alder\n  a\n    b\n", headers{{"Description", "Alder\n  a\n    b"}}, "Alder\na\n  b"},
		"the body precedes Description":    {"Description: a\n\nb\n", headers{{"Description", "a"}}, "b\n"},
		"nothing":                          {"", nil, ""},
		"only an empty line":               {"\n", nil, ""},
		"old Macintosh ends of line":       {"Name: alder\rVersion: 1\r\rHello", headers{{"Name", "alder"}, {"Version", "1"}}, "Hello"},
		"a newer metadata version":         {"Metadata-Version: 9.9\nName: alder\n", headers{{"Metadata-Version", "9.9"}, {"Name", "alder"}}, ""},
		"bytes that are no text pass, too": {"Summary: \xff\n\n\xfe", headers{{"Summary", "\xff"}}, "\xfe"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := withMetadata(t, c.text)
			if !d.Metadata || !reflect.DeepEqual(d.Headers, c.headers) {
				t.Errorf("headers %q, want %q", d.Headers, c.headers)
			}
			if d.Description != c.description {
				t.Errorf("description %q, want %q", d.Description, c.description)
			}
		})
	}
}

func TestFormsOfOddMetadata(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		metadata string
		want     []dist.Field
	}{
		"every occurrence is sent":              {"Summary: a\nSUMMARY: b\n", []dist.Field{{"summary", "a"}, {"summary", "b"}}},
		"a description in two places is two":    {"Description: a\n\nb\n", []dist.Field{{"description", "a"}, {"description", "b\n"}}},
		"the same twice is two":                 {"Description: a\n\na", []dist.Field{{"description", "a"}, {"description", "a"}}},
		"unknown headers are not sent":          {"Future: x\nLicence: y\n", nil},
		"a name is spelled with dashes":         {"Name: Al_.der__x\n", []dist.Field{{"name", "Al-.der-x"}}},
		"an invalid name stays as it is":        {"Name: al der\n", []dist.Field{{"name", "al der"}}},
		"licence files of 2.4":                  {"Metadata-Version: 2.4\nLicense-File: L\n", []dist.Field{{"license_file", "L"}, {"metadata_version", "2.4"}}},
		"licence files of 2.10 are newer":       {"Metadata-Version: 2.10\nLicense-File: L\n", []dist.Field{{"license_file", "L"}, {"metadata_version", "2.10"}}},
		"licence files before 2.4":              {"Metadata-Version: 2.3\nLicense-File: L\n", []dist.Field{{"metadata_version", "2.3"}}},
		"licence files of no version":           {"License-File: L\n", nil},
		"keywords and links have regular blank": {"Keywords: a,b , c\nProject-URL: A,https://x,y\n", []dist.Field{{"keywords", "a, b, c"}, {"project_urls", "A, https://x,y"}}},
		"UNKNOWN is left to the index":          {"Author: UNKNOWN\n", []dist.Field{{"author", "UNKNOWN"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := append([]dist.Field{{":action", "file_upload"}}, c.want...)
			var got []dist.Field
			for _, field := range withMetadata(t, c.metadata).Form() {
				if !strings.Contains("protocol_version filetype pyversion", field.Name) {
					got = append(got, field)
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestFormsSayWhatTheFileIs(t *testing.T) {
	t.Parallel()
	for filename, want := range map[string][2]string{
		"alder-1.0-py3-none-any.whl":                {"bdist_wheel", "py3"},
		"alder-1.0-1-cp312-cp312-win_amd64.whl":     {"bdist_wheel", "cp312"},
		"alder-1.0-py2.py3-none-any.WHL":            {"bdist_wheel", "py2.py3"},
		"alder.whl":                                 {"bdist_wheel", ""},
		"alder-1.0.tar.gz":                          {"sdist", "source"},
		"alder-1.0.zip":                             {"sdist", "source"},
		"alder-1.0.tgz":                             {"sdist", "source"},
		"alder-1.0-py3.egg":                         {"bdist_egg", "source"},
		"alder-1.0.win32.exe":                       {"bdist_wininst", "source"},
		"alder-1.0.tar.GZ":                          {"sdist", "source"},
		"al-der-1.0-cp312-abi3-macosx_11_0_arm.whl": {"bdist_wheel", "cp312"},
	} {
		d := dist.Distribution{Name: filename}
		got := map[string]string{}
		for _, field := range d.Form() {
			got[field.Name] = field.Value
		}
		if got["filetype"] != want[0] || got["pyversion"] != want[1] || got["protocol_version"] != "1" {
			t.Errorf("%s: got %v", filename, got)
		}
	}
}

func FuzzMetadata(f *testing.F) {
	f.Add("Name: alder\nDescription: a\n        b\n\nbody")
	f.Add("From x\n\ty\n: z\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4<<10 {
			return
		}
		d := withMetadata(t, text)
		if !d.Metadata {
			t.Fatal("the metadata is gone")
		}
		d.Form()
		for _, h := range d.Headers {
			if h.Name == "" || strings.ContainsAny(h.Name, " \r\n\t:") {
				t.Fatalf("a header named %q", h.Name)
			}
		}
	})
}
