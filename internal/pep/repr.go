package pep

import (
	"fmt"
	"strings"
	"unicode"
)

// Repr returns a text as Python's repr() writes a string, which is how the messages of PyPI quote values.
func Repr(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '\'' || r == '\\' }) {
		return "'" + s + "'"
	}
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		b.WriteString(reprRune(r, quote))
	}
	b.WriteRune(quote)
	return b.String()
}

// reprRune returns one character as repr() writes it between two of quote.
func reprRune(r, quote rune) string {
	switch {
	case r == quote || r == '\\':
		return `\` + string(r)
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case unicode.IsPrint(r):
		return string(r)
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	default:
		return fmt.Sprintf(`\U%08x`, r)
	}
}

// ReprList returns texts as Python's repr() writes a list of strings.
func ReprList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = Repr(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// IsSpace reports whether Python treats r as white space: Go's set and four control characters.
func IsSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}
