package preflight

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// importName checks Import-Name and Import-Namespace (PEP 794): a dotted Python identifier, and optionally the word
// private after a semicolon.
func importName(f field, value string) (message, advice string) {
	name, option, hasOption := strings.Cut(value, ";")
	stubs := ""
	if strings.HasSuffix(strings.TrimRightFunc(name, isBlank), "-stubs") {
		stubs = "a package of stubs cannot be imported, so it has no import name; if flit_core wrote it, build with another backend, " +
			"such as hatchling"
	}
	name = strings.TrimRightFunc(name, isBlank)
	for part := range strings.SplitSeq(name, ".") {
		switch {
		case !isIdentifier(part):
			return invalidFor(f, name) + "; " + quoteLimited(part) + " is not a valid identifier.",
				cmp.Or(stubs, "write the name as in an import statement, such as package.module")
		case slices.Contains(pythonKeywords, part):
			return invalidFor(f, name) + "; " + quoteLimited(part) + " is a keyword.",
				"use the name of a module that can be imported"
		}
	}
	if hasOption && strings.TrimLeftFunc(option, isBlank) != "private" {
		return invalidFor(f, value) + "; the only valid option is 'private'.", "write only private after the semicolon"
	}
	return "", ""
}

// pythonKeywords lists the words that cannot be identifiers.
var pythonKeywords = []string{
	"False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif",
	"else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or",
	"pass", "raise", "return", "try", "while", "with", "yield",
}

// isIdentifier reports whether name is a Python identifier (UAX 31, XID_Start and XID_Continue).
func isIdentifier(name string) bool {
	for i, r := range name {
		if !startsIdentifier(r) && (i == 0 || !continuesIdentifier(r)) {
			return false
		}
	}
	return name != ""
}

// startsIdentifier reports whether an identifier may begin with r. Code points that are unassigned in this program's
// tables (Cn) pass, because a newer Unicode version may have assigned a letter.
func startsIdentifier(r rune) bool {
	return r == '_' || unicode.In(r, unicode.L, unicode.Nl, unicode.Other_ID_Start, unicode.Cn) && !unicode.Is(notAtStart, r)
}

func continuesIdentifier(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue) || unicode.Is(onlyWithin, r)
}

// onlyWithin contains letters whose normalized form begins with a mark, so that no identifier may begin with them, and
// the characters that Unicode 15.1 added for use inside identifiers.
var onlyWithin = &unicode.RangeTable{R16: []unicode.Range16{
	{0x0e33, 0x0e33, 1}, {0x0eb3, 0x0eb3, 1}, {0x200c, 0x200d, 1}, {0x30fb, 0x30fb, 1}, {0xff65, 0xff65, 1}, {0xff9e, 0xff9f, 1},
}}

// notAtStart contains characters that must not begin an identifier: normalization turns them into text that is not an
// identifier, and one is pattern syntax.
var notAtStart = &unicode.RangeTable{R16: []unicode.Range16{
	{0x037a, 0x037a, 1},
	{0x0e33, 0x0e33, 1},
	{0x0eb3, 0x0eb3, 1},
	{0x2e2f, 0x2e2f, 1},
	{0x309b, 0x309c, 1},
	{0xfc5e, 0xfc63, 1},
	{0xfdfa, 0xfdfb, 1},
	{0xfe70, 0xfe7e, 2},
	{0xff9e, 0xff9f, 1},
}}
