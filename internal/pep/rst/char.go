package rst

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// null replaces a backslash in escaped text: the character after it is not markup.
const null = 0

// isSpace works like Python's str.isspace, which includes four separators that Unicode's property does not.
func isSpace(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || '\t' <= r && r <= '\r' || 0x1c <= r && r <= 0x1f
	}
	return unicode.IsSpace(r)
}

// isWord reports whether Python's \w matches r, except for the underscore: letters and numbers.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// isPunctuation reports whether c is one of the ASCII characters that underline titles and quote literal blocks.
func isPunctuation(c byte) bool {
	return '!' <= c && c <= '/' || ':' <= c && c <= '@' || '[' <= c && c <= '`' || '{' <= c && c <= '~'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isAlnum(c byte) bool { return isDigit(c) || isLetter(c) }

// strip works like Python's str.strip.
func strip(s string) string { return strings.TrimFunc(s, isSpace) }

// stripRight works like Python's str.rstrip.
func stripRight(s string) string {
	if s == "" || s[len(s)-1] > ' ' && s[len(s)-1] < utf8.RuneSelf {
		return s
	}
	return strings.TrimRightFunc(s, isSpace)
}

// splitSpace works like Python's str.split without an argument.
func splitSpace(s string) []string { return strings.FieldsFunc(s, isSpace) }

// normalizeName returns a name in the form in which docutils compares names: lower case, white space reduced to single blanks.
func normalizeName(name string) string { return strings.Join(splitSpace(strings.ToLower(name)), " ") }

// squeeze replaces every run of white space by one blank and trims the ends.
func squeeze(name string) string { return strings.Join(splitSpace(name), " ") }

// lastRune returns the character before i, or 0 at the beginning.
func lastRune(s string, i int) rune {
	if i <= 0 {
		return null
	}
	if c := s[i-1]; c < utf8.RuneSelf {
		return rune(c)
	}
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return r
}

// runeAt returns the character at i and its length in bytes.
func runeAt(s string, i int) (rune, int) {
	if c := s[i]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(s[i:])
}

// columns returns how many columns a text takes on a terminal.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r < 0x300:
			n++
		case unicode.Is(combining, r):
			// It is combined with the character before it, but a wide one keeps its second column.
			if unicode.Is(wide, r) {
				n++
			}
		case unicode.Is(wide, r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// escape replaces every escaping backslash by null.
func escape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := []byte(s)
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' {
			b[i] = null
			i++
		}
	}
	return string(b)
}

// unescape removes the escapes from an escaped text, with the white space they escape.
func unescape(s string) string {
	if strings.IndexByte(s, null) < 0 {
		return s
	}
	return unescaper.Replace(s)
}

var unescaper = strings.NewReplacer("\x00 ", "", "\x00\n", "", "\x00", "")

// restore converts an escaped text back to its source.
func restore(s string) string { return strings.ReplaceAll(s, "\x00", "\\") }

// simpleName returns the end of the reference name that begins at i, or i if there is none: words joined by single
// characters out of "-._+:".
func simpleName(s string, i int) int {
	end := wordEnd(s, i)
	if end == i {
		return i
	}
	for end < len(s) && strings.IndexByte("-._+:", s[end]) >= 0 {
		next := wordEnd(s, end+1)
		if next == end+1 {
			break
		}
		end = next
	}
	return end
}

// wordEnd returns the end of the run of letters and numbers that begins at i.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, size := runeAt(s, i)
		if !isWord(r) {
			break
		}
		i += size
	}
	return i
}
