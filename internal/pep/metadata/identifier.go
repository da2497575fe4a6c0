package metadata

import "unicode"

// keywords lists the words that cannot be identifiers.
var keywords = [...]string{
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
