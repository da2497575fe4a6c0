package report

import (
	"fmt"
	"strings"
	"unicode"
)

// escaped returns text such that Markdown and HTML show it literally: every character except letters, digits and a few harmless ones
// becomes a character reference, which begins no Markdown construct. Line breaks become spaces, so that a table row stays on one line.
//
// Renderers turn addresses into links anywhere, even in code: they search after references are characters again, but never across a
// comment, which is invisible. So escaped puts a comment into "://" and "www.", and after "@".
func escaped(text string) string {
	const apart = "<!-- -->"
	var b strings.Builder
	b.Grow(len(text))
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

// inlineCode returns the program's own text with names in backticks as code.
func inlineCode(text string) string {
	parts := strings.Split(text, "`")
	if len(parts)%2 == 0 {
		return escaped(text) // a single backtick
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

// code returns text as code.
func code(text string) string { return "<code>" + escaped(text) + "</code>" }

// longestURL is the maximum length of a URL in bytes that browsers and servers are sure to accept.
const longestURL = 2000

// link returns a link to a URL. Characters that a URL cannot have are removed. If url is not an HTTP URL, link returns the text alone.
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

// row writes one row of a table. The cells are Markdown.
func row(b *strings.Builder, cells ...string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}
