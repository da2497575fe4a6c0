package pep

import "strings"

// Project is a normalized project name (PEP 503): two spellings of the same project are equal.
type Project string

// Normalize returns the project that a name refers to: lower case, with every run of dashes, underscores and dots
// replaced by one dash. It accepts any text; use ValidName to check whether an index would.
func Normalize(name string) Project {
	var b strings.Builder
	b.Grow(len(name))
	separated := false
	for _, c := range strings.ToLower(name) {
		switch {
		case !isSeparator(c):
			b.WriteRune(c)
		case !separated:
			b.WriteByte('-')
		}
		separated = isSeparator(c)
	}
	return Project(b.String())
}

func isSeparator(c rune) bool { return c == '-' || c == '_' || c == '.' }

// ValidName reports whether name is valid by the core metadata specification: ASCII letters and digits, with dots,
// underscores and dashes between them.
func ValidName(name string) bool {
	isWord := func(c rune) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' }
	isOther := func(c rune) bool { return !isWord(c) && !isSeparator(c) }
	return name != "" && isWord(rune(name[0])) && isWord(rune(name[len(name)-1])) && !strings.ContainsFunc(name, isOther)
}

// Names returns the names of projects, in their order.
func Names(projects []Project) []string {
	names := make([]string, 0, len(projects))
	for _, p := range projects {
		names = append(names, string(p))
	}
	return names
}

// Underscored returns the project's name as file names spell it since PEP 625: with underscores instead of dashes.
func (p Project) Underscored() string {
	return strings.ReplaceAll(string(p), "-", "_")
}
