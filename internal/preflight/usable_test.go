package preflight_test

import (
	"archive/tar"
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// The files in this file are taken by the index, and installers refuse them, warn of them, or install something else than was meant.

const (
	pureWheel  = "alder-1.0-py3-none-any.whl"
	dataFolder = "alder-1.0.data/"
	topFolder  = "alder-1.0/"
	script     = "#!python\nprint('runs')\n"
	project    = "[build-system]\nrequires = []\nbuild-backend = 'back'\nbackend-path = ['.']\n[project]\nname = 'alder'\nversion = '1.0'\n"
)

// data is the content of alder/data.bin.
var data = func() string {
	var b strings.Builder
	for i := range 9000 {
		b.WriteByte(byte((i*i + i/7) % 251))
	}
	return b.String()
}()

// dataMember is a member that nothing but an installer reads.
var dataMember = disttest.Member{Name: "alder/data.bin", Content: data, Deflated: true}

// usable is a wheel as a build backend makes it, except for what is given.
type usable struct {
	name     string // of the file; empty: pureWheel
	metadata string // empty: good
	about    string // the WHEEL file; empty: that of a pure wheel
	entry    string // entry_points.txt; empty: there is none
	more     []disttest.Member
	record   func(string) string // changes RECORD
	change   func([]byte) []byte // changes the whole file
	zip64    bool
}

func (u usable) file() file {
	name := u.name
	if name == "" {
		name = pureWheel
	}
	parts := strings.Split(name, "-")
	info := parts[0] + "-" + parts[1] + ".dist-info/"
	if u.metadata == "" {
		u.metadata = good
	}
	if u.about == "" {
		u.about = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
	}
	members := slices.Concat(
		disttest.Pairs([2]string{"alder/__init__.py", "x = 1\ndef main():\n    print('runs')\n"}), u.more,
		disttest.Pairs([2]string{info + "METADATA", u.metadata}, [2]string{info + "WHEEL", u.about}),
	)
	if u.entry != "" {
		members = append(members, disttest.Member{Name: info + "entry_points.txt", Content: u.entry})
	}
	var record strings.Builder
	for i, m := range members {
		if !strings.HasSuffix(m.Name, "/") {
			fmt.Fprintf(&record, "%s,%s,%d\n", m.Name, digest(m.Content), len(m.Content))
		}
		if m.Mode == 0 {
			members[i].Mode = 0o644
		}
		members[i].Zip64 = u.zip64
	}
	listed := record.String() + info + "RECORD,,\n"
	if u.record != nil {
		listed = u.record(listed)
	}
	built := disttest.Zip(append(members, disttest.Member{Name: info + "RECORD", Content: listed, Mode: 0o644, Zip64: u.zip64})...)
	if u.change != nil {
		built = u.change(built)
	}
	return file{name: name, raw: string(built)}
}

// digest is a cell of RECORD.
func digest(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// otherCRC gives the last member with this content another checksum, in both headers.
func otherCRC(content string) func([]byte) []byte {
	sum := crc32.ChecksumIEEE([]byte(content))
	return func(built []byte) []byte {
		old := []byte{byte(sum), byte(sum >> 8), byte(sum >> 16), byte(sum >> 24)}
		return bytes.ReplaceAll(built, old, []byte{old[0] ^ 0x5a, old[1], old[2], old[3]})
	}
}

// replaced returns a function that replaces a text.
func replaced(old, replacement string) func(string) string {
	return func(text string) string { return strings.ReplaceAll(text, old, replacement) }
}

func needing(requirement string) file {
	return usable{metadata: good + "Requires-Dist: " + requirement + "\n"}.file()
}

func forPython(specifiers string) file {
	return usable{metadata: good + "Requires-Python: " + specifiers + "\n"}.file()
}

func tagged(build, tags string) file {
	return usable{name: "alder-1.0-" + build + tags + ".whl", about: wheelTagged(tags)}.file()
}

// wheelTagged is a WHEEL file with one tag.
func wheelTagged(tags string) string {
	return "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: " + tags + "\n"
}

func command(value string) file { return usable{entry: "[console_scripts]\n" + value + "\n"}.file() }

// treeOf has the members of an sdist with this pyproject.toml; empty: it has none.
func treeOf(pyproject string, more ...disttest.Member) []disttest.Member {
	members := disttest.Pairs(
		[2]string{topFolder + "PKG-INFO", good}, [2]string{topFolder + "alder/__init__.py", "x = 1\n"},
		[2]string{topFolder + "back.py", "# a backend\n"},
	)
	if pyproject != "" {
		members = append(members, disttest.Member{Name: topFolder + "pyproject.toml", Content: pyproject})
	}
	return append(members, more...)
}

func source(members []disttest.Member) file {
	return file{name: "alder-1.0.tar.gz", raw: string(disttest.TarGz(members...))}
}

// sourceOf is an sdist of a tar that pack compresses.
func sourceOf(pack func([]byte) []byte) file {
	return file{name: "alder-1.0.tar.gz", raw: string(pack(disttest.Tar(treeOf(project)...)))}
}

// namesInstaller matches what a message says of an installer that does not take a file as it is meant.
var namesInstaller = regexp.MustCompile(`: [a-z]+ [0-9.]+.* (refuses?|fails?|without|but not|with a warning)\b`)

// TestCheck_Usable has small files as installers were tried with: nearly every installer refuses the first, some refuse those after them,
// and then come files that are installed, and not as it was meant. The last ones are odd, and well.
func TestCheck_Usable(t *testing.T) {
	t.Parallel()
	licence := disttest.Member{Name: "birch-1.0.dist-info/licenses/LICENSE", Content: "free\n"}
	birch := strings.Replace(good, "alder", "birch", 1)
	md5sum := md5.Sum([]byte(data))
	sum := sha256.Sum256([]byte(data))
	scriptMember := func(name, content string, mode fs.FileMode) []disttest.Member {
		return []disttest.Member{{Name: name, Content: content, Mode: mode}}
	}
	for name, c := range map[string]struct {
		file
		says string // an expression that a warning matches; empty: there is none
	}{
		"crc-deflated":       {usable{more: []disttest.Member{dataMember}, change: otherCRC(data)}.file(), `alder/data\.bin`},
		"wheel-version-word": {usable{about: "Wheel-Version: one\nTag: py3-none-any\n"}.file(), `Wheel-Version`},
		"no-wheel-version":   {usable{about: "Tag: py3-none-any\n"}.file(), `Wheel-Version`},
		"wheel-file-byte-order-mark": {
			usable{about: "\ufeffWheel-Version: 1.0\nTag: py3-none-any\n"}.file(), `byte order mark|Wheel-Version`,
		},
		"data-unknown-scheme": {usable{more: disttest.Pairs([2]string{dataFolder + "docs/readme.txt", "hello\n"})}.file(), `docs`},
		"two-dist-info": {
			usable{more: disttest.Pairs(
				[2]string{"birch-1.0.dist-info/METADATA", birch}, [2]string{"birch-1.0.dist-info/WHEEL", wheelFile})}.file(),
			`birch-1\.0\.dist-info`,
		},
		"dist-info-with-licence-only": {usable{more: []disttest.Member{licence}}.file(), `birch-1\.0\.dist-info`},
		"entry-module-only":           {command("alder = alder"), `alder`},
		"entry-folded":                {command("alder =\n  alder:main"), `entry|command`},
		"tag-python3":                 {tagged("", "python3-none-any"), `python3`},
		"tag-any-with-abi":            {tagged("", "cp311-cp311-any"), `cp311-cp311-any`},
		"tag-order":                   {tagged("", "none-py3-any"), `none-py3-any`},
		"marker-tilde-major":          {needing("birch; python_version ~= '3'"), `~=`},
		"requires-impossible":         {needing("birch>2,<1"), `birch`},
		"requires-itself-otherwise":   {needing("alder>=2"), `alder>=2|alder >=2|itself`},
		"requires-local-version":      {needing("birch==1.0+local"), `1\.0\+local`},
		"no-project":                  {source(treeOf("")), `pyproject\.toml`},
		"pyproject-not-toml":          {source(treeOf("[project\nname = alder\n")), `pyproject\.toml`},
		"special-file": {
			source(treeOf(project, disttest.Member{Name: topFolder + "pipe", Mode: fs.ModeNamedPipe | 0o755})), `alder-1\.0/pipe`,
		},

		"record-two-columns": {
			usable{record: func(s string) string { return regexp.MustCompile(`,\d+\n`).ReplaceAllString(s, "\n") }}.file(), `RECORD`,
		},
		"record-size-text": {usable{more: []disttest.Member{dataMember}, record: replaced(",9000\n", ",9 kB\n")}.file(), `9 kB|RECORD`},
		"record-hash-wrong": {
			usable{more: []disttest.Member{dataMember}, record: replaced(digest(data), digest("other"))}.file(), `alder/data\.bin`,
		},
		"record-hash-hex": {usable{
			more: []disttest.Member{dataMember}, record: replaced(digest(data), "sha256="+hex.EncodeToString(sum[:])),
		}.file(), `alder/data\.bin`},
		"record-md5": {usable{
			more: []disttest.Member{dataMember}, record: replaced(digest(data), "md5="+base64.RawURLEncoding.EncodeToString(md5sum[:])),
		}.file(), `md5`},
		"entry-call":    {command("alder = alder:main()"), `main\(\)`},
		"entry-comment": {command("alder = alder:main  # run it"), `run it`},
		"data-over-root": {
			usable{more: disttest.Pairs([2]string{dataFolder + "purelib/alder/__init__.py", "x = 2\n"})}.file(), `alder/__init__\.py`,
		},
		"script-in-folder":   {usable{more: scriptMember(dataFolder+"scripts/sub/alder-s", script, 0o755)}.file(), `sub`},
		"tag-upper":          {tagged("", "PY3-none-any"), `PY3`},
		"build-number-large": {tagged("20261129123456789012-", "py3-none-any"), `20261129123456789012`},
		"gzip-two-members": {sourceOf(func(raw []byte) []byte {
			return slices.Concat(disttest.Gzip(raw[:1024]), disttest.Gzip(raw[1024:]))
		}), `gzip|member`},
		"tar-without-end": {sourceOf(func(raw []byte) []byte {
			raw = bytes.TrimRight(raw, "\x00")
			return disttest.Gzip(append(raw, make([]byte, (512-len(raw)%512)%512)...))
		}), `end`},
		"pyproject-byte-order-mark": {source(treeOf("\ufeff" + project)), `byte order mark|BOM`},
		"project-other-version":     {source(treeOf(strings.ReplaceAll(project, "1.0", "1.1"))), `1\.1`},

		"script-not-executable": {usable{more: scriptMember(dataFolder+"scripts/alder-s", script, 0o644)}.file(), `alder-s`},
		"script-blank-python": {
			usable{more: scriptMember(dataFolder+"scripts/alder-s", strings.Replace(script, "#!", "#! ", 1), 0o755)}.file(), `alder-s`,
		},
		"data-folder-spelled": {usable{more: scriptMember("Alder-1.0.data/scripts/alder-s", script, 0o755)}.file(), `Alder-1\.0\.data`},
		"direct-url": {usable{more: disttest.Pairs(
			[2]string{info + "direct_url.json", `{"url": "file:///build/alder", "dir_info": {}}`})}.file(), `direct_url\.json`},
		"entry-no-module":         {command("alder = gone:main"), `gone`},
		"entry-section-dash":      {usable{entry: "[console-scripts]\nalder = alder:main\n"}.file(), `console-scripts`},
		"marker-star-ge":          {needing("birch; python_version >= '3.8.*'"), `3\.8\.\*`},
		"marker-platform-release": {needing("birch; platform_release >= '4'"), `platform_release`},
		"marker-word":             {needing("birch; python_version > 'three'"), `three`},
		"marker-patch-eq":         {needing("birch; python_version == '3.11.7'"), `3\.11\.7`},
		"marker-system-lower":     {needing("birch; platform_system == 'linux'"), `linux`},
		"extra-undeclared":        {needing("birch; extra == 'dev'"), `dev`},
		"python-eq-minor":         {forPython("==3.11"), `3\.11`},
		"python-empty":            {forPython(">=3.12,<3.9"), `3\.12`},
		"case-pair": {
			usable{more: disttest.Pairs([2]string{"alder/Data.txt", "A"}, [2]string{"alder/data.txt", "a"})}.file(), `[Dd]ata\.txt`,
		},

		"fine":             {file: command("alder = alder:main")},
		"fine-record-crlf": {file: usable{record: replaced("\n", "\r\n")}.file()},
		"fine-version-spelled": {
			file: usable{metadata: strings.Replace(good, "1.0", "1.0.0", 1)}.file(),
		},
		"fine-name-dots": {file: usable{
			name: "alder_tree-1.0-py3-none-any.whl", metadata: strings.Replace(good, "alder", "Alder.Tree", 1),
		}.file()},
		"fine-zip64":  {file: usable{zip64: true}.file()},
		"fine-script": {file: usable{more: scriptMember(dataFolder+"scripts/alder-s", script, 0o755)}.file()},
		"fine-nested-dist-info": {file: usable{more: disttest.Pairs(
			[2]string{"alder/_vendor/birch-1.0.dist-info/METADATA", birch}, [2]string{"alder/_vendor/birch-1.0.dist-info/RECORD"})}.file()},
		"fine-folders": {file: usable{more: []disttest.Member{
			{Name: "alder/", Mode: fs.ModeDir | 0o755}, {Name: info, Mode: fs.ModeDir | 0o755},
		}}.file()},
		"fine-build":        {file: tagged("1_a-", "py3-none-any")},
		"fine-marker-star":  {file: needing("birch; python_version == '3.*'")},
		"fine-python-upper": {file: forPython(">=3.9,<4")},
		"fine-sdist-link": {file: source(treeOf(project, disttest.Member{Name: topFolder + "alder/l.py", Link: "__init__.py"},
			disttest.Member{Name: topFolder + "alder/h.py", Link: topFolder + "alder/__init__.py", Hard: true}))},
		"fine-sdist-gnu-long": {file: source(treeOf(project, disttest.Member{
			Name:   topFolder + "alder/" + strings.Repeat("d", 90) + "/" + strings.Repeat("f", 120) + ".txt",
			Format: tar.FormatGNU, Content: "x",
		}))},
		"fine-sdist-pax-long": {file: source(treeOf(project, disttest.Member{
			Name:   topFolder + "alder/" + strings.Repeat(strings.Repeat("d", 60)+"/", 12) + "f.txt",
			Format: tar.FormatPAX, Content: "x",
		}))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(t, c.file)
			s.Now = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
			found := slices.DeleteFunc(preflight.Check(s), func(f finding.Finding) bool { return f.Severity == finding.Notice })
			told := slices.ContainsFunc(found, func(f finding.Finding) bool { return regexp.MustCompile(c.says).MatchString(f.Message) })
			switch isError := name == "crc-deflated"; {
			case c.says == "" && len(found) > 0, c.says != "" && !told:
				t.Errorf("got %q, want what matches %q", found, c.says)
			case told && c.says != "" && name != "record-md5" && // which installers accept, against the specification
				!slices.ContainsFunc(found, func(f finding.Finding) bool { return namesInstaller.MatchString(f.Message) }):
				t.Errorf("no installer is named: %q", found)
			case slices.ContainsFunc(found, func(f finding.Finding) bool { return (f.Severity == finding.Error) != isError }):
				t.Errorf("another severity: %q", found)
			}
		})
	}
}
