package preflight

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules in this file are about the layout of wheels: what an index does not look at, and installers or systems do.

// layoutText is what a finding says of one kind of oddity.
type layoutText struct {
	kind    distfile.OddityKind
	item    func(distfile.Oddity) string // one of them
	message string                       // %s stands for the items
	trial   func(distfile.Oddity) string // the name of the trial of such a file; empty: there is none
	fix     string
}

// layoutTexts has the texts of all kinds.
func layoutTexts() []layoutText {
	member := func(o distfile.Oddity) string { return o.Member }
	with := func(format string) func(distfile.Oddity) string {
		return func(o distfile.Oddity) string { return fmt.Sprintf(format, o.Member, o.Detail) }
	}
	quoted := func(format string) func(distfile.Oddity) string {
		return func(o distfile.Oddity) string { return fmt.Sprintf(format, o.Member, quote(o.Detail)) }
	}
	trial := func(name string) func(distfile.Oddity) string { return func(distfile.Oddity) string { return name } }
	const dataFolders = "a wheel's .data has the folders purelib, platlib, headers, scripts and data: put the files into one of them, or " +
		"into a package of the wheel"
	return []layoutText{
		{
			distfile.OtherDistInfo,
			member,
			"the wheel has another .dist-info at its top: %s",
			trial("second .dist-info"),
			"leave it out: licences of bundled projects belong into licenses/ of the wheel's own .dist-info (the field license-files of " +
				"pyproject.toml), and their metadata below the package that bundles them",
		},
		{
			distfile.SchemeUnknown,
			with("%[2]s (%[1]s)"),
			".data has a folder that no installer knows: %s",
			trialOfFolder("unknown scheme", "empty folder in .data"),
			dataFolders,
		},
		{distfile.SchemeAbsent, member, "a file of .data is in none of its folders: %s", trial("file in .data"), dataFolders},
		{
			distfile.DataElsewhere,
			member,
			"a folder ends in .data and has not the name of the wheel's own: %s",
			trial(".data elsewhere"),
			"write the name as the file name of the wheel has it, {name}-{version}.data, or rename the folder if it is something else",
		},
		{
			distfile.DataNamed,
			member,
			"a name at the top ends in .data, as that of a wheel's folder for data does: %s",
			trial("named .data"),
			"rename it",
		},
		{
			distfile.DataOverRoot, with("%s (over %s)"), "files of .data have the target of other members: %s", trial(".data over root"),
			"put each file into the wheel once",
		},
		{
			distfile.ScriptMode, member, "scripts have no execute bit: %s", trial("script mode"),
			"build the wheel on Linux or macOS from files with chmod +x, or declare the command as an entry point ([project.scripts])",
		},
		{
			distfile.ScriptFolder, member, "scripts are in a folder, where no shell looks for commands: %s",
			trialOfFolder("script folder", "empty folder of scripts"),
			"put scripts directly into .data/scripts",
		},
		{
			distfile.ScriptInterpreter, member, "the first line of scripts has a blank before python, so that installers do not put " +
				"the path of the interpreter there: %s", trial("script interpreter"),
			"begin the script with #!python, without a blank",
		},
		{
			distfile.ScriptCommand, with("%s (%s)"), "scripts have the name of an entry point: %s", trial("script and command"),
			"keep one of the two: the entry point, usually",
		},
		{
			distfile.CommandValue, quoted("%s = %s"), "the value of a command is not of the form module:attribute: %s", trialOfCommand,
			"write only module:function, such as alder.cli:main, in the scripts of pyproject.toml: the installer adds the call",
		},
		{
			distfile.CommandModule, with("%s (%s)"), "commands are of a module that is not in the wheel: %s", trial("no module"),
			"correct the scripts in pyproject.toml, or add the module to the packages that are built",
		},
		{
			distfile.CommandGroup, func(o distfile.Oddity) string { return quote(o.Member) },
			"a group of entry points is not named as that of commands, but nearly: %s", trial("entry point group"),
			"name it console_scripts or gui_scripts; in pyproject.toml, use [project.scripts] or [project.gui-scripts]",
		},
		{
			distfile.InstallerFile,
			member,
			"the wheel has what an installer writes when it installs: %s",
			func(o distfile.Oddity) string {
				return o.Member[strings.LastIndexByte(o.Member, '/')+1:] // the others are written anew
			},
			"leave it out: the wheel was packed from an installed copy",
		},
		{
			distfile.FileAndFolder, with("%s (in %s)"), "a member is in a folder that is a file as well: %s", trial("file and folder"),
			"rename one of the two",
		},
		{
			distfile.CasePair, func(o distfile.Oddity) string {
				if o.Detail == "" {
					return o.Member
				}
				return o.Member + " and " + o.Detail
			},
			"the names of members differ by case alone: %s", trial("case pair"),
			"rename one of them: Windows and macOS keep only one",
		},
		{
			distfile.CommonFolder, member, "the wheel installs a folder at the top that many projects have: %s", nil,
			"leave it out of the wheel: name the packages in the build backend's configuration",
		},
		{
			distfile.WindowsName,
			member,
			"Windows reserves the name of a member for a device, and cannot make such a file: %s",
			nil,
			"rename it",
		},
		{
			distfile.SetUID, member, "members have the setuid or setgid bit: %s", nil,
			"take the bit away with chmod u-s,g-s before the build: installers do not keep it, and other tools that unpack the file may",
		},
	}
}

// layout returns a check that reports kinds of oddities: for each kind one finding.
func layout(kinds ...distfile.OddityKind) func(Set) []finding.Finding {
	return func(s Set) (found []finding.Finding) {
		texts := slices.DeleteFunc(layoutTexts(), func(text layoutText) bool { return !slices.Contains(kinds, text.kind) })
		for _, d := range s.Files {
			if d.Archive.Broken != nil {
				continue
			}
			for _, text := range texts {
				if message, fix := text.about(d); message != "" {
					found = append(found, refusal(d, message, fix))
				}
			}
		}
		return found
	}
}

// about returns the message and the next step for the oddities of one kind; empty if there are none that count.
func (l layoutText) about(d *distfile.Distribution) (message, fix string) {
	var items []string
	installers, of := "", ""
	for _, o := range d.Oddities {
		if o.Kind != l.kind || !counts(o, d) {
			continue
		}
		items = append(items, l.item(o))
		if l.trial != nil && (of == "" || strings.HasSuffix(of, "/")) { // a file counts for more than the entry of a folder
			installers, of = tried(l.trial(o)), o.Member
		}
	}
	if len(items) == 0 {
		return "", ""
	}
	const shown = 3
	list := phrase.Some(items, shown)
	if len(items) == distfile.MostOddities { // there may be more than are known
		list = strings.Join(items[:shown], ", ") + " and more"
	}
	return fmt.Sprintf(l.message, list) + installers, l.fix
}

// counts reports whether an oddity matters to the systems that a wheel is for, and is not what another rule is about.
func counts(o distfile.Oddity, d *distfile.Distribution) bool {
	switch o.Kind {
	case distfile.OtherDistInfo:
		_, hasMetadata := d.Archive.Kept[d.DistInfo()+"/METADATA"]
		return hasMetadata // else the folder has another name than it must have
	case distfile.ScriptMode:
		return !onlyFor(d, "win")
	case distfile.WindowsName:
		return !onlyFor(d, "manylinux", "musllinux", "linux", "macosx", "android", "ios", "pyemscripten")
	case distfile.CasePair:
		return !onlyFor(d, "manylinux", "musllinux", "linux", "android", "pyemscripten")
	default:
		return true
	}
}

// onlyFor reports whether all platform tags of a wheel begin with one of the prefixes.
func onlyFor(d *distfile.Distribution, prefixes ...string) bool {
	name, err := pep.ParseWheelName(d.Name)
	if err != nil {
		return false
	}
	for tag := range strings.SplitSeq(strings.ToLower(name.Platform), ".") {
		known := false
		for _, prefix := range prefixes {
			known = known || strings.HasPrefix(tag, prefix)
		}
		if !known {
			return false
		}
	}
	return true
}

// trialOfFolder returns a function that returns the name of one of two trials: that of a file in a folder, or of the folder's entry alone.
func trialOfFolder(file, entry string) func(distfile.Oddity) string {
	return func(o distfile.Oddity) string {
		if strings.HasSuffix(o.Member, "/") {
			return entry
		}
		return file
	}
}

var call = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w.]+:[\w.]+\(.*\)$`) })

// trialOfCommand returns the name of the trial that had a value like this one.
func trialOfCommand(o distfile.Oddity) string {
	value := o.Detail
	switch {
	case strings.Contains(value, "\n"):
		return "entry point folded"
	case call().MatchString(value):
		return "entry point called"
	case strings.ContainsAny(value, "#;"):
		return "entry point with a comment"
	case !strings.Contains(value, ":"):
		return "entry point of a module"
	default:
		return ""
	}
}

// recordRow reports rows of RECORD that are not as the format of wheels requires. An index reads the first column alone.
func recordRow(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		if !readable(d, distfile.Wheel) {
			continue
		}
		for _, row := range []struct{ code, says, trial string }{
			{archive.AnomalyColumns, "the row of %s in RECORD has not three columns, but %s", "record columns"},
			{archive.AnomalyRowSize, "the size of %s in RECORD is not a number: %s", "record size"},
			{archive.AnomalyRowHash, "the hash of %s in RECORD is not as it must be: %s", "record hash"},
		} {
			o := unusual(d, row.code)
			if o == nil {
				continue
			}
			trial := row.trial
			switch {
			case strings.Contains(o.Detail, "unknown"), strings.Contains(o.Detail, "no name"):
				trial = "record algorithm"
			case strings.Contains(o.Detail, "weaker"):
				trial = "" // they install it
			case row.code == archive.AnomalyColumns && o.Detail[0] > '3':
				trial = "record more columns"
			}
			found = append(found, refusal(d, fmt.Sprintf(row.says, o.Member, o.Detail)+tried(trial),
				"build the wheel with a current build backend, or pack it anew with python -m wheel pack"))
		}
	}
	return found
}
