package rst

import (
	"strconv"
	"strings"
)

// sequence says how an enumerated list counts.
type sequence uint8

const (
	anySequence sequence = iota
	auto                 // "#"
	arabic
	lowerAlpha
	upperAlpha
	lowerRoman
	upperRoman
)

// enumerator is the text before an item of an enumerated list: "(iv)", "3.", "#)".
type enumerator struct {
	prefix, suffix string
	sequence       sequence
	ordinal        int // -1: not a number, as in "iixx."
	end            int
}

// longestOrdinal limits the digits of a number that is evaluated.
const longestOrdinal = 15

// enumeratorEnd returns the end of the enumerator at the beginning of a line, including the blanks after it; 0 if there
// is none.
func enumeratorEnd(text string) int {
	i := 0
	if text[0] == '(' {
		i++
	}
	start := i
	for i < len(text) && isAlnum(text[i]) {
		i++
	}
	if i == start && i < len(text) && text[i] == '#' {
		i++
	}
	if i == start || i >= len(text) || !countable(text[start:i]) {
		return 0
	}
	if text[i] != ')' && (text[i] != '.' || start > 0) {
		return 0
	}
	return blanks(text, i+1)
}

// countable reports whether a text may number items: "#", digits, one letter, or the letters of Roman numerals.
func countable(text string) bool {
	return text == "#" || isArabic(text) || len(text) == 1 || made(text, "ivxlcdm") || made(text, "IVXLCDM")
}

func isArabic(text string) bool { return made(text, "0123456789") }

// made reports whether a text consists only of the given characters.
func made(text, of string) bool { return strings.Trim(text, of) == "" }

// parseEnumerator parses the enumerator of a line that begins with one. In a list, it tries the sequence of the list
// first.
func (p *parser) parseEnumerator(s *scope, end int, expected sequence) enumerator {
	text := strings.TrimRight(s.text()[:end], " ")
	e := enumerator{suffix: text[len(text)-1:], end: end}
	text = text[:len(text)-1]
	if rest, ok := strings.CutPrefix(text, "("); ok {
		e.prefix, text = "(", rest
	}
	if isArabic(text) && len(text) > longestOrdinal {
		p.undecided(s.lineNumber(), "enumerated list", "the number of the item is too large to count on")
	}
	e.sequence = sequenceOf(text, expected)
	if e.sequence >= lowerRoman && strings.HasPrefix(strings.ToUpper(text), "MMMM") {
		p.undecided(s.lineNumber(), "enumerated list", "docutils dies of Roman numerals beyond 3999")
	}
	e.ordinal = e.sequence.number(text)
	return e
}

// sequenceOf returns the sequence that a text belongs to.
func sequenceOf(text string, expected sequence) sequence {
	switch {
	case text == "#":
		return auto
	case expected != anySequence && expected.fits(text):
		return expected
	case expected == anySequence && text == "i":
		return lowerRoman
	case expected == anySequence && text == "I":
		return upperRoman
	}
	for _, one := range []sequence{arabic, lowerAlpha, upperAlpha, lowerRoman} {
		if one.fits(text) {
			return one
		}
	}
	return upperRoman
}

func (q sequence) fits(text string) bool {
	switch q {
	case arabic:
		return isArabic(text)
	case lowerAlpha:
		return len(text) == 1 && 'a' <= text[0] && text[0] <= 'z'
	case upperAlpha:
		return len(text) == 1 && 'A' <= text[0] && text[0] <= 'Z'
	case lowerRoman:
		return made(text, "ivxlcdm")
	default:
		return made(text, "IVXLCDM")
	}
}

// number returns the ordinal of a text, or -1 if it is invalid.
func (q sequence) number(text string) int {
	switch q {
	case auto:
		return 1
	case arabic:
		n, err := strconv.Atoi(text)
		if err != nil {
			return -1
		}
		return n
	case lowerAlpha:
		return int(text[0]-'a') + 1
	case upperAlpha:
		return int(text[0]-'A') + 1
	default:
		return romanNumber(strings.ToUpper(text))
	}
}

// label returns an ordinal written in the sequence; false if that is impossible.
func (q sequence) label(ordinal int) (string, bool) {
	switch q {
	case auto:
		return "#", true
	case arabic:
		return strconv.Itoa(ordinal), true
	case lowerAlpha, upperAlpha:
		if ordinal > 26 {
			return "", false
		}
		if q == upperAlpha {
			return string(rune('A' + ordinal - 1)), true
		}
		return string(rune('a' + ordinal - 1)), true
	default:
		label := roman(ordinal)
		if q == lowerRoman {
			label = strings.ToLower(label)
		}
		return label, label != ""
	}
}

// numerals lists the parts of a Roman numeral, largest first.
var numerals = []struct {
	value int
	text  string
}{
	{1000, "M"},
	{900, "CM"},
	{500, "D"},
	{400, "CD"},
	{100, "C"},
	{90, "XC"},
	{50, "L"},
	{40, "XL"},
	{10, "X"},
	{9, "IX"},
	{5, "V"},
	{4, "IV"},
	{1, "I"},
}

// roman returns a number from 1 to 3999 as a Roman numeral; empty for any other.
func roman(n int) string {
	if n < 1 || n > 3999 {
		return ""
	}
	var b strings.Builder
	for _, numeral := range numerals {
		for ; n >= numeral.value; n -= numeral.value {
			b.WriteString(numeral.text)
		}
	}
	return b.String()
}

// romanNumber returns the value of a Roman numeral in canonical form, or -1.
func romanNumber(text string) int {
	n, rest := 0, text
	for _, numeral := range numerals {
		for strings.HasPrefix(rest, numeral.text) && n < 4000 {
			n += numeral.value
			rest = rest[len(numeral.text):]
		}
	}
	if roman(n) != text {
		return -1
	}
	return n
}

// beginsItem reports whether the current line begins an item: the next line is blank, indented, or begins the next item.
// Otherwise it is a paragraph that begins with a number.
func (s *scope) beginsItem(e enumerator) bool {
	if e.ordinal < 0 {
		return false
	}
	next, ok := s.peek()
	if !ok || next == "" || strip(firstColumns(next, 1)) == "" {
		return true
	}
	label, ok := e.sequence.label(e.ordinal + 1)
	return ok && (strings.HasPrefix(next, e.prefix+label+e.suffix+" ") || strings.HasPrefix(next, e.prefix+"#"+e.suffix+" "))
}
