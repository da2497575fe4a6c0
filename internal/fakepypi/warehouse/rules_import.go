package warehouse

import (
	"slices"
	"strings"
	"unicode"
)

// importNames returns the check of docs/reference/pypi-server.md row 30, for Import-Name or Import-Namespace: dotted identifiers, each
// with an optional "; private" behind it.
func importNames(header string) valueRule {
	return func(_ *upload, values []string) string {
		for _, value := range values {
			name, option, given := strings.Cut(value, ";")
			name = strings.TrimRightFunc(name, unicode.IsSpace)
			for identifier := range strings.SplitSeq(name, ".") {
				switch {
				case !isIdentifier(identifier):
					return invalid(name, header) + "; " + repr(identifier) + " is not a valid identifier"
				case slices.Contains(keywords(), identifier):
					return invalid(name, header) + "; " + repr(identifier) + " is a keyword"
				}
			}
			if given && strings.TrimLeftFunc(option, unicode.IsSpace) != "private" {
				return invalid(value, header) + "; the only valid option is 'private'"
			}
		}
		return ""
	}
}

// keywords returns Python's reserved words.
func keywords() []string {
	return strings.Fields("False None True and as assert async await break class continue def del elif else except finally " +
		"for from global if import in is lambda nonlocal not or pass raise return try while with yield")
}

// isIdentifier reports whether s is a valid name in Python.
func isIdentifier(s string) bool {
	for i, r := range s {
		start := r == '_' || unicode.In(r, unicode.L, unicode.Nl, unicode.Other_ID_Start)
		if !start && (i == 0 || !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue)) {
			return false
		}
	}
	return s != ""
}
