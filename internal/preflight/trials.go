package preflight

import (
	"iter"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// A trial says what each installer does with one kind of file that an index accepts. The words of findings and the table of docs/rules.md
// are made from it, so that a version has one place.
//
// Each outcome was measured with small wheels and sdists on triedOn, and read in the sources of the installer (docs/rules.md names their
// versions). An installer that was not tried with a file has no outcome, and is in no message.
type trial struct {
	name string     // by which a rule finds it
	rule finding.ID // whose findings it is about
	file string     // what the file is like, as a row of the table begins
	does outcomes
	lost string // what an outcome that leaves something out leaves out, such as "the command"
}

// outcomes has what each installer does with a file.
type outcomes struct{ pip, uv, installer, pdm, poetry, micropip outcome }

// triedOn is the month of the trials.
const triedOn = "November 2026"

// all returns the outcomes with the names and versions of the installers.
func (o outcomes) all() iter.Seq2[string, outcome] {
	return func(yield func(string, outcome) bool) {
		_ = yield("pip 26.3", o.pip) && yield("uv 0.13.9", o.uv) && yield("installer 1.1.0", o.installer) &&
			yield("pdm 2.29.4", o.pdm) && yield("poetry 2.5.1", o.poetry) && yield("micropip 0.11.1", o.micropip)
	}
}

// outcome is what an installer does with a file.
type outcome uint8

// The outcomes, the worst first.
const (
	untried  outcome = iota
	refuses          // a message of the installer says what is wrong
	fails            // it ends with an error that does not
	omits            // it installs the file without a part of it, and says nothing
	spoils           // it installs the file otherwise than it is meant, and says nothing
	warns            // it installs the file, and warns
	installs         // it installs the file as it is meant
)

// words returns an outcome as a cell of the table, and as what one installer does, or several do.
func (o outcome) words(lost string) (cell, one, several string) {
	switch o {
	case refuses:
		return "refuses", "refuses it", "refuse it"
	case fails:
		return "fails", "fails on it", "fail on it"
	case omits:
		return "without " + lost, "installs it without " + lost, "install it without " + lost
	case spoils:
		return "not as meant", "installs it, but not as meant", "install it, but not as meant"
	case warns:
		return "warns", "installs it with a warning", "install it with a warning"
	case installs:
		return "installs", "installs it", "install it"
	default:
		return "", "", ""
	}
}

// trials has all trials, in the order of the rules.
var trials = []trial{
	{
		"one release of Python", "requires-python-range", "Requires-Python is ==3.11",
		outcomes{pip: refuses},
		"",
	},
	{
		"patch releases of Python", "requires-python-range", "Requires-Python is <=3.11",
		outcomes{pip: refuses},
		"",
	},
	{
		"no Python", "requires-python-range", "Requires-Python is >=3.12,<3.9",
		outcomes{pip: refuses},
		"",
	},
	{
		"empty range", "requires-dist-unsatisfiable", "a requirement is >2,<1",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"contradiction", "requires-dist-unsatisfiable", "two requirements are <1 and >=1",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"itself in another version", "requires-dist-unsatisfiable", "the project requires itself in another version",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"local version", "requires-dist-local", "a requirement is ==1.0+local",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"undeclared extra", "extra-undeclared", "no Provides-Extra names the extra of a requirement",
		outcomes{pip: warns, uv: warns},
		"",
	},
	{
		"marker without a version", "marker-comparison", "python_version > 'three'",
		outcomes{pip: omits, uv: installs},
		"the dependency",
	},
	{
		"marker with a star", "marker-comparison", "python_version >= '3.8.*'",
		outcomes{pip: omits, uv: installs},
		"the dependency",
	},
	{
		"marker with ~=", "marker-comparison", "python_version ~= '3'",
		outcomes{pip: fails, uv: installs},
		"",
	},
	{
		"marker that orders texts", "marker-comparison", "sys_platform > 'l'",
		outcomes{pip: omits},
		"the dependency",
	},
	{
		"marker with ~= of texts", "marker-comparison", "sys_platform ~= 'linux'",
		outcomes{pip: fails, uv: installs},
		"",
	},
	{
		"marker with platform_release", "marker-comparison", "platform_release >= '4', on Linux",
		outcomes{pip: omits},
		"the dependency",
	},
	{
		"python_version with a patch release", "marker-value", "python_version == '3.11.7'",
		outcomes{pip: omits, uv: omits},
		"the dependency",
	},
	{
		"python_full_version without a patch release", "marker-value", "python_full_version == '3.11', on 3.11.7",
		outcomes{pip: omits, uv: omits},
		"the dependency",
	},
	{
		"value that a variable never has", "marker-value", "platform_system == 'linux'",
		outcomes{pip: omits, uv: omits},
		"the dependency",
	},
	{
		"gzip members", "sdist-archive", "the sdist consists of two gzip members",
		outcomes{pip: installs, uv: fails},
		"",
	},
	{
		"tar without its end", "sdist-archive", "the tar has no two blocks of zeros at its end",
		outcomes{pip: installs, uv: refuses},
		"",
	},
	{
		"special file", "sdist-archive", "the sdist has a named pipe",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"backslash", "sdist-archive", "a name in the sdist has a backslash",
		outcomes{pip: installs, uv: refuses},
		"",
	},
	{
		"nothing to build with", "sdist-pyproject", "the sdist has neither pyproject.toml nor setup.py",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"byte order mark", "sdist-pyproject", "pyproject.toml begins with a byte order mark",
		outcomes{pip: fails},
		"",
	},
	{
		"no TOML", "sdist-pyproject", "pyproject.toml is no TOML",
		outcomes{pip: fails, uv: refuses},
		"",
	},
	{
		"no requires", "sdist-pyproject", "build-system has no requires",
		outcomes{pip: refuses},
		"",
	},
	{
		"backend outside", "sdist-pyproject", "backend-path leads out of the sdist",
		outcomes{pip: fails},
		"",
	},
	{
		"another project", "sdist-project", "pyproject.toml has another name than PKG-INFO",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"another version", "sdist-project", "pyproject.toml has another version than PKG-INFO",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"tag that no Python has", "wheel-tags", "python3-none-any",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"tags in another order", "wheel-tags", "none-py3-any",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"the ABI any", "wheel-tags", "py3-any-any",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"an ABI for any platform", "wheel-tags", "cp311-cp311-any, on CPython 3.11",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"abi3 without a CPython", "wheel-tags", "py3-abi3-any",
		outcomes{pip: refuses, uv: refuses},
		"",
	},
	{
		"capital letters in a tag", "wheel-tags", "PY3-none-any",
		outcomes{pip: installs, uv: refuses},
		"",
	},
	{
		"long build number", "wheel-build", "the build number is 20261129123456789012",
		outcomes{pip: installs, uv: refuses},
		"",
	},
	{
		"damaged", "member-damaged", "a member has a wrong CRC-32",
		outcomes{pip: fails, uv: refuses, installer: fails, pdm: fails, poetry: fails},
		"",
	},
	{
		"file and folder", "file-and-folder", "a member is in a folder that is a file as well",
		outcomes{pip: fails, uv: fails, installer: fails, pdm: fails, poetry: fails},
		"",
	},
	{
		"no wheel version", "wheel-format", "WHEEL has no Wheel-Version",
		outcomes{pip: refuses, uv: refuses, installer: refuses, pdm: refuses, poetry: refuses},
		"",
	},
	{
		"wheel version", "wheel-format", "Wheel-Version is a word, or 2.0",
		outcomes{pip: refuses, uv: refuses, installer: refuses, pdm: refuses, poetry: refuses},
		"",
	},
	{
		"wheel version without a minor", "wheel-format", "Wheel-Version is 1",
		outcomes{pip: installs, uv: refuses, installer: refuses, pdm: refuses, poetry: refuses},
		"",
	},
	{
		"long wheel version", "wheel-format", "Wheel-Version is 1.0.0",
		outcomes{pip: warns, uv: installs, installer: installs, pdm: installs, poetry: installs},
		"",
	},
	{
		"no headers", "wheel-format", "WHEEL begins with a byte order mark or an empty line",
		outcomes{pip: refuses, uv: refuses, installer: refuses, pdm: refuses, poetry: refuses},
		"",
	},
	{
		"second .dist-info", "second-dist-info", "another `.dist-info` is at the top, even with a licence alone",
		outcomes{pip: refuses, uv: refuses, installer: refuses, poetry: refuses, micropip: refuses},
		"",
	},
	{
		"unknown scheme", "data-folder", "a folder of `.data` is none of the five",
		outcomes{pip: refuses, uv: refuses, installer: refuses, pdm: refuses, poetry: refuses},
		"",
	},
	{
		"empty folder in .data", "data-folder", "a folder of `.data` is none of the five, and is empty",
		outcomes{pip: installs, uv: refuses, installer: installs, pdm: installs, poetry: installs},
		"",
	},
	{
		"file in .data", "data-folder", "a file is in `.data` itself",
		outcomes{pip: refuses, uv: refuses, installer: refuses, pdm: refuses, poetry: refuses},
		"",
	},
	{
		".data elsewhere", "data-folder", "`.data` with one of the five is spelled otherwise than the file name",
		outcomes{pip: installs, uv: omits, installer: omits, pdm: omits, poetry: omits},
		"what is in it",
	},
	{
		"named .data", "data-folder", "another file or folder at the top has a name that ends in `.data`",
		outcomes{pip: refuses, uv: installs, installer: installs, pdm: installs, poetry: installs},
		"",
	},
	{
		".data over root", "data-over-root", "a file of `.data/purelib` is also at the root",
		outcomes{pip: omits, uv: omits, installer: fails, pdm: omits, poetry: warns},
		"one of the two",
	},
	{
		"script mode", "script-file", "a script has no execute bit (on Linux and macOS)",
		outcomes{pip: spoils, uv: installs, installer: spoils, pdm: spoils, poetry: spoils},
		"",
	},
	{
		"script folder", "script-file", "a script is in a folder",
		outcomes{pip: omits, uv: refuses, installer: omits, pdm: omits, poetry: omits},
		"the command",
	},
	{
		"empty folder of scripts", "script-file", "an empty folder is among the scripts",
		outcomes{pip: installs, uv: refuses, installer: installs, pdm: installs, poetry: installs},
		"",
	},
	{
		"script interpreter", "script-file", "a script begins with `#! python`",
		outcomes{pip: spoils, uv: spoils, installer: spoils, pdm: spoils, poetry: spoils},
		"",
	},
	{
		"script and command", "script-file", "a script has the name of an entry point",
		outcomes{pip: omits, uv: omits, installer: fails, pdm: spoils, poetry: warns},
		"the script",
	},
	{
		"entry point called", "entry-point-object", "an entry point is a call, such as `alder:main()`",
		outcomes{pip: installs, uv: refuses, installer: fails, pdm: fails, poetry: fails},
		"",
	},
	{
		"entry point with a comment", "entry-point-object", "an entry point has a comment behind it",
		outcomes{pip: installs, uv: installs, installer: fails, pdm: fails, poetry: fails},
		"",
	},
	{
		"entry point folded", "entry-point-object", "an entry point is on the line after its name",
		outcomes{pip: fails, uv: refuses, installer: fails, pdm: fails, poetry: fails},
		"",
	},
	{
		"entry point of a module", "entry-point-object", "an entry point is a module alone",
		outcomes{pip: refuses, uv: refuses, installer: fails, pdm: fails, poetry: fails},
		"",
	},
	{
		"no module", "entry-point-module", "the module of an entry point is not in the wheel",
		outcomes{pip: spoils, uv: spoils, installer: spoils, pdm: spoils, poetry: spoils},
		"",
	},
	{
		"entry point group", "entry-point-group", "the section is `console-scripts`",
		outcomes{pip: omits, uv: omits, installer: omits, pdm: omits, poetry: omits},
		"the command",
	},
	{
		"direct_url.json", "installer-file", "`direct_url.json` is in the wheel",
		outcomes{pip: spoils, uv: spoils, installer: spoils, pdm: spoils, poetry: spoils},
		"",
	},
	{
		"case pair", "names-differ-by-case", "two names differ by case alone (on Windows and macOS)",
		outcomes{pip: omits, uv: refuses, installer: fails, pdm: omits, poetry: warns},
		"one of the two",
	},
	{
		"record columns", "record-row", "rows of RECORD have two columns",
		outcomes{pip: installs, uv: refuses, installer: refuses, pdm: refuses, poetry: refuses},
		"",
	},
	{
		"record more columns", "record-row", "rows of RECORD have four columns",
		outcomes{pip: warns, installer: refuses, pdm: refuses, poetry: refuses},
		"",
	},
	{
		"record size", "record-row", "a size in RECORD is not a number",
		outcomes{pip: installs, uv: refuses, installer: refuses, pdm: refuses, poetry: refuses},
		"",
	},
	{
		"record algorithm", "record-row", "a hash in RECORD has an unknown algorithm, or none",
		outcomes{pip: installs, uv: installs, installer: refuses, pdm: refuses, poetry: refuses},
		"",
	},
	{
		"record hash", "record-mismatch", "a hash in RECORD is wrong, in hexadecimal or padded (installer with `--validate-record all`)",
		outcomes{pip: installs, uv: installs, installer: refuses, pdm: installs, poetry: installs},
		"",
	},
}

// tried says what installers do with a kind of file, for the end of a message: ": pip 26.3 and uv 0.13.9 refuse it". It is empty if the
// trials have nothing of that name.
func tried(name string) string {
	at := slices.IndexFunc(trials, func(t trial) bool { return t.name == name })
	if at < 0 {
		return ""
	}
	var clauses []string
	for o := refuses; o <= installs; o++ {
		var who []string
		for version, does := range trials[at].does.all() {
			if does == o {
				who = append(who, version)
			}
		}
		_, verb, verbs := o.words(trials[at].lost)
		if len(who) > 1 {
			verb = verbs
		}
		if len(who) > 0 {
			clauses = append(clauses, enumerated(who)+" "+verb)
		}
	}
	return ": " + strings.Join(clauses, "; ")
}

// enumerated joins names by commas, and the last one by "and".
func enumerated(names []string) string {
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names, "")
}

// Trial is a trial for documentation.
type Trial struct {
	File     string     // what the file is like
	Rule     finding.ID // the rule that reports it
	Outcomes []string   // what each of [Installers] does; empty for one that was not tried
}

// Trials returns what installers do with files that an index accepts, in the order of the rules.
func Trials() []Trial {
	list := make([]Trial, len(trials))
	for i, t := range trials {
		list[i] = Trial{File: t.file, Rule: t.rule}
		for _, does := range t.does.all() {
			cell, _, _ := does.words(t.lost)
			list[i].Outcomes = append(list[i].Outcomes, cell)
		}
	}
	return list
}

// Installers returns the names and versions of the installers, and the month in which they were tried.
func Installers() (versions []string, month string) {
	for version := range (outcomes{}).all() {
		versions = append(versions, version)
	}
	return versions, triedOn
}
