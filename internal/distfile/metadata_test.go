package distfile_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
)

func TestMetadata_Headers(t *testing.T) {
	t.Parallel()
	type headers = []distfile.Field
	for name, c := range map[string]struct {
		text        string
		headers     headers
		description string
	}{
		"headers and body": {
			"Name: alder\nVersion: 1.0\n\nHello\n\nyou\n", headers{{"Name", "alder"}, {"Version", "1.0"}}, "Hello\n\nyou\n",
		},
		"no body":        {"Name: alder\n", headers{{"Name", "alder"}}, ""},
		"no end of line": {"Name: alder", headers{{"Name", "alder"}}, ""},
		"CRLF": {
			"Name: alder\r\nSummary: a\r\n  b\r\n\r\nHello\r\n", headers{{"Name", "alder"}, {"Summary", "a\r\n  b"}}, "Hello\r\n",
		},
		"folded": {
			"Author: Jane,\n        Joe\nName: x\n", headers{{"Author", "Jane,\n        Joe"}, {"Name", "x"}}, "",
		},
		"folded after nothing":       {"Summary:\n  text\n", headers{{"Summary", "text"}}, ""},
		"blanks at the end stay":     {"Name:  alder \n", headers{{"Name", "alder "}}, ""},
		"no blank after the colon":   {"Name:alder\n", headers{{"Name", "alder"}}, ""},
		"an empty value":             {"Author:\nName: x\n", headers{{"Author", ""}, {"Name", "x"}}, ""},
		"a colon in the value":       {"Project-URL: A, https://x\n", headers{{"Project-URL", "A, https://x"}}, ""},
		"unknown headers":            {"X-Made-By: me\nname: alder\n", headers{{"X-Made-By", "me"}, {"name", "alder"}}, ""},
		"UTF-8":                      {"Summary: 木 ✓\n\nÐ\n", headers{{"Summary", "木 ✓"}}, "Ð\n"},
		"a line that is no header":   {"Name: alder\nHello there\nX: y\n", headers{{"Name", "alder"}}, "Hello there\nX: y\n"},
		"a later line at the start":  {"  x\nName: alder\n", headers{{"Name", "alder"}}, ""},
		"a mailbox's first line":     {"From me\nName: alder\n", headers{{"Name", "alder"}}, ""},
		"a header without a name":    {"Name: alder\n: x\n y\nA: b\n", headers{{"Name", "alder"}, {"A", "b"}}, ""},
		"an empty line at the start": {"\nName: alder\n", nil, "Name: alder\n"},
		"a byte order mark":          {"\ufeffName: alder\n", nil, "\ufeffName: alder\n"},
		"a Description header": {
			"Description: Alder\n        \n        .. code::\n        \n            x\n",
			headers{{"Description", "Alder\n        \n        .. code::\n        \n            x"}},
			"Alder\n\n.. code::\n\n    x",
		},
		"a Description header with bars": {
			"Description: Alder\n       |\n       |  x\n", headers{{"Description", "Alder\n       |\n       |  x"}}, "Alder\n\n  x",
		},
		"a Description header of less": {
			"Description: Alder\n  a\n    b\n", headers{{"Description", "Alder\n  a\n    b"}}, "Alder\na\n  b",
		},
		"the body precedes Description": {"Description: a\n\nb\n", headers{{"Description", "a"}}, "b\n"},
		"nothing":                       {"", nil, ""},
		"only an empty line":            {"\n", nil, ""},
		"old Macintosh ends of line":    {"Name: alder\rVersion: 1\r\rHello", headers{{"Name", "alder"}, {"Version", "1"}}, "Hello"},
		"a newer metadata version": {
			"Metadata-Version: 9.9\nName: alder\n", headers{{"Metadata-Version", "9.9"}, {"Name", "alder"}}, "",
		},
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

// TestMetadata_HeaderEnd has the verdicts of Python's email.message_from_bytes (CPython 3.8 to 3.13), whose first line of the
// payload is the one here where no empty line stands before it.
func TestMetadata_HeaderEnd(t *testing.T) {
	t.Parallel()
	at := func(number int, text string) *distfile.Line { return &distfile.Line{Number: number, Text: text} }
	for name, c := range map[string]struct {
		text        string
		names       string // of the headers
		description string
		end         *distfile.Line
	}{
		"an empty line":                     {"Name: a\n\nImport-Name\n", "Name", "Import-Name\n", nil},
		"the end of the text":               {"Name: a\nVersion: 1", "Name Version", "", nil},
		"an empty line of the other system": {"Name: a\n\r\nx", "Name", "x", nil},
		"an empty line of an old system":    {"Name: a\r\rx", "Name", "x", nil},
		"a field's name without a colon": {
			"Name: a\nImport-Name\nB: c\n\nx\n", "Name", "Import-Name\nB: c\n\nx\n", at(2, "Import-Name"),
		},
		"CRLF": {
			"Name: a\r\nSummary: x\r\n y\r\nhello\r\nB: c\r\n", "Name Summary", "hello\r\nB: c\r\n", at(4, "hello"),
		},
		"CR":                                     {"Name: a\rB: c\rhello\rD: e", "Name B", "hello\rD: e", at(3, "hello")},
		"the last line, without an end":          {"Name: a\nhello", "Name", "hello", at(2, "hello")},
		"the first line":                         {"hello\nName: a\n", "", "hello\nName: a\n", at(1, "hello")},
		"a blank before the colon":               {"Name: a\nVersion : 1\nB: c\n", "Name", "Version : 1\nB: c\n", at(2, "Version : 1")},
		"a byte order mark":                      {"\ufeffName: a\n", "", "\ufeffName: a\n", at(1, "\ufeffName: a")},
		"a letter outside of ASCII in the name":  {"Näme: a\n", "", "Näme: a\n", at(1, "Näme: a")},
		"a NUL in the name":                      {"Name: a\nB\x00: c\n", "Name", "B\x00: c\n", at(2, "B\x00: c")},
		"a DEL in the name":                      {"Name: a\nB\x7f: c\n", "Name", "B\x7f: c\n", at(2, "B\x7f: c")},
		"a form feed is no blank":                {"Name: a\n\fB: c\n", "Name", "\fB: c\n", at(2, "\fB: c")},
		"a line of a vertical tab is not empty":  {"Name: a\n\v\nB: c\n", "Name", "\v\nB: c\n", at(2, "\v")},
		"a line of one blank is a later line":    {"Name: a\n \nB: c\n", "Name B", "", nil},
		"other line separators end no line":      {"Name: a\u0085b\nX: d\u2028e\n", "Name X", "", nil},
		"a first line that is indented":          {" x\nName: a\n", "Name", "", nil},
		"nothing but an indented line":           {" x", "", "", nil},
		"a colon at the start":                   {"Name: a\n: x\n y\nB: c\n\nz", "Name B", "z", nil},
		"nothing but a colon":                    {"Name: a\n:", "Name", "", nil},
		"a mailbox's line at the start":          {"From me\nName: a\n", "Name", "", nil},
		"a mailbox's line alone":                 {"From me\n\nx", "", "x", nil},
		"a mailbox's line, and no header":        {"From me\nhello\n", "", "hello\n", at(2, "hello")},
		"a mailbox's line between headers":       {"Name: a\nFrom me\n x\nB: c\n", "Name B", "", nil},
		"a mailbox's line as the last":           {"Name: a\nFrom me", "Name", "From me", at(2, "From me")},
		"a mailbox's line before an empty one":   {"Name: a\nFrom me\n\nx\n", "Name", "From me\nx\n", at(2, "From me")},
		"a mailbox's line before no header":      {"Name: a\nFrom me\nhello\n", "Name", "From me\nhello\n", at(2, "From me")},
		"the last of two lines of mailboxes":     {"Name: a\nFrom x\nFrom y\n\nz", "Name", "From y\nz", at(3, "From y")},
		"a mailbox's line after an indented one": {" x\nFrom y\n\nz", "", "From y\nz", at(2, "From y")},
		"an indented line after a mailbox's":     {"Name: a\nFrom x\n y\n\nz", "Name", "z", nil},
		"the header From":                        {"Name: a\nFrom: x\n", "Name From", "", nil},
		"a mailbox's line that is quoted":        {"Name: a\n>From x\nB: c\n", "Name", ">From x\nB: c\n", at(2, ">From x")},
		"nothing":                                {"", "", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := withMetadata(t, c.text)
			var names []string
			for _, h := range d.Headers {
				names = append(names, h.Name)
			}
			if got := strings.Join(names, " "); got != c.names || d.Description != c.description {
				t.Errorf("headers %q, want %q, description %q, want %q", got, c.names, d.Description, c.description)
			}
			if !reflect.DeepEqual(d.HeadersEndAt, c.end) {
				t.Errorf("the headers end at %+v, want %+v", d.HeadersEndAt, c.end)
			}
		})
	}
}

func TestForm_UnusualMetadata(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		metadata string
		want     []distfile.Field
	}{
		"every occurrence is sent":           {"Summary: a\nSUMMARY: b\n", []distfile.Field{{"summary", "a"}, {"summary", "b"}}},
		"a description in two places is two": {"Description: a\n\nb\n", []distfile.Field{{"description", "a"}, {"description", "b\n"}}},
		"the same twice is two":              {"Description: a\n\na", []distfile.Field{{"description", "a"}, {"description", "a"}}},
		"unknown headers are not sent":       {"Future: x\nLicence: y\n", nil},
		"a name is spelled with dashes":      {"Name: Al_.der__x\n", []distfile.Field{{"name", "Al-.der-x"}}},
		"an invalid name stays as it is":     {"Name: al der\n", []distfile.Field{{"name", "al der"}}},
		"licence files of 2.4": {
			"Metadata-Version: 2.4\nLicense-File: L\n", []distfile.Field{{"license_file", "L"}, {"metadata_version", "2.4"}},
		},
		"licence files of 2.10 are newer": {
			"Metadata-Version: 2.10\nLicense-File: L\n", []distfile.Field{{"license_file", "L"}, {"metadata_version", "2.10"}},
		},
		"licence files before 2.4":    {"Metadata-Version: 2.3\nLicense-File: L\n", []distfile.Field{{"metadata_version", "2.3"}}},
		"licence files of no version": {"License-File: L\n", nil},
		"keywords and links have regular blank": {
			"Keywords: a,b , c\nProject-URL: A,https://x,y\n",
			[]distfile.Field{{"keywords", "a, b, c"}, {"project_urls", "A, https://x,y"}},
		},
		"UNKNOWN is left to the index": {"Author: UNKNOWN\n", []distfile.Field{{"author", "UNKNOWN"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := append([]distfile.Field{{":action", "file_upload"}}, c.want...)
			var got []distfile.Field
			for _, field := range formOf(t, withMetadata(t, c.metadata)) {
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

func TestForm_FileType(t *testing.T) {
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
		d := distfile.Distribution{Name: filename}
		got := map[string]string{}
		for _, field := range formOf(t, &d) {
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
	f.Add("Name: alder\rImport-Name\r\nB: c")
	f.Add("Name: alder\nFrom x\n\nbody")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4<<10 {
			return
		}
		d := withMetadata(t, text)
		if !d.Metadata {
			t.Fatal("the metadata is gone")
		}
		formOf(t, d)
		for _, h := range d.Headers {
			if h.Name == "" || strings.ContainsAny(h.Name, " \r\n\t:") {
				t.Fatalf("a header named %q", h.Name)
			}
		}
		if end := d.HeadersEndAt; end != nil {
			// The line is there, it is not empty, and it begins the description.
			lines := regexp.MustCompile("\r\n|\r|\n").Split(text, -1)
			if end.Text == "" || end.Number > len(lines) || lines[end.Number-1] != end.Text || !strings.HasPrefix(d.Description, end.Text) {
				t.Fatalf("the headers end at %+v", end)
			}
		}
	})
}
