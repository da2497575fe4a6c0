package distfile

import (
	"bytes"
	"hash/maphash"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/stdlib"
)

// Oddity is something in the layout of a wheel that an index does not look at, and installers or systems may.
type Oddity struct {
	Kind   OddityKind
	Member string // shortened if it is long
	Detail string // as the kind says, shortened if it is long; mostly empty
}

// OddityKind is what an oddity is.
type OddityKind uint8

// The kinds of oddities.
const (
	OtherDistInfo     OddityKind = iota // a .dist-info at the top other than that of the wheel; Member is its name
	SchemeUnknown                       // a file in a folder of .data that no installer knows; Detail is the name of the folder
	SchemeAbsent                        // a file in .data and in none of its folders
	DataElsewhere                       // a folder named as one for data, with a file for a target, but not the own; Member is its name
	DataNamed                           // a member that is no such file, at the top or in a folder there with a name that ends in .data
	DataOverRoot                        // a file of .data with the target that another member has; Detail is that one
	ScriptMode                          // a script without an execute bit
	ScriptFolder                        // a script in a folder below that of the scripts
	ScriptInterpreter                   // a script whose first line has a blank before the word python
	ScriptCommand                       // a script with the name of a command among the entry points; Detail is that name
	CommandValue                        // a command whose value is no module:attribute; Member is its name, Detail the value
	CommandModule                       // a command of a module that the wheel lacks; Member is its name, Detail the module
	CommandGroup                        // a group of entry points that is nearly named as that of commands; Member is its name
	InstallerFile                       // a file of .dist-info that is for an installer to write
	FileAndFolder                       // a member in a folder that is a file as well; Detail is that one
	CasePair                            // a member whose name differs from another's by case alone; Detail is that one, if known
	CommonFolder                        // the folder tests, docs or src at the top; Member is its name
	WindowsName                         // a member with a name that Windows reserves for a device; Detail is that name
	SetUID                              // a member that runs with the rights of its owner or group
)

// MostOddities is how many oddities of one kind are noted.
const MostOddities = 8

const (
	longestOddity = 200     // bytes of its texts
	deepestFolder = 64      // folders above a member that are looked at
	mostFolded    = 1 << 16 // names with capital letters that are compared without regard to case
	mostModules   = 1 << 12 // modules of commands that are looked for
)

// layoutFinder finds the oddities of one wheel.
type layoutFinder struct {
	project, info, data string // the project in the file name, and the folders of the wheel that are named after it, with a slash
	found               []Oddity
	count               map[OddityKind]int

	begun    bool
	commands []pep.Command
	names    map[string]bool // of the commands
	modules  map[string]bool // those of the commands, as paths: whether the wheel has them
	own      bool            // whether the wheel has modules
	loader   bool            // whether something may bring modules from elsewhere: a .pth file, another .data, or a tree in .data/data
	compiled map[string]bool // those of the modules, and the packages above them, that are extension modules: they may have others in them

	folder string // whose parents were looked at last
	seed   maphash.Seed
	folded map[uint64]uint64 // of names with capital letters: the hash of the name by that of its small letters
}

func newLayoutFinder(d *Distribution) *layoutFinder {
	stem := strings.TrimSuffix(d.DistInfo(), ".dist-info")
	project, _, _ := strings.Cut(stem, "-")
	return &layoutFinder{
		project: project, info: stem + ".dist-info/", data: stem + ".data/", count: map[OddityKind]int{},
		names: map[string]bool{}, modules: map[string]bool{}, compiled: map[string]bool{},
		seed: maphash.MakeSeed(), folded: map[uint64]uint64{},
	}
}

// note adds an oddity, unless there are enough of its kind, or it was added before.
func (f *layoutFinder) note(kind OddityKind, member, detail string) {
	if f.count[kind] == MostOddities {
		return
	}
	if o := (Oddity{kind, shortened(member), shortened(detail)}); !slices.Contains(f.found, o) {
		f.count[kind]++
		f.found = append(f.found, o)
	}
}

// shortened returns a copy of the beginning of a text.
func shortened(text string) string {
	if len(text) <= longestOddity {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(text[:longestOddity], "") + "..."
}

// member looks at one member.
func (f *layoutFinder) member(entry archive.Entry, facts *archive.Facts) {
	if f.info == ".dist-info/" {
		return // its file name has no project and version
	}
	if !f.begun {
		f.begun = true
		f.readEntryPoints(facts.Kept[f.info+"entry_points.txt"])
	}
	name := string(entry.Name)
	top, rest, below := strings.Cut(name, "/")
	switch {
	case strings.HasSuffix(top, ".dist-info") && top+"/" != f.info:
		f.note(OtherDistInfo, top, "")
	case strings.HasSuffix(top, ".data") && top+"/" != f.data:
		f.otherData(name, top, rest)
	case top+"/" == f.data:
		f.dataFile(name, rest, entry.Mode, facts)
	case below && strings.HasPrefix(name, f.info):
		if slices.Contains([]string{"direct_url.json", "INSTALLER", "REQUESTED"}, rest) {
			f.note(InstallerFile, name, "")
		}
	default:
		f.rootFile(name)
	}
	f.parents(name, facts)
	f.foldCase(entry.Name, facts)
	f.reserved(name)
	if entry.Mode&(setUIDBit|setGIDBit) != 0 && !strings.HasSuffix(name, "/") {
		f.note(SetUID, name, "")
	}
}

// The bits of a mode that give the rights of the owner, or of the group.
const (
	setUIDBit = 0o4000
	setGIDBit = 0o2000
	execBits  = 0o111
)

// otherData looks at a member that is in a folder named .data, or has such a name, and not in the folder of the wheel.
func (f *layoutFinder) otherData(name, top, rest string) {
	scheme, _, below := strings.Cut(rest, "/")
	switch {
	case strings.HasSuffix(name, "/"): // installers look at files alone
	case below && slices.Contains([]string{"purelib", "platlib", "headers", "scripts", "data"}, scheme):
		f.note(DataElsewhere, top, "")
		f.loader = true
	default:
		f.note(DataNamed, name, "")
	}
}

// dataFile looks at a member of .data, whose folders are for one target each.
func (f *layoutFinder) dataFile(name, rest string, mode uint32, facts *archive.Facts) {
	scheme, path, below := strings.Cut(rest, "/")
	switch {
	case rest == "":
	case !below:
		f.note(SchemeAbsent, name, "")
	case scheme == "purelib" || scheme == "platlib":
		if path != "" && !strings.HasSuffix(path, "/") && facts.Names.Has(path) {
			f.note(DataOverRoot, name, path)
		}
		f.rootFile(path)
	case scheme == "scripts":
		f.script(name, path, mode)
	case scheme == "data":
		f.loader = f.loader || strings.Contains(path, "site-packages/") // in the folder of the environment, modules are there
	case scheme != "headers":
		f.note(SchemeUnknown, name, scheme)
	}
}

// script looks at a member among the scripts.
func (f *layoutFinder) script(name, path string, mode uint32) {
	if path == "" {
		return
	}
	if strings.Contains(path, "/") {
		f.note(ScriptFolder, name, "")
		return
	}
	generated := path // a script that setuptools writes for a command is not installed
	for _, suffix := range []string{".exe", "-script.py", "-script.pyw", ".pya"} {
		generated = strings.TrimSuffix(generated, suffix)
	}
	switch {
	case f.names[path]:
		f.note(ScriptCommand, name, path)
	case f.names[generated], forWindows().MatchString(path):
	case mode&execBits == 0:
		f.note(ScriptMode, name, "")
	}
}

// forWindows matches scripts that other systems do not run.
var forWindows = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)\.(bat|cmd|exe|ps1|pyw)$`) })

// rootFile looks at a member that is installed among the modules.
func (f *layoutFinder) rootFile(name string) {
	top, _, below := strings.Cut(name, "/")
	switch {
	case below && (top == "tests" || top == "docs" || top == "src") && !strings.EqualFold(top, f.project):
		f.note(CommonFolder, top, "")
	case !below && strings.HasSuffix(name, ".pth"):
		f.loader = true
	}
	stem, isModule := moduleOf(name)
	f.own = f.own || isModule
	if len(f.modules) == 0 {
		return
	}
	if isModule {
		f.have(stem)
		if _, wanted := f.modules[stem]; wanted && !strings.HasSuffix(name, ".py") && !strings.HasSuffix(name, ".pyc") {
			f.compiled[stem] = true
		}
	}
	for at, depth := 0, 0; depth < deepestFolder; depth++ {
		next := strings.IndexByte(name[at:], '/')
		if next < 0 {
			break
		}
		at += next + 1
		f.have(name[:at-1])
	}
}

// have notes that the wheel has a module.
func (f *layoutFinder) have(path string) {
	if _, wanted := f.modules[path]; wanted {
		f.modules[path] = true
	}
}

// moduleOf returns the path of the module that a member is, without its suffix: a source, a compiled source or an extension module, such as
// mod.cpython-314-x86_64-linux-gnu.so.
func moduleOf(name string) (path string, isModule bool) {
	isModule = slices.ContainsFunc(
		[]string{".py", ".pyc", ".so", ".pyd"},
		func(suffix string) bool { return strings.HasSuffix(name, suffix) },
	)
	if !isModule {
		return "", false
	}
	folder, base := name[:strings.LastIndexByte(name, '/')+1], name[strings.LastIndexByte(name, '/')+1:]
	base, _, _ = strings.Cut(base, ".")
	return folder + base, true
}

// parents looks for a folder above a member that is a file.
func (f *layoutFinder) parents(name string, facts *archive.Facts) {
	folder := name[:strings.LastIndexByte(name, '/')+1]
	if folder == f.folder {
		return
	}
	f.folder = folder
	for at, depth := 0, 0; depth < deepestFolder; depth++ {
		next := strings.IndexByte(folder[at:], '/')
		if next < 0 {
			return
		}
		at += next + 1
		if parent := folder[:at-1]; parent != "" && facts.Names.Has(parent) {
			f.note(FileAndFolder, name, parent)
		}
	}
}

// foldCase looks for a member whose name is the same without regard to case.
func (f *layoutFinder) foldCase(name []byte, facts *archive.Facts) {
	if !bytes.ContainsFunc(name, unicode.IsUpper) {
		return
	}
	small := bytes.ToLower(name)
	if bytes.Equal(small, name) || name[len(name)-1] == '/' {
		return
	}
	if facts.Names.Has(string(small)) {
		f.note(CasePair, string(name), string(small))
		return
	}
	key, exact := maphash.Bytes(f.seed, small), maphash.Bytes(f.seed, name)
	if first, again := f.folded[key]; again && first != exact {
		f.note(CasePair, string(name), "")
	} else if !again && len(f.folded) < mostFolded {
		f.folded[key] = exact
	}
}

// device matches a name that Windows reserves, whatever its suffix.
var device = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[1-9]|lpt[1-9]) *(\..*)?$`)
})

// reserved looks for names that Windows does not allow.
func (f *layoutFinder) reserved(name string) {
	for rest, more := name, true; more; {
		var part string
		if part, rest, more = strings.Cut(rest, "/"); len(part) < 3 || !strings.ContainsRune("cpanlCPANL", rune(part[0])) {
			continue
		}
		if base, _, _ := strings.Cut(part, "."); len(strings.TrimRight(base, " ")) <= len("com1") && device().MatchString(part) {
			f.note(WindowsName, name, part)
		}
	}
}

// readEntryPoints takes the commands from entry_points.txt. One that an index refuses has none.
func (f *layoutFinder) readEntryPoints(text []byte) {
	if len(text) > longestEntryPoints {
		return
	}
	points, err := pep.ParseEntryPoints(text)
	if err != nil {
		return
	}
	for _, group := range points.Groups {
		if group != pep.ConsoleScripts && group != pep.GUIScripts && (near(group, pep.ConsoleScripts) || near(group, pep.GUIScripts)) {
			f.note(CommandGroup, group, "")
		}
	}
	f.commands = points.Commands
	for _, c := range f.commands {
		f.names[c.Name] = true
		module, isObject := c.Module()
		if !isObject {
			f.note(CommandValue, c.Name, c.Value)
		} else if len(f.modules) < mostModules {
			path := strings.ReplaceAll(module, ".", "/")
			for at := range path {
				if path[at] == '/' {
					f.modules[path[:at]] = false
				}
			}
			f.modules[path] = false
		}
	}
}

// near reports whether a name differs from another by case, by what stands between its words, and by one letter at most.
func near(name, other string) bool {
	letters := func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}
	a, b := strings.Map(letters, strings.ToLower(name)), strings.Map(letters, other)
	first, last := 0, 0
	for first < min(len(a), len(b)) && a[first] == b[first] {
		first++
	}
	for last < min(len(a), len(b))-first && a[len(a)-1-last] == b[len(b)-1-last] {
		last++
	}
	return max(len(a), len(b))-first-last <= 1
}

// finish looks for the modules of commands, when all members were looked at. alone is whether the distribution needs no other, which could
// have the module.
func (f *layoutFinder) finish(names *archive.Names, alone bool) []Oddity {
	if !f.begun || f.loader || !f.own {
		return f.found
	}
	for _, c := range f.commands {
		module, isObject := c.Module()
		path := strings.ReplaceAll(module, ".", "/")
		top, _, _ := strings.Cut(module, ".")
		if has, known := f.modules[path]; !isObject || !known || has || stdlib.Has(strings.ReplaceAll(strings.ToLower(top), "_", "-")) {
			continue
		}
		// The last package above the module that the wheel has must be one whose modules are all in one place.
		above := path
		for above != "" && !f.modules[above] {
			above = above[:max(0, strings.LastIndexByte(above, '/'))]
		}
		if f.compiled[above] {
			continue
		}
		if alone || above != "" && f.isRegular(names, above) {
			f.note(CommandModule, c.Name, module)
		}
	}
	return f.found
}

// isRegular reports whether a package is a regular one.
func (f *layoutFinder) isRegular(names *archive.Names, folder string) bool {
	return slices.ContainsFunc([]string{"", f.data + "purelib/", f.data + "platlib/"}, func(root string) bool {
		return names.Has(root + folder + "/__init__.py")
	})
}

// scriptHead takes the beginning of a script.
type scriptHead struct {
	once
	finder *layoutFinder
	name   string
	text   []byte
}

// longestHead is how many bytes of a script are looked at.
const longestHead = 32

var blankPython = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^#![ \t]+python`) })

// inspect returns what takes the content of a script; nil if the member is none.
func (f *layoutFinder) inspect(member string) archive.Inspection {
	if path, isScript := strings.CutPrefix(member, f.data+"scripts/"); !isScript || path == "" {
		return nil
	}
	return &scriptHead{finder: f, name: member}
}

// Write takes a part of the script. It never fails.
func (s *scriptHead) Write(p []byte) (int, error) {
	s.text = append(s.text, p[:min(len(p), longestHead-len(s.text))]...)
	return len(p), nil
}

// Close notes what was found.
func (s *scriptHead) Close() {
	if blankPython().Match(s.text) {
		s.finder.note(ScriptInterpreter, s.name, "")
	}
}
