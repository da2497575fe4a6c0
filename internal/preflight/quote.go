package preflight

import (
	"unicode"
	"unicode/utf8"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// quote returns a text as Python's repr writes it, which the messages of the index use.
func quote(s string) string { return pep.Repr(s) }

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
