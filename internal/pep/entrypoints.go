package pep

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// CheckEntryPoints returns the problem that an index finds in the entry_points.txt of a wheel, or nil. The file must be
// an INI file that Python's configparser accepts in strict mode, with = as the only delimiter, and names of scripts must
// consist of letters, digits, and the characters _ . and -. Text after the = is not checked.
//
// Source: the specification "Entry points" of the packaging user guide, and docs/reference/pypi-server.md §2.8.4.
func CheckEntryPoints(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("it is not UTF-8")
	}
	file := iniFile{sections: map[string]map[string]bool{}, defaults: map[string]bool{}}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if err := file.line(line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return file.scripts()
}

// iniFile holds the part of an INI file that was parsed so far. Values do not matter.
type iniFile struct {
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
		return nil // a continuation of the value
	}
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
	f.isOpen = false
	if name == "DEFAULT" {
		f.section = f.defaults
		return nil
	}
	if f.sections[name] != nil {
		return fmt.Errorf("the section %q is there twice", name)
	}
	f.section = map[string]bool{}
	f.sections[name] = f.section
	return nil
}

func (f *iniFile) option(clean string) error {
	name, _, found := strings.Cut(clean, "=")
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
	f.isOpen = true
	return nil
}

// scripts checks the names that become commands.
func (f *iniFile) scripts() error {
	for _, group := range []string{"console_scripts", "gui_scripts"} {
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
