package metadata

import (
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/spdx"
)

// Change is what a release of PyPI's metadata library refuses that is newer than the one that PyPI is known to run. Its check finds
// nothing in a value that PyPI refuses today.
type Change struct {
	Library string // the first release that refuses it
	Field   string // as the specification spells it
	Check   func(value string) (problem string)
}

// Changes returns what newer releases of the library refuse, one entry for each field.
func Changes() []Change {
	const first, second = "packaging 26.3", "packaging 26.4"
	return []Change{
		{first, "Description-Content-Type", parametersUnreadable},
		{first, "License-Expression", strictExpression},
		{second, "License-File", noDrive},
		{first, "Summary", oneLine},
	}
}

// AsOf returns the last day on which PyPI is known to have had the rules of the other checks: packaging 26.2, email-validator 2.3.0 and
// rfc3986 2.0.0.
func AsOf() time.Time { return time.Date(2026, 8, 31, 0, 0, 0, 0, time.UTC) }

// oneLine finds the line ends in Summary that the newer library knows besides the line feed.
func oneLine(value string) (problem string) {
	if Summary(value) != "" || !strings.ContainsAny(value, "\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029") {
		return ""
	}
	return "'summary' must be a single line"
}

// noDrive finds a License-File with the drive of a Windows path, such as C:LICENSE.
func noDrive(value string) (problem string) {
	if LicensePath(value) != "" || driveOf(value) == "" {
		return ""
	}
	return invalid(value, "license-file") + ", paths must be relative"
}

// strictExpression finds a reference without a name or with a plus sign, and an exception that does not follow a license.
func strictExpression(value string) (problem string) {
	if LicenseExpression(value) != "" || spdx.Strict(value) {
		return ""
	}
	return "Invalid license expression: " + pep.Repr(value)
}

// MayPass reports whether PyPI may accept by today a value that it refused when the rules and tables here were made: a newer metadata
// version, a charset in another letter case, which packaging 26.3 accepts, and an identifier of a newer SPDX list.
func MayPass(field, value string, today time.Time) bool {
	outdated := !today.Before(AsOf().AddDate(0, 0, 1))
	switch field {
	case "Metadata-Version":
		return outdated && newerVersion(value)
	case "Description-Content-Type":
		charset, _ := parameter(value, "charset")
		return outdated && ContentType(value)+Variant(value) == "" && strings.EqualFold(charset, "UTF-8")
	case "License-Expression":
		_, err := spdx.Canonical(value)
		return !spdx.Refused(err, today)
	}
	return false
}

// newerVersion reports whether a metadata version is newer than all that PyPI accepts.
func newerVersion(declared string) bool {
	versions := Versions()
	version, err := pep.ParseVersion(declared)
	newest, _ := pep.ParseVersion(versions[len(versions)-1])
	return err == nil && version.Compare(newest) > 0
}

// parametersUnreadable finds parameters of Description-Content-Type that Python's email package cannot read. Today it skips them.
func parametersUnreadable(value string) (problem string) {
	_, rest, _ := strings.Cut(value, ";")
	if ContentType(value)+Charset(value)+Variant(value) != "" {
		return ""
	}
	var names []string
	for skipBlanks(rest) != "" {
		name, after, ok := readParameter(rest)
		if !ok || slices.Contains(names, name) {
			return pep.Repr(value) + " is not a valid content type for " + ofContentType
		}
		names = append(names, name)
		rest = strings.TrimPrefix(after, ";")
	}
	return ""
}

// attributeEnds are the characters that end the name of a parameter.
const attributeEnds = "()<>@,:;\\\"/[]?= \t*'"

// readParameter reads a parameter up to the next semicolon, and reports whether it is one: a name, an equals sign, and a value. The
// extended syntax of RFC 2231 counts as one without a further check.
func readParameter(text string) (name, rest string, ok bool) {
	text = skipBlanks(text)
	end := strings.IndexAny(text, attributeEnds)
	if end <= 0 {
		return "", "", false
	}
	name, text = text[:end], text[end:]
	if text[0] == '*' {
		section, _, _ := strings.Cut(text, "=")
		if number := strings.Trim(section, "*"); number != "0" {
			name += number
		}
		_, rest = cutParameter(text)
		return name, rest, true
	}
	text, assigned := strings.CutPrefix(skipBlanks(text), "=")
	if !assigned {
		return "", "", false
	}
	text = skipBlanks(text)
	if inner, quoted := strings.CutPrefix(text, `"`); quoted {
		if !strings.Contains(inner, `"`) {
			return "", "", false
		}
		_, text = unquoted(inner)
	} else {
		value, _ := parameterValue(text)
		if text = text[len(value):]; value == "" {
			return "", "", false
		}
	}
	text = skipBlanks(text)
	return name, text, text == "" || text[0] == ';'
}

// skipBlanks returns a text without the blanks and comments at its beginning.
func skipBlanks(text string) string {
	for {
		text = strings.TrimLeft(text, " \t")
		if !strings.HasPrefix(text, "(") {
			return text
		}
		_, after, closed := strings.Cut(text, ")")
		if !closed {
			return text
		}
		text = after
	}
}
