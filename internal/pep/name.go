package pep

import (
	"regexp"
	"strings"
)

// Project is a project's normalized name (PEP 503): two spellings of one project are equal as a Project.
type Project string

var (
	separators = regexp.MustCompile(`[-_.]+`)
	validName  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
)

// Normalize gives the project that a name means: lower case, each run of dashes, underscores and dots one dash.
// It takes any text; ValidName tells whether an index would.
func Normalize(name string) Project {
	return Project(strings.ToLower(separators.ReplaceAllString(name, "-")))
}

// ValidName reports whether name is a name in the sense of the core metadata specification: ASCII letters and
// digits, with dots, underscores and dashes between them.
func ValidName(name string) bool {
	return validName.MatchString(name)
}

// Underscored is the project's name as file names spell it since PEP 625: with underscores for dashes.
func (p Project) Underscored() string {
	return strings.ReplaceAll(string(p), "-", "_")
}
