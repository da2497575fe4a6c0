// Package metadata checks the values of the core metadata of Python packages as PyPI does: its own rules, and those of the libraries that
// it uses (docs/reference/pypi-server.md §2.3 and §2.4).
//
// A check takes one value and returns its problem in PyPI's words, without the full stop at the end; it is empty if PyPI accepts the value.
// PyPI reports only the first problem of a form, and adds a link to the specification: that is left to callers.
package metadata

import (
	"slices"
	"strings"
	"unicode"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Field describes one header of the core metadata (docs/reference/pypi-server.md §1.4).
type Field struct {
	Name     string // as the specification spells it
	Multiple bool   // whether it may occur more than once
	Since    string // the metadata version that introduced it
}

// Key returns the field's name as the messages of PyPI spell it, in lower case.
func (f Field) Key() string { return strings.ToLower(f.Name) }

// HasKey reports whether the field has this key.
func (f Field) HasKey(key string) bool {
	// Of one length, so that no other letter counts for one of ASCII.
	return len(f.Name) == len(key) && strings.EqualFold(f.Name, key) && strings.IndexFunc(key, unicode.IsUpper) < 0
}

// Newer reports whether the field is newer than the declared metadata version. It reports false if that version is unknown.
func (f Field) Newer(declared string) bool {
	at := slices.Index(Versions(), declared)
	return at >= 0 && slices.Index(Versions(), f.Since) > at
}

// Fields returns all headers of the core metadata in the order in which PyPI checks them: three first, then by the alphabet.
func Fields() []Field { return slices.Clone(fields[:]) }

var fields = [...]Field{
	{"Metadata-Version", false, "1.0"},
	{"Name", false, "1.0"},
	{"Version", false, "1.0"},
	{"Author", false, "1.0"},
	{"Author-email", false, "1.0"},
	{"Classifier", true, "1.1"},
	{"Description", false, "1.0"},
	{"Description-Content-Type", false, "2.1"},
	{"Download-URL", false, "1.1"},
	{"Dynamic", true, "2.2"},
	{"Home-page", false, "1.0"},
	{"Import-Name", true, "2.5"},
	{"Import-Namespace", true, "2.5"},
	{"Keywords", false, "1.0"},
	{"License", false, "1.0"},
	{"License-Expression", false, "2.4"},
	{"License-File", true, "2.4"},
	{"Maintainer", false, "1.2"},
	{"Maintainer-email", false, "1.2"},
	{"Obsoletes", true, "1.1"},
	{"Obsoletes-Dist", true, "1.2"},
	{"Platform", true, "1.0"},
	{"Project-URL", true, "1.2"},
	{"Provides", true, "1.1"},
	{"Provides-Dist", true, "1.2"},
	{"Provides-Extra", true, "2.1"},
	{"Requires", true, "1.1"},
	{"Requires-Dist", true, "1.2"},
	{"Requires-External", true, "1.2"},
	{"Requires-Python", false, "1.2"},
	{"Summary", false, "1.0"},
	{"Supported-Platform", true, "1.1"},
}

// Versions returns the metadata versions that PyPI accepts, oldest first; 2.0 was never finished. As of 2026-08
// (docs/reference/pypi-server.md §1.5).
func Versions() []string {
	return []string{"1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"}
}

// invalid returns the general message for an invalid value of a field.
func invalid(value, key string) string { return pep.Repr(value) + " is invalid for " + pep.Repr(key) }
