package pep

import (
	"regexp"
	"strings"
)

// Project is a normalized project name (PEP 503): two spellings of the same project are equal.
type Project string

var (
	separators = regexp.MustCompile(`[-_.]+`)
	validName  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
)

// Normalize returns the project that a name refers to: lower case, with every run of dashes, underscores and dots
// replaced by one dash. It accepts any text; use ValidName to check whether an index would.
func Normalize(name string) Project {
	return Project(strings.ToLower(separators.ReplaceAllString(name, "-")))
}

// ValidName reports whether name is valid by the core metadata specification: ASCII letters and digits, with dots,
// underscores and dashes between them.
func ValidName(name string) bool {
	return validName.MatchString(name)
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
