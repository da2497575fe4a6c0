package warehouse

import (
	"strings"
	"unicode"
)

// PyPI reads addresses with the strict parser of Python's library (email.utils.parseaddr), an RFC 822 parser with quirks of its own.
// docs/reference/pypi-server.md row 34 checks what that parser takes for the only address.

// soleAddress returns the address of a value that has exactly one. It returns an empty string if there are several, or none that can be
// read.
func soleAddress(value string) string {
	if !balanced(value) {
		return ""
	}
	p := &addressReader{text: []rune(value)}
	var found []string
	for p.more() {
		addresses := p.address(0)
		if len(addresses) == 0 {
			addresses = []string{""}
		}
		if found = append(found, addresses...); len(found) > 1 {
			return ""
		}
	}
	if len(found) == 0 || strings.Contains(found[0], "[") {
		return ""
	}
	return found[0]
}

// balanced reports whether parentheses outside of quoted names come in pairs.
func balanced(value string) bool {
	open := 0
	for _, r := range unescaped(value, true) {
		switch r {
		case '(':
			open++
		case ')':
			open--
		}
		if open < 0 {
			return false
		}
	}
	return open == 0
}

// unescaped returns value without escaped characters, and if quoted is set also without text in pairs of quotes.
func unescaped(value string, quoted bool) string {
	var out, digest strings.Builder
	escaped, open := false, false
	for _, r := range value {
		switch {
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"' && quoted:
			open = !open
			digest.Reset()
		case open:
			digest.WriteRune(r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String() + digest.String() // a quote without an end hides nothing
}

// addressReader reads a value from left to right.
type addressReader struct {
	text []rune
	pos  int
}

const (
	addressEnds = "()<>@,:;.\"[] \t\r\n" // characters that end an atom
	localEnds   = "()<>@,:;[]"           // characters that end a local part; white space and comments were skipped
	phraseEnds  = "()<>@,:;\"[] \t\r\n"  // characters that end a word of a name
	maxGroups   = 100                    // maximum depth of groups in groups; PyPI itself fails at some depth
)

func (p *addressReader) more() bool { return p.pos < len(p.text) }

// at reports whether the next character is one of set.
func (p *addressReader) at(set string) bool {
	return p.more() && p.text[p.pos] != unicode.ReplacementChar && strings.ContainsRune(set, p.text[p.pos])
}

// skip skips white space and comments and returns the blanks among them.
func (p *addressReader) skip() string {
	var blanks strings.Builder
	for {
		switch {
		case p.at("\r\n"):
			p.pos++
		case p.at(" \t"):
			blanks.WriteRune(p.text[p.pos])
			p.pos++
		case p.at("("):
			p.comment()
		default:
			return blanks.String()
		}
	}
}

// address reads one address, or all addresses of a group. Of an address with a name it returns the address alone.
func (p *addressReader) address(depth int) []string {
	p.skip()
	start := p.pos
	phrases := p.phrase()
	p.skip()
	var found []string
	switch {
	case p.at(".@"):
		p.pos = start // the words were not a name but a local part
		found = []string{p.spec()}
	case p.at(":") && depth < maxGroups:
		found = p.group(depth)
	case p.at("<"):
		found = []string{p.route()}
	case len(phrases) > 0:
		found = phrases[:1]
	case p.at("()<>@,:;.\"[]"):
		p.pos++
	}
	p.skip()
	if p.at(",") {
		p.pos++
	}
	return found
}

// group reads a group up to its semicolon and returns at most two of its addresses.
func (p *addressReader) group(depth int) []string {
	p.pos++
	var found []string
	for p.more() {
		p.skip()
		if p.at(";") {
			p.pos++
			break
		}
		found = append(found, p.address(depth+1)...)
		found = found[:min(len(found), 2)] // more than one is all that callers need to know
	}
	return found
}

// route reads an address in angle brackets and skips old-style routes before it. It returns an empty string if there is none.
func (p *addressReader) route() string {
	p.pos++
	p.skip()
	for routed := false; p.more(); p.skip() {
		switch {
		case routed:
			p.domain()
			routed = false
		case p.at(">"):
			p.pos++
			return ""
		case p.at("@"):
			p.pos++
			routed = true
		case p.at(":"):
			p.pos++
		default:
			spec := p.spec()
			p.pos++
			return spec
		}
	}
	return ""
}

// spec reads local@domain. Blanks in the local part stay. It returns an empty string if the domain is not one.
func (p *addressReader) spec() string {
	var parts []string
	dropBlanks := func() {
		if n := len(parts); n > 0 && strings.TrimSpace(parts[n-1]) == "" {
			parts = parts[:n-1]
		}
	}
	p.skip()
	for p.more() && !p.at(localEnds) {
		keep := true
		switch {
		case p.at("."):
			dropBlanks()
			parts = append(parts, ".")
			p.pos++
			keep = false
		case p.at(`"`):
			parts = append(parts, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.delimited("\"\r"))+`"`)
		default:
			parts = append(parts, p.atom(addressEnds))
		}
		if blanks := p.skip(); keep && blanks != "" {
			parts = append(parts, blanks)
		}
	}
	if p.more() {
		dropBlanks()
	}
	local := strings.Join(parts, "")
	if !p.at("@") {
		return local
	}
	p.pos++
	p.skip()
	if domain := p.domain(); domain != "" {
		return local + "@" + domain
	}
	return ""
}

// domain reads a host, or an address in brackets. It returns an empty string if a second @-sign follows.
func (p *addressReader) domain() string {
	var b strings.Builder
	for p.more() {
		switch {
		case p.at(" \t"):
			p.pos++
		case p.at("("):
			p.comment()
		case p.at("["):
			b.WriteString("[" + p.delimited("]\r") + "]")
		case p.at("."):
			b.WriteByte('.')
			p.pos++
		case p.at("@"):
			return ""
		case p.at(addressEnds):
			return b.String()
		default:
			b.WriteString(p.atom(addressEnds))
		}
	}
	return b.String()
}

// phrase reads the words before an address.
func (p *addressReader) phrase() []string {
	var phrases []string
	for p.more() {
		switch {
		case p.at(" \t\r\n"):
			p.pos++
		case p.at(`"`):
			phrases = append(phrases, p.delimited("\"\r"))
		case p.at("("):
			p.comment()
		case p.at(phraseEnds):
			return phrases
		default:
			phrases = append(phrases, p.atom(phraseEnds))
		}
	}
	return phrases
}

// atom returns the characters before the next one of ends.
func (p *addressReader) atom(ends string) string {
	start := p.pos
	for p.more() && !p.at(ends) {
		p.pos++
	}
	return string(p.text[start:p.pos])
}

// delimited returns the text between the next character and the first of ends after it. A backslash escapes.
func (p *addressReader) delimited(ends string) string {
	var b strings.Builder
	for p.pos++; p.more(); p.pos++ {
		if p.at(ends) {
			p.pos++
			break
		}
		if p.at(`\`) {
			if p.pos++; !p.more() {
				break
			}
		}
		b.WriteRune(p.text[p.pos])
	}
	return b.String()
}

// comment skips a comment and those nested in it.
func (p *addressReader) comment() {
	depth := 0
	for ; p.more(); p.pos++ {
		switch {
		case p.at("("):
			depth++
		case p.at(")\r"):
			depth--
		case p.at(`\`):
			p.pos++
		}
		if depth == 0 {
			p.pos++
			return
		}
	}
	p.pos = len(p.text)
}
