package rst

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// null stands for a backslash in text with escapes: the character behind it is no markup.
const null = 0

// isSpace is Python's str.isspace, which knows four separators more than Unicode's property.
func isSpace(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || '\t' <= r && r <= '\r' || 0x1c <= r && r <= 0x1f
	}
	return unicode.IsSpace(r)
}

// isWord is \w of Python without the underscore: letters and numbers.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// isPunctuation is one of the ASCII characters that underline titles and quote literals.
func isPunctuation(c byte) bool {
	return '!' <= c && c <= '/' || ':' <= c && c <= '@' || '[' <= c && c <= '`' || '{' <= c && c <= '~'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isAlnum(c byte) bool { return isDigit(c) || isLetter(c) }

// strip is Python's str.strip.
func strip(s string) string { return strings.TrimFunc(s, isSpace) }

// stripRight is Python's str.rstrip.
func stripRight(s string) string {
	if s == "" || s[len(s)-1] > ' ' && s[len(s)-1] < utf8.RuneSelf {
		return s
	}
	return strings.TrimRightFunc(s, isSpace)
}

// words is Python's str.split without an argument.
func words(s string) []string { return strings.FieldsFunc(s, isSpace) }

// fold is how docutils compares names: lower case, and one blank for any white space.
func fold(name string) string { return strings.Join(words(strings.ToLower(name)), " ") }

// squeeze makes any white space one blank.
func squeeze(name string) string { return strings.Join(words(name), " ") }

// lastRune is the character before i, with 0 at the beginning.
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

// runeAt is the character at i and its length.
func runeAt(s string, i int) (rune, int) {
	if c := s[i]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(s[i:])
}

// columns counts the columns a text takes on a terminal.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r < 0x300:
			n++
		case unicode.Is(combining, r):
			// It stands on the character before it. A wide one keeps its second column.
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

// escape replaces the backslashes that escape by null.
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

// unescape removes the escapes of an escaped text, with the white space they hide.
func unescape(s string) string {
	if strings.IndexByte(s, null) < 0 {
		return s
	}
	return unescaper.Replace(s)
}

var unescaper = strings.NewReplacer("\x00 ", "", "\x00\n", "", "\x00", "")

// restore turns an escaped text back to what stands in the source.
func restore(s string) string { return strings.ReplaceAll(s, "\x00", "\\") }

// simpleName is the end of the reference name that begins at i, or i when there is none: words joined by single
// marks out of "-._+:".
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

// wordEnd is the end of the run of letters and numbers that begins at i.
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
