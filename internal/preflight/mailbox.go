package preflight

import "strings"

// The index reads addresses with Python's email.utils.parseaddr in its strict mode, an old reader of RFC 822 with habits
// of its own. Only a field that has exactly one address is judged at all (docs/reference/pypi-server.md §2.4.1).

// oneAddress gives the address of a field that has exactly one; empty where there are none, several, or one in brackets.
func oneAddress(field string) string {
	if !parenthesesMatch(field) {
		return ""
	}
	m := &mailboxes{text: field}
	var found []string
	for m.at < len(m.text) && len(found) < 2 {
		addresses := m.address(0)
		if len(addresses) == 0 {
			addresses = []string{""} // even what is nothing counts
		}
		found = append(found, addresses...)
	}
	if len(found) != 1 || strings.Contains(found[0], "[") {
		return ""
	}
	return found[0]
}

// parenthesesMatch looks at all but what stands in quotes and behind backslashes. A quote that is never closed hides
// nothing.
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

// unescaped drops every backslash with the character behind it.
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

// mailboxes reads a field from the left to the right. What has a meaning is ASCII, so bytes will do.
type mailboxes struct {
	text string
	at   int
}

const (
	blanks    = " \t"
	lineEnds  = "\r\n"
	specials  = `()<>@,:;."[]`
	wordEnds  = `()<>@,:;"[]` + blanks + lineEnds // a dot may stand in a name
	atomEnds  = specials + blanks + lineEnds
	maxGroups = 100 // groups in groups; Python itself fails at a depth of this order
)

// next tells whether one of the characters is next.
func (m *mailboxes) next(set string) bool {
	return m.at < len(m.text) && strings.IndexByte(set, m.text[m.at]) >= 0
}

// take steps over one of the characters where it is next.
func (m *mailboxes) take(set string) bool {
	if !m.next(set) {
		return false
	}
	m.at++
	return true
}

// until steps to the next of the characters, at least over none.
func (m *mailboxes) until(ends string) string {
	rest := m.text[m.at:]
	if end := strings.IndexAny(rest, ends); end >= 0 {
		rest = rest[:end]
	}
	m.at += len(rest)
	return rest
}

// gap steps over white space and comments, and gives the blanks among them.
func (m *mailboxes) gap() string {
	var kept strings.Builder
	for {
		switch {
		case m.next(blanks):
			kept.WriteByte(m.text[m.at])
			m.at++
		case m.take(lineEnds):
		case m.next("("):
			m.comment()
		default:
			return kept.String()
		}
	}
}

// address reads one address, or those of a group, and the comma behind it. Of a name with no address it gives the first
// word, as the index does.
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

// group reads addresses up to a semicolon. More than two are as many as two: too many.
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

// bracketed reads an address in angle brackets. Routes of old, such as @host:, are stepped over.
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

// spec reads local@host. Blanks within the local part stay in it; without a host it is no address.
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

// withoutBlank drops a last part that is white space alone.
func withoutBlank(parts []string) []string {
	if n := len(parts); n > 0 && strings.TrimFunc(parts[n-1], isBlank) == "" {
		return parts[:n-1]
	}
	return parts
}

// host reads a domain, or a literal in brackets. With a second @-sign it is neither.
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

// name reads the words before an address and gives the first one.
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

// delimited reads from the character that is next to one of the ends. A backslash takes the next character as it is.
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

// comment steps over a comment and those in it.
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
