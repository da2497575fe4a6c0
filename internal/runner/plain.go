package runner

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

// longestLine is how many bytes of a line are printed.
const longestLine = 8 << 10

// Plain returns a text as one line that the runner cannot interpret as a command. The runner reads `::command::` at the
// beginning of a line, after blanks, and `##[command]` anywhere in it, on both streams (docs/reference/runner.md §1).
// Plain replaces control characters, characters that change the writing direction, and invalid UTF-8.
func Plain(text string) string {
	text, rest := cut(text, longestLine)
	text = strings.Map(visible, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.ReplaceAll(text, "##[", "##\u200b[")
	if lead := strings.TrimLeftFunc(text, unicode.IsSpace); strings.HasPrefix(lead, "::") {
		text = text[:len(text)-len(lead)] + ":\u200b:" + lead[2:]
	}
	return text + rest
}

// cut returns at most the first n bytes, in whole characters, and a note of how much was removed.
func cut(text string, n int) (kept, rest string) {
	kept = phrase.Beginning(text, n)
	if left := len(text) - len(kept); left > 0 {
		rest = fmt.Sprintf(" … (%d more bytes)", left)
	}
	return kept, rest
}

// fitted returns a text shortened to at most so many UTF-16 code units.
func fitted(text string, most int) string {
	const more = " …"
	n, end := 0, 0
	for at, c := range text {
		if n <= most-phrase.Units(more) {
			end = at
		}
		n += utf16.RuneLen(c)
	}
	if n <= most {
		return text
	}
	return text[:end] + more
}

// visible returns a replacement for a character that must not be printed, or the character itself.
func visible(c rune) rune {
	switch {
	case c == '\n', c == '\r', c == '\t', c == '\u2028', c == '\u2029', c == '\u0085':
		return ' '
	case unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c):
		return '\uFFFD'
	}
	return c
}
