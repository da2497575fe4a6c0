package metadata

import (
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The index parses addresses with Python's email.utils.parseaddr in its strict mode, an old parser of RFC 822 with its
// own peculiarities. It checks only a field that contains exactly one address (docs/reference/pypi-server.md §2.4.1).

// oneAddress returns the address of a field that has exactly one. It is empty if the field has none, several, or one with
// brackets.
func oneAddress(field string) string {
	if !parenthesesMatch(field) {
		return ""
	}
	m := &mailboxes{text: field}
	var found []string
	for m.at < len(m.text) && len(found) < 2 {
		addresses := m.address(0)
		if len(addresses) == 0 {
			addresses = []string{""} // an element without an address counts too
		}
		found = append(found, addresses...)
	}
	if len(found) != 1 || strings.Contains(found[0], "[") {
		return ""
	}
	return found[0]
}

// parenthesesMatch reports whether parentheses are balanced, ignoring quoted text and escaped characters. An unclosed
// quote hides nothing.
func parenthesesMatch(field string) bool {
	closed := strings.Count(unescaped(field), `"`) / 2 * 2
	open, quotes := 0, 0
	for _, c := range []byte(unescaped(field)) {
		switch {
		case c == '"':
			quotes++
		case quotes%2 == 1 && quotes < closed:
		case c == '(':
			open++
		case c == ')':
			if open--; open < 0 {
				return false
			}
		}
	}
	return open == 0
}

// unescaped removes every backslash together with the character after it.
func unescaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// mailboxes parses a field from left to right. All special characters are ASCII, so it works on bytes.
type mailboxes struct {
	text string
	at   int
}

const (
	blanks    = " \t"
	lineEnds  = "\r\n"
	specials  = `()<>@,:;."[]`
	wordEnds  = `()<>@,:;"[]` + blanks + lineEnds // a dot may occur in a name
	atomEnds  = specials + blanks + lineEnds
	maxGroups = 100 // nested groups; Python itself fails at about this depth
)

// next reports whether the next character is in set.
func (m *mailboxes) next(set string) bool {
	return m.at < len(m.text) && strings.IndexByte(set, m.text[m.at]) >= 0
}

// take skips the next character if it is in set, and reports whether it did.
func (m *mailboxes) take(set string) bool {
	if !m.next(set) {
		return false
	}
	m.at++
	return true
}

// until consumes and returns the text before the next character of ends; it may be empty.
func (m *mailboxes) until(ends string) string {
	rest := m.text[m.at:]
	if end := strings.IndexAny(rest, ends); end >= 0 {
		rest = rest[:end]
	}
	m.at += len(rest)
	return rest
}

// gap skips white space and comments, and returns the blanks among them.
func (m *mailboxes) gap() string {
	var space strings.Builder
	for {
		switch {
		case m.next(blanks):
			space.WriteByte(m.text[m.at])
			m.at++
		case m.take(lineEnds):
		case m.next("("):
			m.comment()
		default:
			return space.String()
		}
	}
}

// address parses one address, or those of a group, and the comma after it. For a name without an address it returns the
// first word, as the index does.
func (m *mailboxes) address(depth int) (found []string) {
	m.gap()
	start := m.at
	name, named := m.name()
	m.gap()
	switch {
	case m.next(".@"):
		m.at = start
		found = []string{m.spec()}
	case depth < maxGroups && m.take(":"):
		found = m.group(depth)
	case m.next("<"):
		found = []string{m.bracketed()}
	case named:
		found = []string{name}
	default:
		m.take(specials)
	}
	m.gap()
	m.take(",")
	return found
}

// group parses addresses up to a semicolon. It returns at most two, because two are already too many.
func (m *mailboxes) group(depth int) (found []string) {
	for m.at < len(m.text) {
		m.gap()
		if m.take(";") {
			break
		}
		found = append(found, m.address(depth+1)...)
		found = found[:min(len(found), 2)]
	}
	return found
}

// bracketed parses an address in angle brackets. It skips obsolete routes such as @host:.
func (m *mailboxes) bracketed() string {
	m.at++
	m.gap()
	for route := false; m.at < len(m.text); m.gap() {
		switch {
		case route:
			m.host()
			route = false
		case m.take(">"):
			return ""
		case m.take("@"):
			route = true
		case m.take(":"):
		default:
			spec := m.spec()
			m.at++
			return spec
		}
	}
	return ""
}

// spec parses local@host and returns it. Blanks within the local part stay in it; with an @-sign but no host the result
// is empty.
func (m *mailboxes) spec() string {
	var parts []string
	m.gap()
	for m.at < len(m.text) && (m.next(`."`) || !m.next(atomEnds)) {
		dot := m.next(".")
		switch {
		case m.take("."):
			parts = append(withoutBlank(parts), ".")
		case m.next(`"`):
			parts = append(parts, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(m.delimited("\"\r"))+`"`)
		default:
			parts = append(parts, m.until(atomEnds))
		}
		if between := m.gap(); !dot && between != "" {
			parts = append(parts, between)
		}
	}
	if m.at < len(m.text) {
		parts = withoutBlank(parts)
	}
	local := strings.Join(parts, "")
	if !m.take("@") {
		return local
	}
	m.gap()
	if host := m.host(); host != "" {
		return local + "@" + host
	}
	return ""
}

// withoutBlank removes a last part that is only white space.
func withoutBlank(parts []string) []string {
	if n := len(parts); n > 0 && strings.TrimFunc(parts[n-1], pep.IsSpace) == "" {
		return parts[:n-1]
	}
	return parts
}

// host parses a domain or a bracketed literal and returns it; with a second @-sign it returns an empty text.
func (m *mailboxes) host() string {
	var b strings.Builder
	for m.at < len(m.text) {
		switch {
		case m.take(blanks):
		case m.next("("):
			m.comment()
		case m.next("["):
			b.WriteString("[" + m.delimited("]\r") + "]")
		case m.take("."):
			b.WriteByte('.')
		case m.next("@"):
			return ""
		case m.next(atomEnds):
			return b.String()
		default:
			b.WriteString(m.until(atomEnds))
		}
	}
	return b.String()
}

// name skips the words before an address and returns the first one.
func (m *mailboxes) name() (word string, found bool) {
	for m.at < len(m.text) {
		next := ""
		switch {
		case m.take(blanks + lineEnds):
			continue
		case m.next("("):
			m.comment()
			continue
		case m.next(`"`):
			next = m.delimited("\"\r")
		case m.next(wordEnds):
			return word, found
		default:
			next = m.until(wordEnds)
		}
		if !found {
			word, found = next, true
		}
	}
	return word, found
}

// delimited skips the next character and returns the text up to one of the ends. A backslash escapes the next character.
func (m *mailboxes) delimited(ends string) string {
	var b strings.Builder
	for m.at++; m.at < len(m.text); m.at++ {
		switch {
		case m.next(ends):
			m.at++
			return b.String()
		case m.next(`\`):
			if m.at++; m.at == len(m.text) {
				return b.String()
			}
		}
		b.WriteByte(m.text[m.at])
	}
	return b.String()
}

// comment skips a comment and the comments nested in it.
func (m *mailboxes) comment() {
	for depth := 0; m.at < len(m.text); {
		switch {
		case m.take("("):
			depth++
		case m.take(")\r"):
			depth--
		case m.take(`\`):
			m.at = min(m.at+1, len(m.text))
		default:
			m.at++
		}
		if depth == 0 {
			return
		}
	}
}
