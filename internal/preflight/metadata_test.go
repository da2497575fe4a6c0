package preflight_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
	"github.com/org/pypi-oidc-publish/internal/pep/spdx"
	"github.com/org/pypi-oidc-publish/internal/pep/trove"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// newest is metadata in which every field may stand.
const newest = "Metadata-Version: 2.5\nName: alder\nVersion: 1.0\n"

func x(n int) string { return strings.Repeat("x", n) }

// TestCheck_Fields goes along the borders of the rules: what more there is in the metadata, and the rules that it breaks.
func TestCheck_Fields(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]string{
		"":                                 "",
		"Summary: one\nSummary: two\n":     "field-repeated",
		"summary: one\nSUMMARY: two\n":     "field-repeated",
		"Summary: one\nSummary: UNKNOWN\n": "",
		"Summary: UNKNOWN\nSummary: two\n": "field-repeated",
		"Summary: one\nSummary:\n":         "field-repeated",
		"Summary:\n":                       "",
		"Summary: \n":                      "",
		"Keywords: a,b\nKeywords: c\n":     "field-repeated",
		"Platform: a\nPlatform: b\n":       "",
		"Description: a\nDescription-Content-Type: text/plain\n\nb\n":             "field-repeated",
		"Project-URL: A, https://a.example\nProject-URL: a, https://a.example\n":  "",
		"Project-URL: A, https://a.example\nProject-URL: A , https://b.example\n": "field-repeated",
		"Project-URL: https://a.example\nProject-URL: https://b.example\n":        "project-url project-url",

		"Summary: one\n two\n":                        "summary-newline",
		"Summary: one\r\n\ttwo\n":                     "summary-newline",
		"Summary: " + x(512) + "\n":                   "",
		"Summary: " + x(513) + "\n":                   "summary-length",
		"Summary: " + strings.Repeat("é", 512) + "\n": "",
		"Summary: " + strings.Repeat("😀", 513) + "\n": "summary-length",
		"Summary: " + x(512) + "\n y\n":               "summary-newline summary-length",

		"Description-Content-Type: text/plain\n":                                        "",
		"Description-Content-Type: TEXT/MarkDown\n":                                     "",
		"Description-Content-Type: text/markdown ; charset=UTF-8; variant=GFM\n":        "",
		"Description-Content-Type: text/markdown; charset=\"UTF-8\"; variant=\"GFM\"\n": "",
		"Description-Content-Type: text/markdown; CHARSET=UTF-8\n":                      "",
		"Description-Content-Type: text/markdown; variant=commonmark\n":                 "content-type-variant",
		"Description-Content-Type: text/x-rst; variant=commonmark\n":                    "",
		"Description-Content-Type: text/x-rst; charset=utf-8\n":                         "content-type-charset",
		"Description-Content-Type: text/markdown; charset=UTF8; variant=gfm\n":          "content-type-charset content-type-variant",
		"Description-Content-Type: text/markdown; charset=utf-8; charset=UTF-8\n":       "content-type-charset",
		"Description-Content-Type: text/markdown; charset=UTF-8; charset=utf-8\n":       "refused-soon (warning)",
		"Description-Content-Type: text/html; charset=latin-1\n":                        "content-type",
		"Description-Content-Type: markdown\n":                                          "content-type",
		"Description-Content-Type: text/markdown charset=UTF-8\n":                       "content-type",
		"Description-Content-Type: text/markdown,text/plain\n":                          "",
		"Description-Content-Type: text/markdown;\n charset=UTF-8\n":                    "content-type",
		"Description-Content-Type: UNKNOWN\n":                                           "",

		"Description-Content-Type: text/markdown; charset='UTF-8'\n":           "refused-soon (warning)",
		"Description-Content-Type: text/markdown; charset: UTF-8\n":            "refused-soon (warning)",
		"Description-Content-Type: text/markdown; charset=UTF-8,variant=GFM\n": "refused-soon (warning)",
		"Description-Content-Type: text/markdown;; charset=UTF-8\n":            "refused-soon (warning)",
		"Description-Content-Type: text/markdown; GFM\n":                       "refused-soon (warning)",
		"Description-Content-Type: text/markdown; charset=\n":                  "refused-soon (warning)",
		"Description-Content-Type: text/markdown; charset=UTF-8 variant=GFM\n": "refused-soon (warning)",
		"Description-Content-Type: text/markdown; charset = UTF-8; x=y; \n":    "",
		"Description-Content-Type: text/html; GFM\n":                           "content-type",

		"Summary: a\vb\n":                                                 "refused-soon (warning)",
		"Summary: a\u2028b\n":                                             "refused-soon (warning)",
		"Summary: a\x85b\n":                                               "metadata-encoding",
		"License-Expression: LicenseRef-\n":                               "refused-soon (warning)",
		"License-Expression: (MIT) WITH LLVM-exception\n":                 "refused-soon (warning)",
		"License-Expression: MIT WITH LLVM-exception OR LicenseRef-a.b\n": "",

		"Author: " + x(64<<10) + "\n":     "",
		"Author: " + x(64<<10+1) + "\n":   "field-too-long (notice)",
		"Keywords: " + x(64<<10+1) + "\n": "",

		"Dynamic: Requires-Dist\nDynamic: summary\n": "",
		"Dynamic: VERSION\n":                         "dynamic-forbidden",
		"Dynamic: Metadata-Version\nDynamic: Name\n": "dynamic-forbidden dynamic-forbidden",
		"Dynamic: Dynamic\n":                         "dynamic-unknown",
		"Dynamic: Import-Name\n":                     "",
		"Dynamic: Requires-Dist \n":                  "dynamic-unknown",
		"Dynamic: requires_dist\n":                   "dynamic-unknown",
		"Dynamic: Foo\nDynamic: Foo\n":               "dynamic-unknown",

		"Provides-Extra: A.b_c-d\nProvides-Extra: 9\n": "",
		"Provides-Extra: -a\n":                         "provides-extra",
		"Provides-Extra: a_\n":                         "provides-extra",
		"Provides-Extra: é\n":                          "provides-extra",
		"Provides-Extra: a\nProvides-Extra:\n":         "provides-extra",

		"Requires-Python: >=3.8, !=3.9.*,\n": "",
		"Requires-Python: 3.8\n":             "requires-python",
		"Requires-Python: ~=3\n":             "requires-python",
		"Requires-Python: ===anything\n":     "",
		"Requires-Python: >=3.8+local\n":     "requires-python",
		"Requires-Python: ==3.8+local\n":     "",
		"Requires-Python: =>3.8\n":           "requires-python",

		"Requires-Dist: a (>=1)\nRequires-Dist: b[c,d]~=1.2; python_version<'3.9' and extra == \"x\"\n": "",
		"Requires-Dist: a (1.0)\n":                                       "requires-dist",
		"Requires-Dist: a\nRequires-Dist: b>=\nRequires-Dist: c d\n":     "requires-dist requires-dist",
		"Requires-Dist: a; python_version > 3\n":                         "requires-dist",
		"Requires-Dist: a; extra == 'x'\n":                               "",
		"Requires-Dist: a @ git+https://example.com/a.git\n":             "requires-dist-url",
		"Requires-Dist: a@https://example.com/a.zip ; os_name == 'nt'\n": "requires-dist-url",
		"Provides-Dist: a>=1\nObsoletes-Dist: b\n":                       "",
		"Obsoletes-Dist: a (1.0)\n":                                      "provides-dist",
		"Obsoletes-Dist: a @ https://example.com/a.zip\n":                "provides-dist",
		"Requires: foo (whatever)\nProvides: !\nRequires-External: ?\n":  "",

		"License-Expression: mit or Apache-2.0\n":                                       "",
		"License-Expression: MIT OR\n":                                                  "license-expression",
		"License-Expression: BSD\n":                                                     "license-expression",
		"License-Expression: MIT\nLicense: MIT\n":                                       "license-and-expression",
		"License-Expression: MIT\nLicense: UNKNOWN\n":                                   "",
		"License-Expression: MIT\nClassifier: License :: OSI Approved :: MIT License\n": "license-classifier (notice)",
		"License-File: LICENSE\nLicense-File: licenses/a b.txt\n":                       "",
		"License-File: C:LICENSE\n":                                                     "refused-soon (warning)",
		"License-File: a..b\n":                                                          "license-file-path",
		"License-File: /LICENSE\n":                                                      "license-file-path",
		"License-File: c:/LICENSE\n":                                                    "license-file-path",
		`License-File: \\host\share\LICENSE` + "\n":                                     "license-file-path",
		"License-File: ./LICENSE\n":                                                     "license-file-path",
		"License-File: licenses/\n":                                                     "license-file-path",
		"License-File: licenses//LICENSE\n":                                             "license-file-path",
		"License-File: LICENSE\nLicense-File:\n":                                        "license-file-path",

		"Import-Name: a.b_c ; private\nImport-Namespace: ä\n": "",
		"Import-Name:\n":           "",
		"Import-Name: a.\n":        "import-name",
		"Import-Name: a.class\n":   "import-name",
		"Import-Name: match\n":     "",
		"Import-Name: 1a\n":        "import-name",
		"Import-Name: a; public\n": "import-name",
		"Import-Name: a;\n":        "import-name",
		"Import-Namespace: a-b\n":  "import-name",

		"Author-email: Jane Doe <jane@example.com>\n":                     "",
		"Author-email: \"Doe, Jane\" <jane@example.com>\n":                "",
		"Author-email: jane@example.com (Jane)\n":                         "",
		"Author-email: Jane Doe\n":                                        "email",
		"Author-email: jane@example\n":                                    "email",
		"Author-email: jane@example.c0m\n":                                "",
		"Author-email: jane@example.c0\n":                                 "email",
		"Author-email: jane@127.0.0.1\n":                                  "email",
		"Author-email: jane@[127.0.0.1]\n":                                "",
		"Author-email: jane@sub.invalid\n":                                "email",
		"Author-email: jane@example.org, nonsense\n":                      "",
		"Author-email: a@@example.com\n":                                  "",
		"Author-email: .jane@example.com\n":                               "email",
		"Author-email: jane.@example.com\n":                               "email",
		"Author-email: ja..ne@example.com\n":                              "email",
		"Author-email: jane@-example.com\n":                               "email",
		"Author-email: jane@ex_ample.com\n":                               "email",
		"Author-email: \"jane doe\"@example.com\n":                        "email",
		"Author-email: jane@☃.example\n":                                  "email",
		"Author-email: jane@bücher.example\n":                             "",
		"Author-email: jäne@example.com\n":                                "",
		"Author-email: <>\n":                                              "",
		"Author-email: jane@" + x(63) + ".com\n":                          "",
		"Author-email: jane@" + x(64) + ".com\n":                          "email",
		"Author-email: " + x(242) + "@example.com\n":                      "",
		"Author-email: " + x(243) + "@example.com\n":                      "email",
		"Author-email: Jane <jane(at)example.com>\nMaintainer-email: x\n": "email email",

		"Classifier: Programming Language :: Python :: 3\n":         "",
		"Classifier: programming language :: python :: 3\n":         "classifier-unknown",
		"Classifier: Programming Language :: Python :: 3 \n":        "classifier-unknown",
		"Classifier: A\nClassifier: B\nClassifier: A\n":             "classifier-unknown classifier-unknown",
		"Classifier: Natural Language :: Ukranian\nClassifier: A\n": "classifier-unknown classifier-deprecated",

		"Home-page: https://example.com\nDownload-URL: HTTP://example.com\n": "",
		"Home-page: ftp://example.com\n":                                     "url",
		"Home-page: git@example.com:a/b\n":                                   "url",
		"Home-page:  https://example.com\n":                                  "",
		"Home-page: https://example.com/[a]\n":                               "url",
		"Home-page: https://example.com/?a[]=b\n":                            "url",
		"Home-page: https://example.com/#[a]\n":                              "",
		"Home-page: https://example.com:65535\n":                             "",
		"Home-page: https://example.com:65536\n":                             "url",
		"Home-page: https://example.com:100000\n":                            "",
		"Home-page: https://ex ample.com:70000\n":                            "",
		"Home-page: https://[::1]:80/\n":                                     "",
		"Home-page: https://[::1]:70000/\n":                                  "url",
		"Home-page: https://300.1.1.1:70000/\n":                              "",
		"Home-page: https:///x\n":                                            "url (warning)",
		"Home-page: http:foo\n":                                              "url (warning)",
		"Project-URL: A, example.com\n":                                      "url",
		"Project-URL: , https://example.com\n":                               "project-url",
		"Project-URL: A\n":                                                   "project-url",
		"Project-URL: A,\n":                                                  "project-url",
		"Project-URL: " + x(32) + ",https://example.com\n":                   "",
		"Project-URL: " + x(33) + ",https://example.com\n":                   "project-url",
		"Project-URL: A, https://example.com/a,b\n":                          "",

		"Foo: bar\nfoo: baz\n": "field-unknown (warning)",

		"Import-Name\nImport-Namespace: a\n\nText\n": "headers-end-early",
		"IMPORT-NAME \n":          "headers-end-early",
		"Requires-Dist\t: a\n":    "headers-end-early",
		"Import\n":                "headers-end-early (warning)",
		"X-Foo\nSummary: a\n":     "headers-end-early (warning)",
		"Summary of it: a\n":      "headers-end-early (warning)",
		"From me\n\nText\n":       "headers-end-early (warning)",
		"Description: a\nText\n":  "field-repeated headers-end-early (warning)",
		": x\n\nImport-Name\n":    "",
		"Author: \xff\n":          "metadata-encoding",
		"X-Author: \xff\n":        "field-unknown (warning)",
		"\nA description \xff.\n": "metadata-encoding",
	} {
		t.Run(more, func(t *testing.T) {
			t.Parallel()
			found := ofMetadata(preflight.Check(set(t, wheel(newest+more))))
			if got := strings.Join(ids(found), " "); got != want {
				t.Errorf("got %q, want %q: %v", got, want, found)
			}
			bounded(t, found)
		})
	}
}

// TestCheck_EarlyHeaderEnd: the finding names the line, and what became of the fields after it.
func TestCheck_EarlyHeaderEnd(t *testing.T) {
	t.Parallel()
	after := "Requires-Dist: a\nRequires-Dist: b\nLicense-File: L\nX-Foo: y\n  z\nClassifier: c\nSummary: d\nAuthor: e\nPlatform: f\n"
	for name, c := range map[string]struct {
		file         file
		message, fix string
	}{
		"as hatchling 1.33.0 writes an empty list": {
			wheel(newest + "Import-Name\n" + after + "\nAuthor: no field\n"),
			"line 4 of METADATA, 'Import-Name', is not a header, so the headers end there: " +
				"this line and all lines after it became the description, " +
				"including the fields Requires-Dist, License-File, Classifier, Summary, Author and 1 more",
			"give Import-Name a value in pyproject.toml or remove it, or use another version of the build backend; then build again",
		},
		"a blank before the colon, in an sdist": {
			sdist(newest + "Requires-Dist : a\nRequires-Dist: b\n"),
			"line 4 of PKG-INFO, 'Requires-Dist : a', is not a header, so the headers end there: " +
				"this line and all lines after it became the description, including the field Requires-Dist",
			"write the colon of Requires-Dist directly after the name, and build again",
		},
		"text": {
			wheel(newest + "\ttwo lines\n" + x(100) + "\n\nmore\n"),
			"line 5 of METADATA, '" + x(30) + "..." + x(30) + "', is not a header, so the headers end there: " +
				"this line and all lines after it became the description",
			"if the line belongs to a field, write the field's value on one line; if the description begins here, " +
				"put an empty line before it; then build again",
		},
		"the last line": {
			wheel(newest + "\x1b[31m\u202e"),
			`line 4 of METADATA, '\x1b[31m\u202e', is not a header, so the headers end there: this line became the description`, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := slices.DeleteFunc(preflight.Check(set(t, c.file)), func(f finding.Finding) bool { return f.ID != "headers-end-early" })
			if len(found) != 1 || found[0].Message != c.message || c.fix != "" && found[0].Fix != c.fix {
				t.Errorf("got %+v\nwant %s\n%s", found, c.message, c.fix)
			}
		})
	}
}

// ofMetadata leaves out what other rules say of the files that these tests make.
func ofMetadata(found []finding.Finding) []finding.Finding {
	mine := append(strings.Fields("metadata-encoding field-unknown headers-end-early license-classifier name-of-module refused-soon "+
		"field-too-long"), metadataRules...)
	return slices.DeleteFunc(found, func(f finding.Finding) bool { return !slices.Contains(mine, string(f.ID)) })
}

// bounded: a finding names what to do, and is no longer than people read.
func bounded(t *testing.T, found []finding.Finding) {
	t.Helper()
	for _, f := range found {
		if f.Message == "" || f.Fix == "" || len(f.Message) > 20_000 || len(f.Fix) > 20_000 {
			t.Errorf("an unhelpful finding: %+v", f)
		}
	}
}

// TestCheck_MetadataVersions: a field is checked by the metadata version that is declared.
func TestCheck_MetadataVersions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ field, before, since string }{
		{"Classifier: Topic :: Utilities", "1.0", "1.1"},
		{"Download-URL: https://example.com", "1.0", "1.1"},
		{"Requires-Dist: a", "1.1", "1.2"},
		{"Project-URL: A, https://example.com", "1.1", "1.2"},
		{"Maintainer-email: a@example.com", "1.1", "1.2"},
		{"Description-Content-Type: text/plain", "1.2", "2.1"},
		{"Provides-Extra: a", "1.2", "2.1"},
		{"Dynamic: Summary", "2.1", "2.2"},
		{"License-Expression: MIT", "2.3", "2.4"},
		{"Import-Namespace: a", "2.4", "2.5"},
	} {
		for version, want := range map[string]string{c.before: "field-too-new", c.since: "", "2.99": "metadata-version (warning)"} {
			s := set(t, wheel(replacedInGood("2.4", version)+c.field+"\n"))
			s.Now = metadata.AsOf().AddDate(0, 0, 1)
			found := ofMetadata(preflight.Check(s))
			if got := strings.Join(ids(found), " "); got != want {
				t.Errorf("%s in %s: got %q, want %q: %v", c.field, version, got, want, found)
			}
		}
	}
	if found := ofMetadata(preflight.Check(set(t, wheel(replacedInGood("2.4", "2.1")+"License-File: LICENSE\n")))); len(found) > 0 {
		t.Errorf("a licence file that is not sent is checked: %v", found)
	}
}

// TestCheck_OldTables: nothing is refused for what the index may have added since, and the index's own list has the last word.
func TestCheck_OldTables(t *testing.T) {
	t.Parallel()
	const unknown, private = "Programming Language :: Python :: 3.99", "Private :: Do Not Upload"
	const charset = "Description-Content-Type: text/plain; charset="
	const old, known = "Natural Language :: Ukranian", "Topic :: Utilities"
	classifiers, licences := trove.AsOf(), spdx.AsOf()
	asOf, later := classifiers, classifiers.AddDate(0, 0, 1)
	licencesLater := licences.AddDate(0, 0, 1)
	rules, rulesLater := metadata.AsOf(), metadata.AsOf().AddDate(0, 0, 1)
	for name, c := range map[string]struct {
		more string
		now  time.Time
		live []string
		want string
	}{
		"unknown, on the day":        {"Classifier: " + unknown, asOf, nil, "classifier-unknown"},
		"the next of a family":       {"Classifier: Programming Language :: Python :: 3.17", asOf, nil, "classifier-unknown (warning)"},
		"unknown, a day later":       {"Classifier: " + unknown, later, nil, "classifier-unknown (warning)"},
		"unknown, and listed":        {"Classifier: " + unknown, later, []string{unknown}, ""},
		"unknown, and not listed":    {"Classifier: " + unknown, later, []string{known}, "classifier-unknown"},
		"private, a day later":       {"Classifier: " + private, later, nil, "classifier-unknown"},
		"known, and not listed":      {"Classifier: " + known, later, []string{unknown}, "classifier-unknown"},
		"deprecated, a day later":    {"Classifier: " + old, later, nil, "classifier-deprecated"},
		"deprecated, and listed":     {"Classifier: " + old, later, []string{old}, ""},
		"a charset, on the day":      {charset + "utf-8", rules, nil, "content-type-charset"},
		"a charset, a day later":     {charset + "utf-8", rulesLater, nil, "content-type-charset (warning)"},
		"latin-1, a day later":       {charset + "latin-1", rulesLater, nil, "content-type-charset"},
		"a licence, on the day":      {"License-Expression: Newer-1.0", licences, nil, "license-expression"},
		"a licence, a day later":     {"License-Expression: Newer-1.0", licencesLater, nil, "license-expression (warning)"},
		"an exception, a day later":  {"License-Expression: MIT WITH Newer-exception", licencesLater, nil, "license-expression (warning)"},
		"no expression, a day later": {"License-Expression: MIT AND", licencesLater, nil, "license-expression"},
		"no identifier, a day later": {"License-Expression: MIT/ISC", licencesLater, nil, "license-expression"},
		"no reference, a day later":  {"License-Expression: LicenseRef-a_b", licencesLater, nil, "license-expression"},
	} {
		s := set(t, wheel(newest+c.more+"\n"))
		s.Now, s.Classifiers = c.now, c.live
		found := ofMetadata(preflight.Check(s))
		if got := strings.Join(ids(found), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		for _, f := range found {
			if f.Severity == finding.Warning && !slices.ContainsFunc([]int{0, -1}, func(days int) bool {
				return strings.Contains(f.Fix, "is from "+c.now.AddDate(0, 0, days).Format(time.DateOnly))
			}) {
				t.Errorf("%s: the warning does not give the age of the table: %s", name, f.Fix)
			}
		}
	}
}

// TestCheck_StdlibNames: the names of the standard library are taken for projects that the index does not have.
func TestCheck_StdlibNames(t *testing.T) {
	t.Parallel()
	s := set(t, file{name: "xml_etree-1.0-py3-none-any.whl", metadata: replacedInGood("alder", "XML.etree")})
	for name, c := range map[string]struct {
		listing map[pep.Project]pep.Listing
		want    bool
	}{
		"not asked": {nil, false},
		"new":       {map[pep.Project]pep.Listing{"xml-etree": {}}, true},
		"old":       {map[pep.Project]pep.Listing{"xml-etree": {Exists: true}}, false},
	} {
		s.Listings = c.listing
		got := strings.Contains(strings.Join(ids(preflight.Check(s)), " "), "name-of-module")
		if got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCheck_ManyFindings(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "Classifier: no %d %s\n", i, x(5000))
	}
	found := ofMetadata(preflight.Check(set(t, wheel(newest+many.String()))))
	if len(found) != 20 || !strings.HasSuffix(found[19].Fix, "(and 80 more like this)") {
		t.Fatalf("%d findings", len(found))
	}
	bounded(t, found)
}

// TestCheck_Descriptions: each format is checked by its own rule.
func TestCheck_Descriptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, text, want string }{
		{"text/plain", " \n", ""},
		{"text/plain", "*", ""},
		{"text/markdown", "", ""},
		{"text/markdown", " \n\t\n", "description-render"},
		{"text/markdown", "[a]: https://example.com \"A\"\n\n[b]: <c>\n", "description-render"},
		{"text/markdown", "[a]: https://example.com A\n", ""},
		{"text/markdown", "[^1]: A note that nobody needs.\n", "description-render"},
		{"text/markdown", "[^1]: A note that refers to itself[^1].\n", ""},
		{"text/markdown", "<!-- nothing -->\n", ""},
		{"text/markdown", "[a]: b\n===\n", ""},
		{"text/markdown", "    [a]: b\n", ""},
		{"text/markdown", "> [a]: b\n", ""},
		{"text/markdown; variant=CommonMark", "\n\n", "description-render"},
		{"text/x-rst", "\n\n", "description-render"},
		{"text/x-rst", ".. a comment\n   goes on\n\n   and on\n", "description-render"},
		{"text/x-rst", ".. note:: x\n", ""},
		{"text/x-rst", "Long title\n====\n", "description-render"},
		{"text/x-rst", "Title\n=====\n", "description-render (warning)"},
		{"text/x-rst", "Title\n=====\n\n.. a comment\n", "description-render (warning)"},
		{"text/x-rst", "Title\n=====\n\nSubtitle\n--------\n", "description-render (warning)"},
		{"text/x-rst", "Title\n=====\n\n:Author:\n  - Ann\n  - Ben\n", "description-render (warning)"},
		{"text/x-rst", ":Author:\n  - Ann\n  - Ben\n\nText.\n", "description-render"},
		{
			"text/x-rst", "Foo\n===\n\n.. |s| replace:: x\n\n=====\n\n.. meta::\n   :a:\n\n.. contents:: Foo\n\nFoo\n^^^\n",
			"description-render (warning)",
		},
		{"text/x-rst", ".. image:: https://example.com/badge.svg\n   :scale: 50%\n", ""},
		{"text/x-rst", ".. figure:: leaf.png\n   :scale: 50%\n\n   A leaf.\n", ""},
		{"text/x-rst", ":func:`x`\n", "description-render"},
		{"text/x-rst", ".. _a: https://example.com\n", "description-render"},
		{"text/x-rst", "..\n\n  a quotation\n", ""},
		{"text/x-rst", ".. a comment\n\nText.\n", ""},
		{"", "\n \n", "description-render"},
		{"", "Title\n=====\n", "description-render (warning)"},
		{"", "Text.\n", ""},
		{"", "UNKNOWN\n", ""},
	} {
		metadata := newest
		if c.kind != "" {
			metadata += "Description-Content-Type: " + c.kind + "\n"
		}
		if found := ofMetadata(preflight.Check(set(t, wheel(metadata+"\n"+c.text)))); strings.Join(ids(found), " ") != c.want {
			t.Errorf("%s %q: got %v, want %q", c.kind, c.text, found, c.want)
		}
	}
}

// TestCheck_DescriptionProblems: several problems of a description are told at once.
func TestCheck_DescriptionProblems(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(":func:`a`\n\n", 7) + "`x`_\n"
	found := ofMetadata(preflight.Check(set(t, wheel(newest+"Description-Content-Type: text/x-rst\n\n"+text))))
	if len(found) != 1 {
		t.Fatal(found)
	}
	for _, want := range []string{
		"correct line 1 of the description (role): ", "; line 9 of the description (role): ", "; and 3 more; or ",
	} {
		if !strings.Contains(found[0].Fix, want) {
			t.Errorf("%q is missing: %s", want, found[0].Fix)
		}
	}
}

// TestCheck_DescriptionRenderers: where the releases of the index's renderer differ, the warning says which one refuses, and why.
func TestCheck_DescriptionRenderers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ message, fix string }{
		"Title\n=====\n": {
			"PyPI with readme_renderer 45 refuses the description; PyPI with readme_renderer 46 accepts it.",
			"correct the description: No content rendered from RST source. (write some text: ",
		},
		"Title\n=====\n\n:Author:\n  - Ann\n": {
			"PyPI with readme_renderer 45 refuses the description; PyPI with readme_renderer 46 accepts it.",
			"correct line 4 of the description (bibliographic field): Bibliographic field \"Author\"",
		},
		"Foo\n===\n\n.. |s| replace:: x\n\n=====\n\n.. meta::\n   :a:\n\n.. contents:: Foo\n\nFoo\n^^^\n": {
			"PyPI with readme_renderer 46 refuses the description; PyPI with readme_renderer 45 accepts it.",
			"correct line 6 of the description (transition): Transition at the start of the section.",
		},
	} {
		found := ofMetadata(preflight.Check(set(t, wheel(newest+"Description-Content-Type: text/x-rst\n\n"+text))))
		if len(found) != 1 || found[0].Severity != finding.Warning || found[0].Message != want.message ||
			!strings.Contains(found[0].Fix, want.fix) {
			t.Errorf("%q: %+v", text, found)
		}
		bounded(t, found)
	}
}

// TestCheck_DescriptionsOfSet: every file has the finding of its own description and type, however many share them.
func TestCheck_DescriptionsOfSet(t *testing.T) {
	t.Parallel()
	var files []file
	for i, c := range []string{"text/x-rst", "text/x-rst", "text/plain", "text/x-rst; charset=UTF-8"} {
		files = append(files, file{
			name:     fmt.Sprintf("alder-1.0-%d-py3-none-any.whl", i+1),
			metadata: newest + "Description-Content-Type: " + c + "\n\n:func:`x`\n",
		})
	}
	var got []string
	for _, f := range ofMetadata(preflight.Check(set(t, files...))) {
		got = append(got, filepath.Base(f.File)+" "+f.Message)
	}
	want := []string{
		"alder-1.0-1-py3-none-any.whl The description failed to render for 'text/x-rst'.",
		"alder-1.0-2-py3-none-any.whl The description failed to render for 'text/x-rst'.",
		"alder-1.0-4-py3-none-any.whl The description failed to render for 'text/x-rst; charset=UTF-8'.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// FuzzMetadata: any metadata is checked, and reported within bounds.
func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{
		newest, newest + "Author-email: \"a\" <b@c.d>\nRequires-Dist: a[b]>=1; os_name == 'x'\n", "Summary: a\n b\n\n[a]: b\n",
		newest +
			"Home-page: https://[::1]:99999/[x]\nDescription-Content-Type: text/markdown; variant=\"x\\\"y\"\nLicense-Expression: (MIT\n",
		newest + "Requires-Python: >3,<=3.9\nRequires-Dist: a>2,<1; python_version>='3.8.*' and extra == 'x'\nRequires-Dist: alder==2+l\n",
		newest + "Project-URL: a,b\nImport-Name: a.b; private\nLicense-File: ./c:\nDynamic: x\nClassifier: y\n\n.. c\n\n [^1]: d",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, metadata string) {
		if len(metadata) > 1<<16 {
			return
		}
		path := filepath.Join(t.TempDir(), "alder-1.0-py3-none-any.whl")
		if err := os.WriteFile(path, wheel(metadata).bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := distfile.Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		found := preflight.Check(preflight.Set{Files: []*distfile.Distribution{d}, Warehouse: true})
		if len(found) > 1000 {
			t.Errorf("%d findings", len(found))
		}
		bounded(t, found)
	})
}
