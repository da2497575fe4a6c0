// Package pep speaks the small languages of Python packaging: project names (PEP 503), versions (PEP 440),
// version specifiers and requirements (PEP 508), file names of distributions (PEP 427, PEP 625) and the listings of an
// index (PEP 691).
//
// It knows grammar only: no file, no network, no clock, and no opinion on what an index would take.
package pep

// Release is one version of one project. Both parts are canonical, so releases may be compared and used as map keys.
type Release struct {
	Project Project
	Version string // as Version.Canonical gives it: 1.0 and 1.0.0 are one release
}
