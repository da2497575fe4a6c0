package pep

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// CheckEntryPoints tells what an index finds wrong with the entry_points.txt of a wheel: whether it is an INI file as
// Python's configparser reads it, strictly and with = as the only delimiter, and whether the names of scripts have only
// letters, digits, and the signs _ . and -. What stands behind the = is not looked at.
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

// iniFile is an INI file as far as it was read. Values do not matter.
type iniFile struct {
	sections map[string]map[string]bool // the options of each
	defaults map[string]bool            // the options of the section DEFAULT, which all others have too
	section  map[string]bool            // nil before the first
	isOpen   bool                       // whether an option's value may go on in the next line
	indent   int                        // of the line that began it
}

func (f *iniFile) line(line string) error {
	clean := strings.TrimFunc(line, isPythonSpace)
	if clean == "" || clean[0] == '#' || clean[0] == ';' {
		return nil
	}
	indent := utf8.RuneCountInString(line[:strings.IndexFunc(line, func(r rune) bool { return !isPythonSpace(r) })])
	if f.isOpen && indent > f.indent {
		return nil // the value goes on
	}
	f.indent = indent
	if end := strings.LastIndexByte(clean, ']'); clean[0] == '[' && end > 1 {
		return f.header(clean[1:end])
	}
	if f.section == nil {
		return fmt.Errorf("%q stands before any section", clean)
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
	name = strings.TrimRightFunc(name, isPythonSpace)
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

// scripts judges the names that become commands.
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

// isPythonSpace matches what Python's str.strip takes away.
func isPythonSpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r >= 0x1c && r <= ' ', r == 0x85, r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a,
		r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	default:
		return false
	}
}
