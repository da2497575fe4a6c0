package pep

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// EntryPoints has what installers read from the entry_points.txt of a wheel.
type EntryPoints struct {
	Groups   []string  // the names of its sections, in their order
	Commands []Command // the entries of console_scripts and gui_scripts, in their order
}

// Command is an entry point that becomes a command.
type Command struct {
	Name  string
	Value string // without what surrounds it; the lines of a folded value keep the line ends between them
}

// The groups whose entry points become commands.
const (
	ConsoleScripts = "console_scripts"
	GUIScripts     = "gui_scripts"
)

// object matches the values that every installer reads: the specification also allows blanks around the colon.
var object = sync.OnceValue(func() *regexp.Regexp {
	const name, extra = `[\pL\pN_]+(?:\.[\pL\pN_]+)*`, `[ \t]*[\w.-]+[ \t]*`
	return regexp.MustCompile(`^(` + name + `):` + name + `[ \t]*(?:\[` + extra + `(?:,` + extra + `)*\])?$`)
})

// Module returns the module of the command. isObject reports whether the value has the form module:attribute, with extras behind it or
// none.
func (c Command) Module() (module string, isObject bool) {
	parts := object().FindStringSubmatch(c.Value)
	if parts == nil {
		return "", false
	}
	return parts[1], true
}

// CheckEntryPoints returns the error of [ParseEntryPoints].
func CheckEntryPoints(text []byte) error {
	_, err := ParseEntryPoints(text)
	return err
}

// ParseEntryPoints reads the entry_points.txt of a wheel. The error is the problem that an index finds: the file must be
// an INI file that Python's configparser accepts in strict mode, with = as the only delimiter, and names of scripts must
// consist of letters, digits, and the characters _ . and -. An index does not check the text after the =.
//
// Source: the specification "Entry points" of the packaging user guide, and docs/reference/pypi-server.md §2.8.4.
func ParseEntryPoints(text []byte) (EntryPoints, error) {
	if !utf8.Valid(text) {
		return EntryPoints{}, errors.New("it is not UTF-8")
	}
	file := iniFile{sections: map[string]map[string]bool{}, defaults: map[string]bool{}}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if err := file.line(line); err != nil {
			return EntryPoints{}, fmt.Errorf("line %d: %w", number, err)
		}
	}
	file.endValue()
	return file.points, file.scripts()
}

// iniFile holds the part of an INI file that was parsed so far.
type iniFile struct {
	points   EntryPoints
	value    strings.Builder            // of the last command, while it may continue
	commands bool                       // whether the options of the section are commands
	sections map[string]map[string]bool // the options of each section
	defaults map[string]bool            // the options of the section DEFAULT, which all others have too
	section  map[string]bool            // nil before the first section
	isOpen   bool                       // whether an option's value may continue on the next line
	indent   int                        // of the line that began the option
}

func (f *iniFile) line(line string) error {
	clean := strings.TrimFunc(line, IsSpace)
	if clean == "" || clean[0] == '#' || clean[0] == ';' {
		return nil
	}
	indent := utf8.RuneCountInString(line[:strings.IndexFunc(line, func(r rune) bool { return !IsSpace(r) })])
	if f.isOpen && indent > f.indent {
		if f.commands {
			f.value.WriteString("\n" + clean)
		}
		return nil
	}
	f.endValue()
	f.indent = indent
	if end := strings.LastIndexByte(clean, ']'); clean[0] == '[' && end > 1 {
		return f.header(clean[1:end])
	}
	if f.section == nil {
		return fmt.Errorf("%q is before any section", clean)
	}
	return f.option(clean)
}

// header begins a section.
func (f *iniFile) header(name string) error {
	if f.commands = false; name == "DEFAULT" {
		f.section = f.defaults
		return nil
	}
	if f.sections[name] != nil {
		return fmt.Errorf("the section %q is there twice", name)
	}
	f.section = map[string]bool{}
	f.sections[name] = f.section
	f.points.Groups = append(f.points.Groups, name)
	f.commands = name == ConsoleScripts || name == GUIScripts
	return nil
}

// endValue ends the value of a command.
func (f *iniFile) endValue() {
	if f.isOpen && f.commands {
		f.points.Commands[len(f.points.Commands)-1].Value = f.value.String()
		f.value.Reset()
	}
	f.isOpen = false
}

func (f *iniFile) option(clean string) error {
	name, value, found := strings.Cut(clean, "=")
	name = strings.TrimRightFunc(name, IsSpace)
	switch {
	case !found:
		return fmt.Errorf("%q has no =", clean)
	case name == "":
		return fmt.Errorf("%q has nothing before its =", clean)
	case f.section[name]:
		return fmt.Errorf("%q is there twice", name)
	}
	f.section[name] = true
	if f.isOpen = true; f.commands {
		f.points.Commands = append(f.points.Commands, Command{Name: name})
		f.value.WriteString(strings.TrimFunc(value, IsSpace))
	}
	return nil
}

// scripts checks the names that become commands.
func (f *iniFile) scripts() error {
	for _, group := range []string{ConsoleScripts, GUIScripts} {
		if f.sections[group] == nil {
			continue
		}
		for _, names := range []map[string]bool{f.sections[group], f.defaults} {
			for _, name := range slices.Sorted(maps.Keys(names)) {
				if strings.ContainsFunc(name, func(r rune) bool { return !isWordRune(r) && r != '.' && r != '-' }) {
					return fmt.Errorf("%q in %s is not a valid command name", name, group)
				}
			}
		}
	}
	return nil
}
