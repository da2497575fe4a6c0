// Package pep parses the small languages of Python packaging: project names (PEP 503), versions (PEP 440), version
// specifiers and requirements (PEP 508), file names of distributions (PEP 427, PEP 625) and the listings of an index
// (PEP 691).
//
// It knows only the grammar: no files, no network, no clock, and not what an index accepts beyond it.
package pep

// Release is one version of one project. Both parts are canonical, so releases can be compared and used as map keys.
type Release struct {
	Project Project
	Version string // as Version.Canonical returns it: 1.0 and 1.0.0 are the same release
}
