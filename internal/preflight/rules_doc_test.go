package preflight_test

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/golden"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
)

const (
	root  = "../../"
	page  = "docs/rules.md"
	intro = `<!-- Made from the table in internal/preflight/rules.go by: go test ./internal/preflight -run Page -update -->

# The rules

Before a run requests a token, signs or uploads anything, it checks all files of the set by these rules. They are the rules of the
index, as far as they can be checked beforehand. ` + "`check`" + ` runs the same checks on its own. Every finding has one of the ids below
and quotes the message that the index would send.

An **error** stops the run: the index would certainly reject the file, or the file is certainly not the intended one. With
` + "`verify-metadata: false`" + ` it is a warning, and the index decides. A rule that is *never waived* stays an error, because the
workflow or the run requires it. A **warning** is something that the index accepts but that is probably unintended, or something that
only the index can decide. A **notice** is information. A rule of *PyPI and TestPyPI* is a notice for every other index.

`
)

// trialIntro begins the part of the page about installers: the month of the trials, their names, and the line below the head of the table.
const trialIntro = `
## What installers do with such files

An index accepts these files. What installers do with them was tried in %s with small wheels and sdists, or read in the sources of
pip 26.3.dev0, uv 0.12.5, installer 1.0.1, pdm 2.28.2, poetry 2.5.0.dev0 and micropip 0.11.1. *Refuses* means that a message says what is
wrong, *fails* that it ends with another error, *without …* that it leaves something out, *not as meant* that it installs something else
than was meant: of the last two it says nothing. An empty cell was not tried.

| the file | rule | %s |
| --- | --- |%s
`

// TestRules_Page keeps docs/rules.md in step with the table of rules, and what it quotes with what they really say.
func TestRules_Page(t *testing.T) {
	t.Parallel()
	decoded := examples(t)
	var text strings.Builder
	text.WriteString(intro + "| rule | severity | it finds |\n| --- | --- | --- |\n")
	for _, r := range preflight.Rules() {
		fmt.Fprintf(&text, "| [%s](#%[1]s) | %s | %s |\n", r.ID, r.Severity, r.About)
	}
	for _, r := range preflight.Rules() {
		example, found := decoded[r.ID]
		if !found {
			t.Errorf("nothing shows what %s says: add an example to ownExamples", r.ID)
		}
		text.WriteString(entry(r, example))
	}
	text.WriteString(trialTable())
	golden.Equal(t, root+page, text.String())
}

func TestRules_HeadingLinks(t *testing.T) {
	t.Parallel()
	written, err := os.ReadFile(root + page)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range preflight.Rules() {
		path, heading, _ := strings.Cut(preflight.Page(r.ID), "#")
		if path != page || !strings.Contains(string(written), "\n## "+heading+"\n") {
			t.Errorf("%s: %s leads nowhere", r.ID, preflight.Page(r.ID))
		}
	}
	if got := preflight.Page("internal"); got != "" {
		t.Errorf("a finding of no rule has the page %s", got)
	}
}

// trialTable is the part of the page about installers.
func trialTable() string {
	versions, month := preflight.Installers()
	var text strings.Builder
	fmt.Fprintf(&text, trialIntro, month, strings.Join(versions, " | "), strings.Repeat(" --- |", len(versions)))
	for _, row := range preflight.Trials() {
		fmt.Fprintf(&text, "| %s | [%s](#%[2]s) | %s |\n", row.File, row.Rule, strings.Join(row.Outcomes, " | "))
	}
	return text.String()
}

// entry is the part of the page about one rule.
func entry(r preflight.Rule, example finding.Finding) string {
	where := "PyPI and TestPyPI"
	if r.Everywhere {
		where = "every index"
	}
	waived := ""
	if !r.Waivable {
		waived = "; never waived"
	}
	finds := strings.ToUpper(r.About[:1]) + r.About[1:]
	if word, _, _ := strings.Cut(r.About, " "); strings.Contains(word, ".") {
		finds = r.About // it begins with the name of a file
	}
	about := ""
	if example.File != "" {
		about = " for `" + visible(example.File) + "`"
	}
	return fmt.Sprintf("\n## %s\n\n*%s; %s; checked with %s%s*\n\n%s. %s For example, the %s%s:\n\n```text\n%s\n```\n\nWhat to do: %s.\n",
		r.ID, r.Severity, where, r.Basis, waived, finds, r.Why,
		example.Severity, about, visible(example.Message), visible(strings.TrimSuffix(example.Fix, ".")))
}

// visible returns text with what cannot be seen of it as an escape of Go: a page must not show a refused name as if it were a valid one.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// examples returns one finding of each rule: of the vectors, and of what no vector has. Of several the worst is taken, of those one of a
// case that is about this rule and no other, of those one that can be seen as it is, and of those the first.
func examples(t *testing.T) map[finding.ID]finding.Finding {
	t.Helper()
	decoded, value := map[finding.ID]finding.Finding{}, map[finding.ID]int{}
	take := func(rule finding.ID, s preflight.Set) {
		names := map[string]bool{}
		for _, d := range s.Files {
			folder := "dist" // not where the test has it
			if names[d.Name] {
				folder = "more"
			}
			names[d.Name] = true
			d.Path = filepath.Join(folder, d.Name)
		}
		for _, f := range preflight.Check(s) {
			worth := 1 + 4*int(f.Severity)
			if f.ID == rule {
				worth += 2
			}
			if visible(f.File+f.Message) == f.File+f.Message {
				worth++
			}
			if worth > value[f.ID] {
				decoded[f.ID], value[f.ID] = f, worth
			}
		}
	}
	for _, v := range vectors.Load(t) {
		if v.Verdict == "reject" {
			take(finding.ID(v.Rule), readCase(t, v))
		}
	}
	for _, s := range ownExamples(t) {
		take("", s)
	}
	return decoded
}

// TestRules_FileNameExamples holds the names of files on the page: the rule refuses the very name that a reader sees.
func TestRules_FileNameExamples(t *testing.T) {
	t.Parallel()
	written, err := os.ReadFile(root + page)
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for _, part := range strings.Split(string(written), "\n## ")[1:] {
		id, text, _ := strings.Cut(part, "\n")
		if !regexp.MustCompile(`filename|^wheel-(name|version|platform)`).MatchString(id) {
			continue
		}
		names++
		example := regexp.MustCompile("For example, the error for `dist/([^`]+)`:\n").FindStringSubmatch(text)
		if example == nil {
			t.Errorf("%s: the page does not show the name of a refused file", id)
			continue
		}
		name := example[1]
		if id == "filename-characters" { // of which the page shows an escape
			if name, err = strconv.Unquote(`"` + name + `"`); err != nil || name == example[1] {
				t.Errorf("%s: the page shows %q, with no character that is refused: %v", id, name, err)
			}
		}
		found := preflight.Check(set(t, file{name: name, metadata: good}))
		if !slices.ContainsFunc(found, func(f finding.Finding) bool { return string(f.ID) == id && f.Severity == finding.Error }) {
			t.Errorf("%s: the page shows %q, which it does not refuse", id, name)
		}
	}
	if names < 12 {
		t.Errorf("only %d rules about names were found", names)
	}
}

// TestVisible has what a page must not have as it is.
func TestVisible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"alder-1.0\x1f.tar.gz": `alder-1.0\x1f.tar.gz`, "a\nb\u200bc\u202e": `a\nb\u200bc\u202e`, "보기 'é'": "보기 'é'",
	} {
		if got := visible(text); got != want {
			t.Errorf("%q is shown as %s, want %s", text, got, want)
		}
	}
}

// otherMetadata is a release whose metadata differs from that of the last one in all that is compared.
func otherMetadata(t *testing.T) preflight.Set {
	t.Helper()
	before := []string{"Provides-Extra: cli", "Requires-Python: >=3.9", "Requires-Dist: elder", "License-Expression: MIT"}
	now := []string{"Requires-Python: >=3.10", "License-Expression: Apache-2.0"}
	old := stating("1.4.2", before, "alder-1.4.2-py3-none-any.whl")
	return preflight.Set{
		Files: stating("1.4.3", now, "alder-1.4.3-py3-none-any.whl"), Warehouse: true, Now: today, Compare: true,
		Listings: map[pep.Project]pep.Listing{"alder": {Project: "alder", Exists: true, Files: listed(old[0].Name)}},
		Previous: map[pep.Release]*distfile.Distribution{{Project: "alder", Version: canonical(t, "1.4.3")}: old[0]},
	}
}

// usableExamples are sets for the rules about what installers do.
func usableExamples(t *testing.T) (sets []preflight.Set) {
	t.Helper()
	for _, f := range []file{
		usable{more: disttest.Pairs([2]string{"alder/data", "x"}, [2]string{"alder/data/x.csv", "x"})}.file(),
		usable{more: disttest.Pairs([2]string{"birch-1.0.dist-info/licenses/LICENSE", "free"})}.file(),
		usable{more: disttest.Pairs([2]string{dataFolder + "docs/readme.txt", "hello"})}.file(),
		usable{more: disttest.Pairs([2]string{dataFolder + "purelib/alder/__init__.py", "x = 2"})}.file(),
		usable{more: []disttest.Member{{Name: dataFolder + "scripts/alder", Content: script, Mode: 0o644}}}.file(),
		command("alder = alder:main()"),
		command("alder = alder.cli:main"),
		usable{entry: "[console-scripts]\nalder = alder:main\n"}.file(),
		usable{more: disttest.Pairs([2]string{info + "direct_url.json", "{}"})}.file(),
		usable{more: disttest.Pairs([2]string{"alder/Data.txt", "A"}, [2]string{"alder/data.txt", "a"})}.file(),
		usable{more: disttest.Pairs([2]string{"alder/aux.py", "x = 1"})}.file(),
		usable{more: disttest.Pairs([2]string{"tests/__init__.py"})}.file(),
		usable{more: []disttest.Member{{Name: "alder/run", Content: "x", Mode: fs.ModeSetuid | 0o755}}}.file(),
		usable{more: []disttest.Member{dataMember}, record: replaced(",9000\n", ",9 kB\n")}.file(),
	} {
		sets = append(sets, set(t, f))
	}
	return sets
}

// ownExamples are sets for the rules that no vector is about.
func ownExamples(t *testing.T) []preflight.Set {
	t.Helper()
	release := func(change func(*preflight.Set)) preflight.Set {
		s := set(t, wheel(good), sdist(good))
		s.Now = today
		change(&s)
		return s
	}
	holding := func(l pep.Listing) preflight.Set {
		return release(func(s *preflight.Set) { s.Listings = map[pep.Project]pep.Listing{"alder": l} })
	}
	old := pep.IndexFile{Name: "alder-1.0-py2-none-any.whl", Uploaded: today.Add(-30 * 24 * time.Hour)}
	asyncio := set(t, file{name: "asyncio-1.0.tar.gz", metadata: replacedInGood("alder", "asyncio")})
	asyncio.Listings = map[pep.Project]pep.Listing{"asyncio": {}}
	elder := set(t, wheel(good), file{name: "elder-2.0.tar.gz", metadata: "Metadata-Version: 2.1\nName: elder\nVersion: 2.0\n"})
	elder.Listings, elder.Absent = map[pep.Project]pep.Listing{"alder": {}, "elder": {}}, map[pep.Project]bool{"alder": true, "elder": true}
	damaged := wheel(good)
	damaged.more = []string{"alder/_x.so"}
	damaged.raw = changed(damaged.bytes(), "alder/_x.so", len("alder/_x.so"), 'y')
	outside := sdist(good)
	outside.raw = string(disttest.TarGz(
		disttest.Member{Name: "alder-1.0/PKG-INFO", Content: good}, disttest.Member{Name: "alder-1.0/hosts", Link: "../../etc/hosts"},
	))
	unbuilt := sdist(good)
	unbuilt.raw = string(disttest.TarGz(
		disttest.Member{Name: "alder-1.0/PKG-INFO", Content: good}, disttest.Member{Name: "alder-1.0/pipe", Mode: fs.ModeNamedPipe | 0o644},
	))
	emptyRows := wheel("")
	emptyRows.raw = string(disttest.Zip(
		disttest.Member{Name: "alder-1.0.dist-info/METADATA", Content: good},
		disttest.Member{Name: "alder-1.0.dist-info/WHEEL", Content: "Wheel-Version: 1.0\n"},
		disttest.Member{
			Name:    "alder-1.0.dist-info/RECORD",
			Content: "alder-1.0.dist-info/METADATA,,\r\r\nalder-1.0.dist-info/WHEEL,,\r\r\nalder-1.0.dist-info/RECORD,,\r\r\n",
		},
	))
	newFormat := wheel("")
	newFormat.raw = string(disttest.Zip(
		disttest.Member{Name: "alder-1.0.dist-info/METADATA", Content: good},
		disttest.Member{Name: "alder-1.0.dist-info/WHEEL", Content: "Wheel-Version: 2.0\n"},
		disttest.Record("alder-1.0.dist-info/", disttest.Pairs(
			[2]string{"alder-1.0.dist-info/METADATA"}, [2]string{"alder-1.0.dist-info/WHEEL"})...),
	))
	told := func(d *distfile.Distribution) preflight.Set {
		return preflight.Set{Files: []*distfile.Distribution{d}, Warehouse: true, Now: today}
	}
	lastRelease := func(names ...string) preflight.Set {
		return preflight.Set{
			Files: built("1.4.3", strings.ReplaceAll(names[0], "1.4.2", "1.4.3")), Warehouse: true, Now: today, Compare: true,
			Listings: map[pep.Project]pep.Listing{"alder": {Project: "alder", Exists: true, Files: listed(names...)}},
		}
	}
	return append(usableExamples(t), []preflight.Set{
		told(wheelWith(t, "alder/settings.py", "TOKEN = '"+disttest.GitHubToken()+"'\n")),
		told(wheelWith(t, "alder/server.pem", privateKey(t))),
		told(wheelOfTags(t, "py3-none-macosx_11_0_arm64", "Tag: py3-none-any\n")),
		told(binaryWheel(t, "cp312-cp312-win_arm64", disttest.Member{Name: "alder/opengl.dll", Content: peARM})),
		told(binaryWheel(t, "cp312-cp312-macosx_11_0_universal2", disttest.Member{Name: "alder/_x.so", Content: machARM})),
		told(binaryWheel(t, "cp312-cp312-manylinux_2_17_x86_64", disttest.Member{Name: "alder/_x.so", Content: elfNew})),
		told(binaryWheel(t, "cp39-abi3-win_amd64", disttest.Member{Name: "alder/_x.cp312-win_amd64.pyd", Content: peAMD})),
		told(binaryWheel(t, "py3-none-any", disttest.Member{Name: "alder/_x.so", Content: elfAMD})),
		lastRelease("alder-1.4.2-py3-none-any.whl", "alder-1.4.2.tar.gz"),
		otherMetadata(t),
		{
			Files: append(
				ofProject("alder", "elder>=2", "alder-1.0-py3-none-any.whl"), ofProject("elder", "", "elder-1.0-py3-none-any.whl")...),
			Now: today,
		},
		lastRelease(wheels("1.4.2", "cp312", "win_amd64 win32 macosx_11_0_arm64 manylinux_2_28_x86_64")...),
		set(t, file{name: "dist.zip", raw: string(disttest.Zip(disttest.Member{Name: "alder-1.0-py3-none-any.whl", Content: "PK"}))}),
		set(t, damaged),
		set(t, outside),
		set(t, file{name: "alder-1.0-python3-none-any.whl", metadata: good}),
		set(t, file{name: "alder-1.0-20261129123456789012-py3-none-any.whl", metadata: good}),
		set(t, unbuilt),
		set(t, source(treeOf(strings.ReplaceAll(project, "1.0", "1.1")))),
		set(t, emptyRows),
		set(t, newFormat),
		set(t, sdist(good+"Home-page: UNKNOWN\n")),
		set(t, sdist(good+"Summary: caf\xe9\n")),
		set(t, sdist(good+"Future: yes\n")),
		set(t, wheel(newest+"Import-Name\nRequires-Python: >=3.9\nRequires-Dist: elder\n")),
		set(t, wheel(good+"Requires-Python: ==3.11\nRequires-Dist: birch>2,<1\nRequires-Dist: birch==1.0+cpu\n"+
			"Requires-Dist: birch; extra == 'dev'\nRequires-Dist: birch; python_version >= '3.8.*'\n"+
			"Requires-Dist: birch; sys_platform == 'Linux'\n")),
		set(t, sdist(good+"License-Expression: MIT\nClassifier: License :: OSI Approved :: MIT License\n")),
		set(t, wheel(good+"Description-Content-Type: text/markdown; charset='UTF-8'\n")),
		set(t, wheel(good+"Platform: "+strings.Repeat("x", 70_000)+"\n")),
		asyncio,
		set(t, wheel(good), wheel(good)),
		set(t, sdist(good), file{name: "alder-1.1.tar.gz", metadata: replacedInGood("1.0", "1.1")}),
		set(t, wheel(good+"Requires-Python: >=3.9\n"), sdist(good+"Requires-Python: >=3.10\n")),
		release(func(s *preflight.Set) { s.ExpectedVersion = "v1.0.1" }),
		set(t, file{name: "alder-1.0-py3-none-any;x.whl", metadata: good}),
		release(func(s *preflight.Set) { s.ExpectedProjects = []pep.Project{"elder"} }),
		release(func(s *preflight.Set) { s.Ref = "refs/tags/v1.1" }),
		release(func(s *preflight.Set) {
			s.Pyproject = &pyproject.Project{
				Path:    "pyproject.toml",
				Name:    pyproject.Value{Text: "alder"},
				Version: pyproject.Value{Text: "0.9"},
			}
		}),
		release(func(s *preflight.Set) {
			s.Files[0].Archive.Anomalies = []archive.Anomaly{{Code: archive.AnomalyStopped, Detail: "more than 1000000 members"}}
		}),
		release(func(s *preflight.Set) { s.Files[0].Partial, s.Files[0].MetadataSize = true, 10_000_000 }),
		release(func(s *preflight.Set) { s.Files[0].Size = 101 << 20 }),
		holding(pep.Listing{Exists: true, Status: "archived"}),
		holding(pep.Listing{Exists: true, Status: "quarantined"}),
		holding(pep.Listing{Exists: true, Files: []pep.IndexFile{old}}),
		holding(pep.Listing{
			Exists: true,
			Files:  []pep.IndexFile{{Name: "alder-1.0-py2-none-any.whl", Uploaded: today.Add(-time.Hour), Yanked: true}},
		}),
		holding(pep.Listing{
			Exists: true, Files: []pep.IndexFile{{Name: "alder-0.9.tar.gz", Size: 10 << 30, SHA256: hex.EncodeToString(make([]byte, 32))}},
		}),
		release(func(s *preflight.Set) {
			s.Listings = map[pep.Project]pep.Listing{"alder": {Exists: true}}
			s.Stored = map[string]bool{"dist/alder-1.0.tar.gz": true}
		}),
		holding(pep.Listing{}),
		elder,
	}...)
}
