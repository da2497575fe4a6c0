package preflight_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

const (
	info      = "alder-1.0.dist-info/"
	wheelFile = "Wheel-Version: 1.0\nTag: py3-none-any\n"
)

// hashedRecord is RECORD of the members, with digests and sizes as a build backend writes it.
func hashedRecord(members []disttest.Member) disttest.Member {
	var b strings.Builder
	for _, m := range members {
		sum := sha256.Sum256([]byte(m.Content))
		fmt.Fprintf(&b, "%s,sha256=%s,%d\n", m.Name, base64.RawURLEncoding.EncodeToString(sum[:]), len(m.Content))
	}
	return disttest.Member{Name: info + "RECORD", Content: b.String() + info + "RECORD,,\n"}
}

// wheelOf is a wheel as a build backend makes it, with this metadata and these other members.
func wheelOf(metadata string, more ...disttest.Member) []disttest.Member {
	members := append(disttest.Pairs([2]string{"alder/__init__.py", "x = 1\n"}), more...)
	members = append(members, disttest.Pairs([2]string{info + "METADATA", metadata}, [2]string{info + "WHEEL", wheelFile})...)
	return append(members, hashedRecord(members))
}

// rewritten is a member list in which one member has another content.
func rewritten(members []disttest.Member, name string, change func(string) string) []disttest.Member {
	members = slices.Clone(members)
	for i := range members {
		if members[i].Name == info+name {
			members[i].Content = change(members[i].Content)
		}
	}
	return members
}

// TestCheck_Copies: of a file and its copy, the copy is to blame, and nothing is said of the other.
func TestCheck_Copies(t *testing.T) {
	t.Parallel()
	wheelOfAlder := string(disttest.Zip(wheelOf(good)...))
	original, copied := file{name: "alder-1.0-py3-none-any.whl", raw: wheelOfAlder}, file{raw: wheelOfAlder}
	as := func(name string) file { copied.name = name; return copied }
	for name, c := range map[string]struct{ original, copied file }{
		"a wheel":             {wheel(good), wheel(good)},
		"a wheel's copy":      {original, as("alder-1.0-py3-none-any (1).whl")},
		"an sdist's copy":     {sdist(good), file{name: "alder-1.0 (1).tar.gz", metadata: good}},
		"of another build":    {sdist(good), file{name: "alder-1.0 - Copy (2).tar.gz", metadata: good + "Summary: A tree\n"}},
		"beside the original": {original, as("alder-1.0-py3-none-any(1).whl")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, c.copied, c.original)
			s.Now = today
			blamed := map[string]bool{}
			for _, f := range preflight.Check(s) {
				if f.Severity == finding.Error {
					blamed[f.File] = true
				}
			}
			if c.original.name == c.copied.name {
				expect.Equal(t, "to blame where both have one name", len(blamed), 1)
				return
			}
			expect.Equal(t, "the copy is to blame", blamed[s.Files[0].Path], true)
			expect.Equal(t, "the original is to blame", blamed[s.Files[1].Path], false)
		})
	}
}

// TestCheck_Reported has files as public reports, build backends and installers made or met them: what the index takes and users cannot
// install, what it refuses after half of the release is there, and advice that can be followed.
func TestCheck_Reported(t *testing.T) {
	t.Parallel()
	const other = "Alder-1.0.dist-info/"
	library := strings.Repeat("\x00\x01\x02\x03 machine code", 4000)
	one := disttest.Zip(wheelOf(good, disttest.Member{Name: "alder/_x.so", Content: library})...)
	two := disttest.Zip(wheelOf(good, disttest.Member{Name: "alder/_x.so", Content: library[:len(library)-500]})...)
	twice := func(first string) string {
		list := disttest.Pairs([2]string{"alder/t.md", first}, [2]string{"alder/t.md", "a"})
		return string(disttest.Zip(wheelOf(good, list...)...))
	}
	zip := func(members []disttest.Member) file {
		return file{name: "alder-1.0-py3-none-any.whl", raw: string(disttest.Zip(members...))}
	}
	meta := func(fields string) file { return zip(wheelOf(good + fields)) }
	named := func(name string) file { return file{name: name, raw: string(disttest.Zip(wheelOf(good)...))} }
	raw := func(text string) file { return file{name: "alder-1.0-py3-none-any.whl", raw: text} }
	for name, c := range map[string]struct {
		file
		want      string // ids of the errors, or of the warnings where there is no error
		says, fix string // expressions that the first of them matches
	}{
		"an image's scale": {
			file: meta("Description-Content-Type: text/x-rst\n\n.. image:: https://example.com/badge.svg\n   :scale: 50%\n"),
		},
		"RECORD with empty rows": {
			zip(rewritten(wheelOf(good), "RECORD", func(s string) string { return strings.ReplaceAll(s, "\n", "\r\r\n") })),
			"record-empty-row", "empty row.*line 2", "",
		},
		"macOS 26.1":     {named("alder-1.0-cp314-cp314-macosx_26_1_arm64.whl"), "wheel-platform-tag", "", "macosx_26_0_arm64"},
		"macOS on amd64": {named("alder-1.0-cp314-cp314-macosx_11_0_amd64.whl"), "wheel-platform-tag", "", "macosx_11_0_x86_64"},
		"a closed alias": {
			named("alder-1.0-py3-none-manylinux1_aarch64.manylinux_2_17_aarch64.whl"),
			"wheel-platform-tag", "manylinux1_aarch64", "never had",
		},
		"a browser's copy": {named("alder-1.0-py3-none-any (1).whl"), "wheel-platform-tag", `any \(1\)`, "a copy"},
		"a browser's copy of an sdist": {
			file{name: "alder-1.0 (1).tar.gz", metadata: good}, "sdist-filename-unparsable", "", `take ' \(1\)' out`,
		},
		"a copy of GNOME":   {named("alder-1.0-py3-none-any (copy).whl"), "wheel-platform-tag", `any \(copy\)`, "a copy"},
		"a copy of Windows": {named("alder-1.0-py3-none-any - Copy.whl"), "wheel-filename", "", `take ' - Copy' out`},
		"an artifact that was not unpacked": {
			file{name: "dist.zip", raw: string(disttest.Zip(disttest.Pairs(
				[2]string{"alder-1.0-py3-none-any.whl", "PK"}, [2]string{"alder-1.0.tar.gz", "x"})...))},
			"not-an-sdist", `2 distributions \(alder-1\.0-py3-none-any\.whl\)`, "not unpacked",
		},
		"an artifact with a folder": {
			file{name: "artifact-1.zip", raw: string(disttest.Zip(disttest.Member{Name: "dist/alder-1.0.tar.gz", Content: "x"}))},
			"not-an-sdist", "1 distribution ", "not unpacked",
		},
		"an sdist with a wheel in it": {
			file{name: "alder-1.0.tar.gz", raw: string(disttest.TarGz(disttest.Pairs(
				[2]string{"alder-1.0/PKG-INFO", good}, [2]string{"alder-1.0/setup.py", ""}, [2]string{
					"alder-1.0/tests/birch-1.0-py3-none-any.whl", "PK",
				})...))}, "", "", "",
		},
		"a program for Windows": {
			file{name: "alder-1.0-windows.zip", raw: string(disttest.Zip(disttest.Pairs(
				[2]string{"README.md", "x"}, [2]string{"alder.exe", "MZ\x90\x00 code"})...))},
			"not-an-sdist", `a program \(alder\.exe\)`, "move it out",
		},
		"a program for Linux": {
			file{name: "alder-1.0.tar.gz", raw: string(disttest.TarGz(disttest.Pairs(
				[2]string{"alder-1.0/LICENSE", "x"}, [2]string{"alder-1.0/bin/alder", "\x7fELF code"})...))},
			"not-an-sdist", `a program \(alder-1\.0/bin/alder\)`, "move it out",
		},
		"documentation": {
			file{name: "docs.zip", raw: string(disttest.Zip(disttest.Pairs(
				[2]string{"html/index.html", "<html>"}, [2]string{"html/a/index.html", "<html>"})...))},
			"not-an-sdist", `web pages \(html/index\.html\)`, "move it out",
		},
		"a source archive with a program and pages": {
			file{name: "alder-1.0.tar.gz", raw: string(disttest.TarGz(disttest.Pairs([2]string{"alder-1.0/index.html", "<html>"},
				[2]string{"alder-1.0/pyproject.toml", "[project]"}, [2]string{"alder-1.0/tests/t", "\x7fELF"})...))},
			"pkg-info-missing", "", "python -m build --sdist",
		},
		"a Git LFS pointer": {
			raw("version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 12345\n"), "not-a-zip", "", "lfs: true",
		},
		"a Git LFS pointer of an sdist": {
			file{name: "alder-1.0.tar.gz", raw: "version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 12345\n"},
			"not-a-tar", "", "lfs: true",
		},
		"an error page":        {raw("\n<!DOCTYPE html>\n<title>404</title>"), "not-a-zip", "", "a web page"},
		"a program as a wheel": {raw("\x7fELF and so on"), "not-a-zip", "", "it is a program"},
		"neither":              {raw("version 1.0 of alder\n"), "not-a-zip", "", "transferred as a binary file"},
		"an end record of another disk": {
			raw(changed(one, "PK\x05\x06", 6, 1)), "not-a-zip", "", "another disk",
		},
		"a damaged library": {
			raw(changed(one, "alder/_x.so", 5000, 'x')), "member-damaged", `alder/_x\.so \(bad CRC-32\)`, "merge-multiple",
		},
		"headers cut short": {
			meta("Summary: A tree\nthat is tall\n\nRequires-Dist: birch\n"), "headers-end-early (warning)", "that is tall", "",
		},
		"headers cut at a colon": {
			meta("Summary: A tree\n(https://example.com).\n\nRequires-Dist: birch\nRequires-Python: >=3.9\n\ntext\n"),
			"headers-end-early (warning)", "Requires-Dist, Requires-Python", `\(https://example`,
		},
		"headers cut at an empty line": {
			meta("Summary: A tree\n\nLicense-File: LICENSE\n"), "headers-end-early (warning)", "License-File", "empty line",
		},
		"a description that begins like a field": {file: meta("\nLicense: MIT\nAuthor: Jane\n")},
		"a description of code":                  {file: meta("\nexample:\nProject-URL: x\n\nhello\n")},
		"an Import-Name without a value":         {meta("Import-Name\nRequires-Dist: birch\n"), "headers-end-early", "Import-Name", ""},
		"a later format of wheels": {
			zip(rewritten(wheelOf(good), "WHEEL", func(string) string { return "Wheel-Version: 2.0\n" })),
			"wheel-format (warning) record-mismatch (warning)", `'2\.0'`, "",
		},
		"a wheel without a format": {
			zip(rewritten(wheelOf(good), "WHEEL", func(string) string { return "Tag: py3-none-any\n" })),
			"wheel-format (warning) record-mismatch (warning)", "no Wheel-Version", "",
		},
		"a link that leads out": {
			file{name: "alder-1.0.tar.gz", raw: string(disttest.TarGz(
				append(treeOf(project), disttest.Member{Name: "alder-1.0/l", Link: "../../etc/hosts"})...,
			))},
			"sdist-link (warning)", "link to '../../etc/hosts'", "",
		},
		"a post release with a dash": {
			file{name: "alder-1.0-1.tar.gz", metadata: replacedInGood("Version: 1.0", "Version: 1.0-1")},
			"sdist-filename", `should be 'alder-1\.0\.post1\.tar\.gz'`, "setuptools 70.2",
		},
		"a member twice":             {raw(twice("a")), "zip-framing", "", "twice, with the same content"},
		"a member twice, other text": {raw(twice("older and longer")), "zip-framing", "", "twice, with different contents"},
		"two artifacts merged":       {raw(string(two) + string(one[len(two):])), "zip-framing", "", "several artifacts"},
		"trailing data":              {raw(string(one) + "abc"), "zip-framing", "Trailing data", "3 bytes follow"},
		"a name with a tab":          {zip(wheelOf(good, disttest.Member{Name: "alder/a\tb"})), "zip-framing", "", "rename the file"},
		"a name with a backslash": {
			zip(wheelOf(good, disttest.Member{Name: `alder\b`})), "record-mismatch (warning)", "", "rename the files with a backslash",
		},
		"a folder in RECORD": {
			zip(rewritten(wheelOf(good), "RECORD", func(s string) string { return s + "alder/,,\n" })),
			"record-mismatch (warning)", "is a folder", "files alone",
		},
		"a licence's name": {
			meta("License-Expression: MIT License\n"), "license-expression", "", `write MIT; `,
		},
		"another licence's name": {
			meta("License-Expression: Apache License 2.0\n"), "license-expression", "", `write Apache-2\.0; `,
		},
		"licences with an ampersand": {
			meta("License-Expression: MIT & Apache-2.0\n"), "license-expression", "", `write MIT AND Apache-2\.0; `,
		},
		"licences with a slash": {
			meta("License-Expression: MIT/Apache 2.0\n"), "license-expression", "", `write MIT OR Apache-2\.0; `,
		},
		"a licence that is not clear": {
			meta("License-Expression: GNU General Public License\n"), "license-expression", "", `put one there`,
		},
		"bzip2": {
			raw(changed(one, "PK\x01\x02", 10, 12)),
			"compression-method", "compression type", "store or deflate all members",
		},
		"bdist_dumb": {
			file{name: "alder-1.0.linux-x86_64.tar.gz", raw: string(disttest.TarGz(disttest.Member{Name: "./usr/lib/x.py"}))},
			"pkg-info-missing sdist-filename-unparsable", "", "leave it out",
		},
		"a zip named .tar.gz": {file{name: "alder-1.0.tar.gz", raw: string(one)}, "not-a-tar", "", "it is a zip archive"},
		"xz named .tar.gz":    {file{name: "alder-1.0.tar.gz", raw: "\xfd7zXZ\x00 and so on"}, "archive-corrupt", "None", "xz"},
		"a .zip sdist":        {file{name: "alder-1.0.zip", metadata: good}, "sdist-filename", "", `no \.zip sdists`},
		"licence file missing": {
			sdist(good + "License-File: LICENSE\n"), "license-file-missing", "", `license-files.*include = .*"LICENSE".*sdist`,
		},
		"a byte order mark": {
			zip(wheelOf("\ufeff" + good)), "name-missing metadata-version version-missing headers-end-early", "", "byte order mark",
		},
		"junk before the headers": {
			zip(wheelOf("#!/bin/sh\n" + good)),
			"name-missing metadata-version version-missing headers-end-early", "", "first line of METADATA",
		},
		"another spelling of .dist-info": {
			zip(disttest.Pairs([2]string{"alder/__init__.py"}, [2]string{other + "METADATA", good}, [2]string{other + "WHEEL", wheelFile},
				[2]string{other + "RECORD"})),
			"wheel-file-missing", "", `is Alder-1\.0\.dist-info, and must be alder-1\.0\.dist-info`,
		},
		"a stub package by flit": {
			zip(wheelOf(replacedInGood("2.4", "2.5") + "Import-Name: alder-stubs\n")), "import-name", "", "another backend",
		},
		"an empty README": {
			meta("Description-Content-Type: text/markdown\n\n\n\n"), "description-render", "", "the description is empty",
		},
		"an address of None": {meta("Author-email: None\n"), "email", "", "the word None"},
		"a tool of before 2011": {
			zip(wheelOf(replacedInGood("2.4", "1.0") + "Classifier: Topic :: Utilities\n")), "field-too-new", "", "^Metadata-Version " +
				"1.0 is",
		},
		"a classifier misspelled": {meta("Classifier: Topic :: Utilties\n"), "classifier-unknown (warning)", "", "'Topic :: Utilities'"},
		"a URL without brackets":  {meta("Home-page: example.com\n"), "url", "", "begins with https://; then"},
		"a URL with brackets":     {meta("Home-page: https://example.com/[a]\n"), "url", "", "%5B"},
		"Markdown without a type": {
			meta("\n# Alder\n\n[a](https://example.com) :foo:`x`\n"), "description-render", "", "^the text looks like Markdown",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, c.file)
			s.Now = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
			found := preflight.Check(s)
			deciding := slices.DeleteFunc(slices.Clone(found), func(f finding.Finding) bool { return f.Severity != finding.Error })
			if len(deciding) == 0 {
				deciding = slices.DeleteFunc(slices.Clone(found), func(f finding.Finding) bool { return f.Severity != finding.Warning })
			}
			if got := strings.Join(ids(deciding), " "); got != c.want {
				t.Fatalf("got %q, want %q: %+v", got, c.want, found)
			}
			if c.want == "" {
				return
			}
			if !regexp.MustCompile(c.says).MatchString(deciding[0].Message) || !regexp.MustCompile(c.fix).MatchString(deciding[0].Fix) {
				t.Errorf("got %q, %q, want %q, %q", deciding[0].Message, deciding[0].Fix, c.says, c.fix)
			}
		})
	}
}
