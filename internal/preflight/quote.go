package preflight

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quote returns a text as Python's repr writes it, which the messages of the index use.
func quote(s string) string {
	mark := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		mark = '"'
	}
	var b strings.Builder
	b.WriteRune(mark)
	for _, r := range s {
		b.WriteString(escape(r, mark))
	}
	b.WriteRune(mark)
	return b.String()
}

func escape(r, mark rune) string {
	switch {
	case r == mark || r == '\\':
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

// elide shortens a value as the index does: of more than 60 characters it keeps the first and last 30.
func elide(s string) string {
	if utf8.RuneCountInString(s) <= 60 {
		return s
	}
	runes := []rune(s)
	return string(runes[:30]) + "..." + string(runes[len(runes)-30:])
}

// sentence makes the first letter upper case, as in the messages of the index.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}
