package runner

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

// longestLine is how many bytes of a line are printed: what is longer comes from outside.
const longestLine = 8 << 10

// Plain makes a text one line that is no command of the runner, whatever it holds. The runner reads `::command::` at the
// beginning of a line, after blanks, and `##[command]` anywhere in it, on both streams (docs/reference/runner.md §1).
// Control characters, those that turn the writing direction, and invalid UTF-8 become visible or blank.
func Plain(text string) string {
	text, rest := cut(text, longestLine)
	text = strings.Map(visible, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.ReplaceAll(text, "##[", "##\u200b[")
	if lead := strings.TrimLeftFunc(text, unicode.IsSpace); strings.HasPrefix(lead, "::") {
		text = text[:len(text)-len(lead)] + ":\u200b:" + lead[2:]
	}
	return text + rest
}

// cut keeps the first n bytes, whole characters, and says how much was left out.
func cut(text string, n int) (kept, rest string) {
	kept = phrase.Beginning(text, n)
	if left := len(text) - len(kept); left > 0 {
		rest = fmt.Sprintf(" … (%d more bytes)", left)
	}
	return kept, rest
}

// fitted is a text that has no more than so many characters of UTF-16, or its beginning.
func fitted(text string, most int) string {
	const more = " …"
	n, end := 0, 0
	for at, c := range text {
		if n <= most-units(more) {
			end = at
		}
		n += utf16.RuneLen(c)
	}
	if n <= most {
		return text
	}
	return text[:end] + more
}

// units is the length of a text in characters of UTF-16.
func units(text string) int { return len(utf16.Encode([]rune(text))) }

func visible(c rune) rune {
	switch {
	case c == '\n', c == '\r', c == '\t', c == '\u2028', c == '\u2029', c == '\u0085':
		return ' '
	case unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c):
		return '\uFFFD'
	}
	return c
}
