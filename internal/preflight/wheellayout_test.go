package preflight_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/growth"
)

const linuxWheel, windowsWheel = "alder-1.0-cp314-cp314-manylinux_2_28_x86_64.whl", "alder-1.0-cp314-cp314-win_amd64.whl"

// holding is a wheel with members of these names besides its own.
func holding(names ...string) usable {
	var u usable
	for _, name := range names {
		content := "x = 1\n"
		if strings.HasSuffix(name, "/") {
			content = ""
		}
		u.more = append(u.more, disttest.Member{Name: name, Content: content})
	}
	return u
}

func (u usable) called(name string) usable      { u.name = name; return u }
func (u usable) commanding(entry string) usable { u.entry = entry; return u }
func (u usable) requiring(fields string) usable { u.metadata = good + fields; return u }

// withScript is a wheel with one script.
func withScript(name, content string, mode fs.FileMode) usable {
	return usable{more: []disttest.Member{{Name: dataFolder + "scripts/" + name, Content: content, Mode: mode}}}
}

// TestCheck_WheelLayout has, for each rule about the layout of wheels, files that it tells of, and files like them that are well.
func TestCheck_WheelLayout(t *testing.T) {
	t.Parallel()
	const console, first = "[console_scripts]\n", "alder/__init__.py"
	hashed := func(cell string) usable {
		return usable{more: []disttest.Member{dataMember}, record: replaced(digest(data), cell)}
	}
	for rule, c := range map[string]struct {
		told, well map[string]usable
	}{
		"file-and-folder": {
			map[string]usable{
				"before": holding("alder/data", "alder/data/x.csv"), "behind": holding("alder/data/x.csv", "alder/data"),
				"a folder's entry": holding("alder/data", "alder/data/"),
			},
			map[string]usable{
				"the beginning of a name": holding("alder/data", "alder/data.d/x.csv"),
				"a folder":                holding("alder/data/", "alder/data/x.csv"),
			},
		},
		"wheel-format": {
			map[string]usable{
				"a byte order mark": {about: "\ufeff" + wheelFile}, "an empty line": {about: "\n" + wheelFile},
				"no minor version": {about: "Wheel-Version: 1\n"}, "a long version": {about: "Wheel-Version: 1.0.0\n"},
			},
			map[string]usable{"1.0": {about: wheelFile}, "1.9": {about: "Wheel-Version: 1.9\r\n"}},
		},
		"second-dist-info": {
			map[string]usable{
				"a folder": holding("birch-1.0.dist-info/METADATA"), "a licence": holding("birch-1.0.dist-info/licenses/LICENSE"),
				"another spelling": holding("Alder-1.0.dist-info/licenses/LICENSE"),
			},
			map[string]usable{
				"below a package": holding("alder/_vendor/birch-1.0.dist-info/METADATA"), "a package": holding("dist-info/__init__.py"),
				"its own": holding(info + "licenses/LICENSE"),
			},
		},
		"data-folder": {
			map[string]usable{
				"unknown": holding(dataFolder + "docs/x"), "no folder": holding(dataFolder + "x"), "another name": holding("alder.data/x"),
				"an empty folder": holding(dataFolder + "docs/"), "another spelling": holding("Alder-1.0.data/data/x"),
			},
			map[string]usable{
				"all five": holding(dataFolder+"purelib/a.py", dataFolder+"platlib/b.py", dataFolder+"headers/c.h", dataFolder+"data/d"),
				"deeper":   holding("alder/x.data/y"), "a package": holding("data/__init__.py"),
			},
		},
		"data-over-root": {
			map[string]usable{"purelib": holding(dataFolder + "purelib/" + first), "platlib": holding(dataFolder + "platlib/" + first)},
			map[string]usable{"another": holding(dataFolder + "purelib/alder/x.py"), "data": holding(dataFolder + "data/" + first)},
		},
		"script-file": {
			map[string]usable{
				"no execute bit": withScript("a", script, 0o644), "a folder": withScript("b/a", script, 0o755),
				"a blank":                   withScript("a", "#! python3\n", 0o755),
				"a command":                 withScript("a", script, 0o755).commanding(console + "a = alder:main\n"),
				"no execute bit, for Linux": withScript("a", script, 0o644).called(linuxWheel),
			},
			map[string]usable{
				"well": withScript("a", script, 0o755), "another interpreter": withScript("a", "#! /bin/sh\n", 0o755),
				"for Windows alone": withScript("a", script, 0o644).called(windowsWheel), "for its shell": withScript("a.bat", "x", 0o644),
				"of setuptools": withScript("a.exe", script, 0o644).commanding(console + "a = alder:main\n"),
				"another name":  withScript("b", script, 0o755).commanding(console + "a = alder:main\n"),
			},
		},
		"entry-point-object": {
			map[string]usable{
				"a call":            usable{}.commanding(console + "a = alder:main()\n"),
				"folded":            usable{}.commanding(console + "a =\n  alder:main\n"),
				"a window":          usable{}.commanding("[gui_scripts]\na = alder\n"),
				"a path":            usable{}.commanding(console + "a = alder/cli.py\n"),
				"extras not closed": usable{}.commanding(console + "a = alder:main [x\n"),
			},
			map[string]usable{
				"an attribute":  usable{}.commanding(console + "a = alder:x.y\n"),
				"extras":        usable{}.commanding(console + "a = alder:main [x, y]\n"),
				"another group": usable{}.commanding("[pytest11]\na = alder\n"),
			},
		},
		"entry-point-module": {
			map[string]usable{
				"gone":           usable{}.commanding(console + "a = gone:main\n"),
				"beside data":    holding(dataFolder + "data/share/x").commanding(console + "a = gone:main\n"),
				"a submodule":    usable{}.requiring("Requires-Dist: birch\n").commanding(console + "a = alder.cli:main\n"),
				"another file":   holding("alder/cli.txt").commanding(console + "a = alder.cli:main\n"),
				"no requirement": holding("birch/x/y.py").commanding(console + "a = birch.z:main\n"),
			},
			map[string]usable{
				"a module":           holding("alder/cli.py").commanding(console + "a = alder.cli:main\n"),
				"a package":          holding("alder/cli/__init__.py").commanding(console + "a = alder.cli:main\n"),
				"an extension":       holding("alder/cli.cpython-314-darwin.so").commanding(console + "a = alder.cli:main\n"),
				"a stable extension": holding("alder/cli.abi3.so").commanding(console + "a = alder.cli:main\n"),
				"in an extension":    holding("birch.cpython-314-darwin.so").commanding(console + "a = birch.cli:main\n"),
				"in a tree below data": holding(dataFolder + "data/lib/python3.14/site-packages/birch/cli.py").commanding(
					console + "a = birch.cli:main\n"),
				"an extension of Windows": holding("alder/cli.cp314-win_amd64.pyd").commanding(console + "a = alder.cli:main\n"),
				"compiled alone":          holding("alder/cli.pyc").commanding(console + "a = alder.cli:main\n"),
				"at the top":              holding("cli.py").commanding(console + "a = cli:main\n"),
				"in .data":                holding(dataFolder + "purelib/birch/cli.py").commanding(console + "a = birch.cli:main\n"),
				"of a requirement":        usable{}.requiring("Requires-Dist: birch\n").commanding(console + "a = birch.cli:main\n"),
				"of a namespace":          holding("t/a.py").requiring("Requires-Dist: b\n").commanding(console + "a = t.birch:main\n"),
				"of Python":               usable{}.commanding(console + "a = json.tool:main\n"),
				"editable":                holding("alder.pth").commanding(console + "a = gone:main\n"),
				"another group":           usable{}.commanding("[pytest11]\na = gone:main\n"),
			},
		},
		"entry-point-group": {
			map[string]usable{
				"a dash":   usable{}.commanding("[console-scripts]\na = alder:main\n"),
				"one":      usable{}.commanding("[console_script]\na = alder:main\n"),
				"capitals": usable{}.commanding("[Console_Scripts]\na = alder:main\n"),
				"a blank":  usable{}.commanding("[gui scripts]\na = alder:main\n"),
				"a letter": usable{}.commanding("[consol_scripts]\na = alder:main\n"),
			},
			map[string]usable{
				"right": usable{}.commanding(console), "another": usable{}.commanding("[console_plugins]\na = b\n"),
				"a window": usable{}.commanding("[gui_scripts]\n"), "scripts": usable{}.commanding("[scripts]\na = b\n"),
			},
		},
		"installer-file": {
			map[string]usable{
				"direct_url.json": holding(info + "direct_url.json"),
				"INSTALLER":       holding(info + "INSTALLER"),
				"REQUESTED":       holding(info + "REQUESTED"),
			},
			map[string]usable{"elsewhere": holding("alder/INSTALLER"), "deeper": holding(info + "licenses/direct_url.json")},
		},
		"names-differ-by-case": {
			map[string]usable{
				"one with capitals":  holding("alder/Data.txt", "alder/data.txt"),
				"both with capitals": holding("alder/Data.txt", "alder/DATA.txt"),
				"of a folder":        holding("alder/X/a.py", "alder/x/a.py"),
				"for Windows":        holding("alder/Data.txt", "alder/data.txt").called(windowsWheel),
			},
			map[string]usable{
				"two folders": holding("alder/X/a.py", "alder/x/b.py"),
				"for Linux":   holding("alder/Data.txt", "alder/data.txt").called(linuxWheel),
				"other names": holding("alder/Data.txt", "alder/date.txt"),
			},
		},
		"windows-name": {
			map[string]usable{
				"a module": holding("alder/aux.py"), "a folder": holding("alder/Con/x.py"), "a port": holding("alder/COM1"),
				"for Windows": holding("alder/nul").called(windowsWheel),
			},
			map[string]usable{
				"longer":    holding("alder/auxiliary.py", "alder/console.py", "alder/com10.py", "alder/prn_.py"),
				"a suffix":  holding("alder/x.aux"),
				"for Linux": holding("alder/aux.py").called(linuxWheel),
			},
		},
		"common-folder": {
			map[string]usable{
				"tests": holding("tests/__init__.py"), "docs": holding("docs/conf.py"), "src": holding("src/alder.py"),
				"in .data": holding(dataFolder + "purelib/tests/x.py"),
			},
			map[string]usable{
				"below": holding("alder/tests/x.py"), "a module": holding("docs.py"), "data": holding(dataFolder + "data/docs/x"),
			},
		},
		"set-uid": {
			map[string]usable{
				"owner": {more: []disttest.Member{{Name: "alder/run", Mode: fs.ModeSetuid | 0o755}}},
				"group": {more: []disttest.Member{{Name: "alder/run", Mode: fs.ModeSetgid | 0o755}}},
			},
			map[string]usable{
				"execute":  {more: []disttest.Member{{Name: "alder/run", Mode: 0o755}}},
				"a folder": {more: []disttest.Member{{Name: "alder/x/", Mode: fs.ModeDir | fs.ModeSetgid | 0o755}}},
			},
		},
		"record-row": {
			map[string]usable{
				"two columns": {record: replaced("RECORD,,", "RECORD,")}, "four columns": {record: replaced("\n", ",\n")},
				"a size": {record: replaced("RECORD,,", "RECORD,,x")}, "md5": hashed("md5=x"), "padded": hashed(digest(data) + "="),
				"unknown": hashed("sha257=x"), "hexadecimal": hashed("sha256=" + strings.Repeat("ab", 32)),
			},
			map[string]usable{"Windows": {record: replaced("\n", "\r\n")}, "no hash": hashed(""), "another algorithm": hashed("blake2b=x")},
		},
		"record-mismatch": {
			map[string]usable{
				"a byte order mark": {record: func(s string) string { return "\ufeff" + s }},
				"a signature": {
					more: disttest.Pairs([2]string{info + "RECORD.jws", "{}"}),
				},
				"SHA-512": hashed("sha512=" + strings.Repeat("a", 86)),
			},
			map[string]usable{
				"right": {}, "a signature": {
					more: disttest.Pairs([2]string{info + "RECORD.jws", "{}"}),
					record: func(s string) string {
						return s[:strings.Index(s, info+"RECORD.jws")] + s[strings.Index(s, info+"METADATA"):]
					},
				},
			},
		},
	} {
		for _, told := range []bool{true, false} {
			for name, u := range map[bool]map[string]usable{true: c.told, false: c.well}[told] {
				t.Run(fmt.Sprintf("%s/%s %v", rule, name, told), func(t *testing.T) {
					t.Parallel()
					found := preflight.Check(set(t, u.file()))
					is := slices.ContainsFunc(found, func(f finding.Finding) bool {
						return string(f.ID) == rule && (f.Severity == finding.Error) == (rule == "file-and-folder")
					})
					if is != told {
						t.Errorf("told is %v: %q", is, found)
					}
				})
			}
		}
	}
}

// TestCheck_InstallersOfKind: a message says what installers do with this very kind of file, where files of one rule differ.
func TestCheck_InstallersOfKind(t *testing.T) {
	t.Parallel()
	const family = "installer 1.1.0, pdm 2.29.4 and poetry 2.5.1"
	for want, u := range map[string]usable{
		"'1', and installers know the versions 1.N alone: uv 0.13.9, " + family + " refuse it; pip 26.3 installs it": {
			about: "Wheel-Version: 1\n",
		},
		"'1.0.0', and installers know the versions 1.N alone: pip 26.3 installs it with a warning; uv 0.13.9, " + family + " install it": {
			about: "Wheel-Version: 1.0.0\n",
		},
		"'2.0', and installers know the versions 1.N alone: pip 26.3, uv 0.13.9, " + family + " refuse it": {
			about: "Wheel-Version: 2.0\n",
		},
		"noise.data: pip 26.3 refuses it; uv 0.13.9, " + family + " install it":            holding("noise.data"),
		"noise.data/a.bin: pip 26.3 refuses it; uv 0.13.9, " + family + " install it":      holding("noise.data/a.bin"),
		"noise.data/docs/a.txt: pip 26.3 refuses it; uv 0.13.9, " + family + " install it": holding("noise.data/docs/a.txt"),
		"Alder-1.0.data: uv 0.13.9, " + family + " install it without what is in it; pip 26.3 installs it": holding(
			"Alder-1.0.data/data/x"),
		"docs (alder-1.0.data/docs/): uv 0.13.9 refuses it; pip 26.3, " + family + " install it": holding(
			dataFolder + "docs/"),
		"(alder-1.0.data/docs/x): pip 26.3, uv 0.13.9, " + family + " refuse it": holding(
			dataFolder+"docs/", dataFolder+"docs/x"),
		"no shell looks for commands: alder-1.0.data/scripts/b/: uv 0.13.9 refuses it; pip 26.3, " + family + " install it": holding(
			dataFolder + "scripts/b/"),
	} {
		found := preflight.Check(set(t, u.file()))
		if !slices.ContainsFunc(found, func(f finding.Finding) bool { return strings.HasSuffix(f.Message, want) }) {
			t.Errorf("got %q, want %q", found, want)
		}
	}
	for name, u := range map[string]usable{"a folder": holding("noise.data/"), "with folders": holding("noise.data/docs/")} {
		found := preflight.Check(set(t, u.file()))
		if slices.ContainsFunc(found, func(f finding.Finding) bool { return f.ID == "data-folder" }) {
			t.Errorf("%s: %q", name, found)
		}
	}
}

// TestCheck_RecordWords: what is wrong with RECORD as a whole is said in its own words.
func TestCheck_RecordWords(t *testing.T) {
	t.Parallel()
	for want, u := range map[string]usable{
		"it begins with a byte order mark": {record: func(s string) string { return "\ufeff" + s }},
		"RECORD.jws is in it, but must not be: it is a signature of the record": {
			more: disttest.Pairs([2]string{info + "RECORD.jws", "{}"}),
		},
		"RECORD has not three columns, but 4, and": {record: replaced("\n", ",\n")},
	} {
		found := preflight.Check(set(t, u.file()))
		if !slices.ContainsFunc(found, func(f finding.Finding) bool { return strings.Contains(f.Message, want) }) {
			t.Errorf("got %q, want %q", found, want)
		}
	}
}

// TestCheck_WheelLayoutBounded: however many oddities a wheel has, there is one finding of each kind, and it is short.
func TestCheck_WheelLayoutBounded(t *testing.T) { // not parallel: it measures
	long := strings.Repeat("x", 300)
	var entry strings.Builder
	entry.WriteString("[console_scripts]\n")
	for n := range 500 {
		fmt.Fprintf(&entry, "a%d = %s\nb%d = gone%d.%s:main\n", n, long, n, n, long)
	}
	odd := func(scale int) usable {
		u := usable{entry: entry.String()}
		for n := range 100 * scale {
			for _, name := range []string{
				"%s%d.dist-info/x", "%s%d.data/x", dataFolder + "%s%d/x", dataFolder + "%s%d", dataFolder + "scripts/%s%d",
				dataFolder + "scripts/b/%s%d", "alder/A%s%d", "alder/a%s%d", "alder/%s%d/aux", "tests/%s%d/y/", "%s%d/z", "%s%d/z/y",
				"alder/" + strings.Repeat("d/", 200) + "%s%d",
			} {
				u.more = append(u.more, disttest.Member{Name: fmt.Sprintf(name, long, n), Mode: fs.ModeSetuid | 0o644})
			}
		}
		return u
	}
	found := preflight.Check(set(t, odd(1).file()))
	kinds := map[string]int{}
	for _, f := range found {
		if kinds[string(f.ID)]++; len(f.Message)+len(f.Fix) > 2000 || kinds[string(f.ID)] > 4 {
			t.Errorf("%d of %s, with %d bytes", kinds[string(f.ID)], f.ID, len(f.Message))
		}
	}
	if len(kinds) < 9 {
		t.Errorf("only %v", kinds)
	}
	if testing.Short() {
		return // it reads large files
	}
	growth.Linear(t, "bytes of memory", func(scale int) int64 {
		path := disttest.Save(t, filepath.Join(t.TempDir(), pureWheel), []byte(odd(scale).file().raw))
		return growth.Allocated(func() {
			if _, err := distfile.Read(t.Context(), path); err != nil {
				t.Fatal(err)
			}
		})
	})
}
