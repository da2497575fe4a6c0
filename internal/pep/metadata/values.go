package metadata

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/spdx"
)

// MetadataVersion checks Metadata-Version (docs/reference/pypi-server.md row 16). An empty value counts as a missing one.
func MetadataVersion(value string) (problem string) {
	switch {
	case value == "":
		return "None is not a valid metadata version"
	case !slices.Contains(Versions(), value):
		return pep.Repr(value) + " is not a valid metadata version"
	}
	return ""
}

// Version checks Version (row 18).
func Version(value string) (problem string) {
	if _, err := pep.ParseVersion(value); err != nil {
		return invalid(value, "version")
	}
	return ""
}

// LocalVersion checks that Version has no local segment (row 32).
func LocalVersion(value string) (problem string) {
	version, err := pep.ParseVersion(value)
	if err != nil || version.Local() == "" {
		return ""
	}
	return "The use of local versions in " + pep.Repr(version.String()) + " is not allowed"
}

// Summary checks that Summary is one line (row 20).
func Summary(value string) (problem string) {
	if !strings.Contains(value, "\n") {
		return ""
	}
	return "'summary' must be a single line"
}

// MaxSummary is the maximum length of Summary, in characters.
const MaxSummary = 512

// SummaryLength checks the length of Summary (row 33).
func SummaryLength(value string) (problem string) {
	if utf8.RuneCountInString(value) <= MaxSummary {
		return ""
	}
	return fmt.Sprintf("'summary' field must be %d characters or less", MaxSummary)
}

// Dynamic checks a value of Dynamic (row 24).
func Dynamic(value string) (problem string) {
	key := strings.ToLower(value)
	switch {
	case NeverDynamic(key):
		return pep.Repr(key) + " is not allowed as a dynamic field"
	case !slices.ContainsFunc(fields[:], func(f Field) bool { return f.HasKey(key) }):
		return pep.Repr(key) + " is not a valid dynamic field"
	}
	return ""
}

// NeverDynamic reports whether a name, in lower case, is that of a field that must be the same in every file of a release.
func NeverDynamic(key string) bool {
	return slices.Contains([]string{"name", "version", "metadata-version"}, key)
}

// StorableDynamic checks that Dynamic does not name itself (row 41): the specification allows it, PyPI's database does not.
func StorableDynamic(value string) (problem string) {
	if key := strings.ToLower(value); key == "dynamic" {
		return "Dynamic field " + pep.Repr(key) + " is not a valid dynamic field"
	}
	return ""
}

// ProvidesExtra checks a value of Provides-Extra (row 25).
func ProvidesExtra(value string) (problem string) {
	if pep.ValidName(value) {
		return ""
	}
	return invalid(value, "provides-extra")
}

// RequiresPython checks Requires-Python (row 26).
func RequiresPython(value string) (problem string) {
	if _, err := pep.ParseSpecifiers(value); err != nil {
		return invalid(value, "requires-python")
	}
	return ""
}

// RequiresDist checks a value of Requires-Dist (row 27).
func RequiresDist(value string) (problem string) {
	if _, err := pep.ParseRequirement(value); err != nil {
		return invalid(value, "requires-dist")
	}
	return ""
}

// DirectReference checks that a value of Requires-Dist has no URL (row 40). An invalid value has none.
func DirectReference(value string) (problem string) {
	if r, err := pep.ParseRequirement(value); err == nil && r.URL != "" {
		return "Can't have direct dependency: " + r.String()
	}
	return ""
}

// Relation checks a value of Provides-Dist or Obsoletes-Dist (row 39). The problem of an invalid requirement has three lines, the last of
// which marks the place.
func Relation(value string) (problem string) {
	r, err := pep.ParseRequirement(value)
	var at *pep.RequirementError
	switch {
	case errors.As(err, &at):
		return pep.Repr(value) + " is invalid: " + at.Problem + "\n    " + at.Source + "\n    " +
			strings.Repeat(" ", at.Start) + strings.Repeat("~", at.End-at.Start) + "^"
	case err != nil:
		return pep.Repr(value) + " is invalid: " + err.Error()
	case r.URL != "":
		return "Can't have direct dependency: " + pep.Repr(value)
	}
	return ""
}

// LicenseExpression checks License-Expression (row 28).
func LicenseExpression(value string) (problem string) {
	if _, err := spdx.Canonical(value); err != nil {
		return invalid(value, "license-expression")
	}
	return ""
}

// ImportName checks a value of Import-Name (row 30): a dotted identifier, and optionally the word private after a semicolon.
func ImportName(value string) (problem string) { return importName(value, "import-name") }

// ImportNamespace checks a value of Import-Namespace as [ImportName] does.
func ImportNamespace(value string) (problem string) { return importName(value, "import-namespace") }

func importName(value, key string) string {
	name, option, hasOption := strings.Cut(value, ";")
	name = strings.TrimRightFunc(name, pep.IsSpace)
	for part := range strings.SplitSeq(name, ".") {
		switch {
		case !isIdentifier(part):
			return invalid(name, key) + "; " + pep.Repr(part) + " is not a valid identifier"
		case slices.Contains(keywords[:], part):
			return invalid(name, key) + "; " + pep.Repr(part) + " is a keyword"
		}
	}
	if hasOption && strings.TrimLeftFunc(option, pep.IsSpace) != "private" {
		return invalid(value, key) + "; the only valid option is 'private'"
	}
	return ""
}
