package rst

import (
	"strings"
)

// mark says which construct a line begins, by its first characters alone.
type mark uint8

const (
	markBlank mark = iota
	markIndent
	markBullet
	markEnumerator
	markField
	markOption
	markDoctest
	markLineBlock
	markGridTable
	markSimpleTable
	markExplicit
	markAnonymous
	markLine
	markText
)

// marker says which construct a line begins, and where its content begins.
type marker struct {
	mark  mark
	end   int // in bytes
	width int // in columns
}

// markerOf returns the marker of a line. It tries the constructs in the order of docutils; the first match counts.
func markerOf(text string) marker {
	if text == "" {
		return marker{mark: markBlank}
	}
	c := text[0]
	switch {
	case c == ' ':
		if strings.Trim(text, " ") == "" {
			return marker{mark: markBlank}
		}
		return marker{mark: markIndent}
	case isAlnum(c):
		return orElse(enumeratorEnd(text), markEnumerator, markText)
	case c >= 0x80:
		m := orElse(bulletEnd(text), markBullet, markText)
		m.width -= len("•") - 1
		return m
	case isPunctuation(c):
		return punctuationMarker(text)
	}
	return marker{mark: markText}
}

// orElse returns a marker of the kind yes if end is positive, otherwise one of the kind no.
func orElse(end int, yes, no mark) marker {
	if end <= 0 {
		return marker{mark: no}
	}
	return marker{yes, end, end}
}

// forms lists the constructs that begin with a punctuation character, in order of precedence.
var forms = map[byte][]form{
	'-': {{markBullet, bulletEnd}, {markOption, optionEnd}},
	'+': {{markBullet, bulletEnd}, {markOption, optionEnd}, {markGridTable, gridBorder}},
	'*': {{markBullet, bulletEnd}},
	'(': {{markEnumerator, enumeratorEnd}},
	'#': {{markEnumerator, enumeratorEnd}},
	':': {{markField, fieldEnd}},
	'/': {{markOption, optionEnd}},
	'>': {{markDoctest, doctestEnd}},
	'|': {{markLineBlock, lineBlockEnd}},
	'=': {{markSimpleTable, simpleTop}},
	'.': {{markExplicit, explicitEnd}},
	'_': {{markAnonymous, anonymousEnd}},
}

// form is a construct, and the function that returns the end of its marker, or 0.
type form struct {
	mark mark
	end  func(string) int
}

func punctuationMarker(text string) marker {
	for _, form := range forms[text[0]] {
		if end := form.end(text); end > 0 {
			return marker{form.mark, end, end}
		}
	}
	if isLine(text) {
		return marker{mark: markLine}
	}
	return marker{mark: markText}
}

// isLine reports whether a line is one punctuation character, repeated: an underline, an overline or a transition.
func isLine(text string) bool {
	text = strings.TrimRight(text, " ")
	return text != "" && isPunctuation(text[0]) && strings.Trim(text, text[:1]) == ""
}

// blanks returns the end of the blanks at i. There must be at least one, except at the end of the line; otherwise it
// returns 0.
func blanks(text string, i int) int {
	end := i
	for end < len(text) && text[end] == ' ' {
		end++
	}
	if end == i && i < len(text) {
		return 0
	}
	return end
}

func bulletEnd(text string) int {
	for _, bullet := range []string{"-", "+", "*", "•", "‣", "⁃"} {
		if strings.HasPrefix(text, bullet) {
			return blanks(text, len(bullet))
		}
	}
	return 0
}

func doctestEnd(text string) int   { return prefixEnd(text, ">>>") }
func lineBlockEnd(text string) int { return prefixEnd(text, "|") }
func explicitEnd(text string) int  { return prefixEnd(text, "..") }
func anonymousEnd(text string) int { return prefixEnd(text, "__") }

func prefixEnd(text, prefix string) int {
	if !strings.HasPrefix(text, prefix) {
		return 0
	}
	return blanks(text, len(prefix))
}

// gridBorder returns the length of a top or bottom border of a grid table, "+---+--+"; 0 if text is not one.
func gridBorder(text string) int {
	text = strings.TrimRight(text, " ")
	n := len(text)
	if n < 5 || text[:2] != "+-" || text[n-2:] != "-+" || strings.Trim(text, "-+") != "" {
		return 0
	}
	return n
}

// simpleTop returns the length of the top border of a simple table, "=== ===="; 0 if text is not one.
func simpleTop(text string) int {
	text = strings.TrimRight(text, " ")
	if text == "" || text[0] != '=' || strings.Trim(text, "= ") != "" || !strings.Contains(text, " ") {
		return 0
	}
	return len(text)
}

// simpleBorder reports whether text is a border of a simple table.
func simpleBorder(text string) bool {
	return text != "" && text[0] == '=' && strings.Trim(text, "= ") == ""
}

// fieldEnd returns the end of a field marker, ":name:", including the blanks after it; 0 if there is none.
func fieldEnd(text string) int {
	if len(text) < 2 || text[0] != ':' || text[1] == ':' || text[1] == ' ' {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
			if i < len(text) {
				_, size := runeAt(text, i)
				i += size - 1
			}
		case ':':
			if i+1 < len(text) && text[i+1] != ' ' && text[i+1] != '`' {
				continue
			}
			if i == 1 || text[i-1] == ' ' {
				return 0
			}
			return blanks(text, i+1)
		}
	}
	return 0
}

// fieldName returns the name in a field marker.
func fieldName(marker string) string { return marker[1:strings.LastIndexByte(marker, ':')] }
