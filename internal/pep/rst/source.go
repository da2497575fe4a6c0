package rst

import (
	"strings"
	"unicode/utf8"
)

// longestLine equals docutils' line-length-limit, in characters.
const longestLine = 10_000

// line is one line of a block: the part of it that belongs to the block, and its number in the document.
type line struct {
	text   string
	lineno int
}

// sourceLines splits a text as docutils does: tabs are expanded to multiples of 8 columns, white space at the end of a
// line is removed.
func (p *parser) sourceLines(text string) []line {
	text = strings.ToValidUTF8(text, "\uFFFD")
	lines := make([]line, 0, strings.Count(text, "\n")+1)
	for len(text) > 0 {
		var one string
		one, text = cutLine(text)
		one = stripRight(expandTabs(strings.Map(pageToBlank, one)))
		number := len(lines) + 1
		if len(one) > longestLine && utf8.RuneCountInString(one) > longestLine {
			p.refuse(number, lineTooLong, number)
		}
		lines = append(lines, line{one, number})
	}
	return lines
}

// pageToBlank converts a form feed or vertical tab to a blank.
func pageToBlank(r rune) rune {
	if r == '\v' || r == '\f' {
		return ' '
	}
	return r
}

// cutLine splits a text after its first line. It knows all line ends of Python's str.splitlines.
func cutLine(text string) (first, rest string) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n', 0x1c <= c && c <= 0x1e:
			return text[:i], text[i+1:]
		case c == '\r':
			return text[:i], strings.TrimPrefix(text[i+1:], "\n")
		case c == 0xc2 && strings.HasPrefix(text[i:], "\u0085"):
			return text[:i], text[i+2:]
		case c == 0xe2 && (strings.HasPrefix(text[i:], "\u2028") || strings.HasPrefix(text[i:], "\u2029")):
			return text[:i], text[i+3:]
		}
	}
	return text, ""
}

// expandTabs works like Python's str.expandtabs for one line.
func expandTabs(s string) string {
	if strings.IndexByte(s, '\t') < 0 {
		return s
	}
	var b strings.Builder
	column := 0
	for _, r := range s {
		if r != '\t' {
			b.WriteRune(r)
			column++
			continue
		}
		for ok := true; ok; ok = column%8 != 0 {
			b.WriteByte(' ')
			column++
		}
	}
	return b.String()
}
