package report

import (
	"fmt"
	"strings"
	"unicode"
)

// escaped is a text that Markdown and HTML show as it is: everything but letters, digits and a few harmless signs becomes
// a character reference, which no construct begins with. Line breaks become blanks, so that a table stays whole.
//
// Addresses become links wherever they stand, also in the face of code: renderers look for them once references are characters
// again, but never across a comment, which is not shown. So there is one within "://", "www." and after "@".
func escaped(text string) string {
	const apart = "<!-- -->"
	var b strings.Builder
	var before rune
	for _, c := range text {
		if (c == '/' && before == ':') || (c == '.' && (before == 'w' || before == 'W')) {
			b.WriteString(apart)
		}
		before = c
		switch {
		case unicode.IsLetter(c), unicode.IsDigit(c), strings.ContainsRune(" ,.;-/()=+%'\"", c):
			b.WriteRune(c)
		case unicode.IsSpace(c):
			b.WriteByte(' ')
		case unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c), c == unicode.ReplacementChar:
			b.WriteRune('\uFFFD')
		case c == '@':
			b.WriteString("&#64;" + apart)
		default:
			fmt.Fprintf(&b, "&#%d;", c)
		}
	}
	return b.String()
}

// prose is a text of ours that may quote names in backticks, which become the face of code.
func prose(text string) string {
	parts := strings.Split(text, "`")
	if len(parts)%2 == 0 {
		return escaped(text) // a backtick that nothing answers
	}
	var b strings.Builder
	for i, part := range parts {
		if i%2 == 1 {
			b.WriteString(code(part))
		} else {
			b.WriteString(escaped(part))
		}
	}
	return b.String()
}

// code is a text in the face of code.
func code(text string) string { return "<code>" + escaped(text) + "</code>" }

// longestURL is what browsers and servers take anyway.
const longestURL = 2000

// link is a link to a URL of ours: only what a URL may hold goes into it, and what is none is not linked.
func link(text, url string) string {
	if len(url) > longestURL || (!strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://")) {
		return escaped(text)
	}
	safe := strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' || strings.ContainsRune("\"'<>()[]`|\\", c) {
			return -1
		}
		return c
	}, url)
	return fmt.Sprintf(`<a href="%s">%s</a>`, strings.ReplaceAll(safe, "&", "&amp;"), escaped(text))
}

// row writes one row of a table, of cells that are Markdown already.
func row(b *strings.Builder, cells ...string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}
