package warehouse

import (
	"fmt"
	"strings"
	"unicode"
)

// PyPI is a Python program, and its messages quote values the way Python's repr() does.

// repr returns Python's repr() of a string.
func repr(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteByte(quote)
	for _, r := range s {
		b.WriteString(reprRune(r, rune(quote)))
	}
	b.WriteByte(quote)
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
	case r < ' ' || r >= 0x7f && r < 0xa1 || r == 0xad:
		return fmt.Sprintf(`\x%02x`, r)
	case unicode.IsPrint(r):
		return string(r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	default:
		return fmt.Sprintf(`\u%04x`, r)
	}
}

// reprList returns Python's repr() of a list of strings.
func reprList(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = repr(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
