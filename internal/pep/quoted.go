package pep

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Texts in markers are one-line string literals of Python. A backslash escapes everything except the quote: the literal
// ends at the first quote of its kind.

// unquoteMarker returns the value of a literal, given with its quotes; false if the literal is invalid.
func unquoteMarker(literal string) (string, bool) {
	rest := literal[1 : len(literal)-1]
	var b strings.Builder
	for rest != "" {
		i := strings.IndexAny(rest, "\\\n\r\x00")
		if i < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		if rest[i] != '\\' {
			return "", false
		}
		text, n := unescape(rest[i:])
		if n == 0 {
			return "", false
		}
		b.WriteString(text)
		rest = rest[i+n:]
	}
	return b.String(), true
}

// unescape returns the value of the escape sequence at the beginning of s, and its length in bytes; 0 if it is invalid.
// An unknown sequence is its own value.
func unescape(s string) (text string, n int) {
	if len(s) < 2 {
		return "", 0
	}
	const letters, meanings = "\\'\"abfnrtv\n", "\\'\"\a\b\f\n\r\t\v"
	switch c := s[1]; {
	case c == '\n':
		return "", 2
	case strings.IndexByte(letters, c) >= 0:
		i := strings.IndexByte(letters, c)
		return meanings[i : i+1], 2
	case c >= '0' && c <= '7':
		digits := until(s[1:min(len(s), 4)], func(r rune) bool { return r < '0' || r > '7' })
		return character(digits, 8), 1 + len(digits)
	case c == 'x':
		return hexadecimal(s, 2)
	case c == 'u':
		return hexadecimal(s, 4)
	case c == 'U':
		return hexadecimal(s, 8)
	case c == 'N': // by name: this package does not know the names, so the text is kept as it is
		if end := strings.IndexByte(s, '}'); strings.HasPrefix(s, `\N{`) && end > 3 {
			return s[:end+1], end + 1
		}
		return "", 0
	case c == '\r' || c == 0:
		return "", 0
	default:
		_, size := utf8.DecodeRuneInString(s[1:])
		return s[:1+size], 1 + size
	}
}

func hexadecimal(s string, digits int) (string, int) {
	if len(s) < 2+digits {
		return "", 0
	}
	text := character(s[2:2+digits], 16)
	if text == "" {
		return "", 0
	}
	return text, 2 + digits
}

// character returns the code point with the given number; a surrogate becomes the replacement character.
func character(digits string, base int) string {
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune {
		return ""
	}
	return string(rune(n))
}

// quoteMarker returns a literal whose value is text.
func quoteMarker(text string) string {
	quote := '"'
	if strings.ContainsRune(text, '"') && !strings.ContainsRune(text, '\'') {
		quote = '\''
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range text {
		if r == quote || r == '\\' || r == '\n' || r == '\r' || r == 0 {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}
