package rst

import (
	"strconv"
	"strings"
)

// role describes an interpreted text role: its behavior, and the options of its definition.
type role struct {
	base    roleBase
	options map[string]option
}

// roleBase is one of docutils' own roles, grouped by the messages it can cause.
type roleBase uint8

const (
	roleText roleBase = iota // shows its text in some style
	roleCode
	roleMath
	rolePEP
	roleRFC
	roleRaw
	roleUnimplemented
)

// standardRole returns a role that docutils knows in an English document.
func standardRole(name string) (roleBase, bool) {
	switch name {
	case "abbreviation", "ab", "acronym", "ac", "emphasis", "literal", "strong", "subscript", "sub", "superscript", "sup",
		"title-reference", "title", "t":
		return roleText, true
	case "code":
		return roleCode, true
	case "math":
		return roleMath, true
	case "pep-reference", "pep":
		return rolePEP, true
	case "rfc-reference", "rfc":
		return roleRFC, true
	case "raw":
		return roleRaw, true
	case "index", "i", "anonymous-reference", "citation-reference", "footnote-reference", "named-reference",
		"substitution-reference", "uri-reference", "uri", "url", "target", "restructuredtext-unimplemented-role":
		return roleUnimplemented, true
	}
	return 0, false
}

// role returns a role by name; roles defined in the document come first. The empty name means the default role.
func (p *parser) role(name string) (role, bool) {
	name = strings.ToLower(name)
	if own, ok := p.roles[name]; ok {
		return own, true
	}
	if name == "" {
		return role{}, true
	}
	base, ok := standardRole(name)
	return role{base: base}, ok
}

// options returns the options that a role directive may set for a role of this kind.
func (b roleBase) options() map[string]convert {
	options := map[string]convert{"class": classNames}
	switch b {
	case roleCode:
		options["language"] = unchanged
	case roleRaw:
		options["format"] = unchanged
	}
	return options
}

// interpret applies a role to a text.
func (p *parser) interpret(name, content string, lineno int) []*node {
	role, ok := p.role(name)
	if !ok {
		p.report(lineno, unknownRole, roleAdvice(name), name)
	}
	n := newNode(kindInline, lineno)
	if n.text = content; !ok {
		return []*node{n}
	}
	switch role.base {
	case roleCode:
		p.checkLanguage(role.options["language"].text, lineno)
		n.text = restore(content)
	case roleMath:
		n.kind = kindMath
	case rolePEP:
		if n, ok := integer(unescape(content)); !ok || n < 0 || n > 9999 {
			p.refuse(lineno, badPEP, restore(content))
		}
		n.kind = kindReference
	case roleRFC:
		number, _, _ := strings.Cut(unescape(content), "#")
		if n, ok := integer(number); !ok || n < 1 {
			p.refuse(lineno, badRFC, restore(content))
		}
		n.kind = kindReference
	case roleRaw:
		p.refuse(lineno, rawRole)
	case roleUnimplemented:
		p.refuse(lineno, roleNotImplemented, name)
	}
	return []*node{n}
}

// checkLanguage checks the language of a code role: unlike the directive, the role requires that Pygments knows it. The
// list ages, so an unknown language is undecided.
func (p *parser) checkLanguage(language string, number int) {
	language = strings.ToLower(language)
	if language == "" || language == "none" || language == "text" || knownLexer(language) {
		return
	}
	p.undecided(number, "role", "Pygments may not know the language "+strconv.Quote(language))
}

// integer works like Python's int(): an optional sign, digits with single underscores between them, white space around.
func integer(text string) (int, bool) {
	text = strip(text)
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "+"), "-")
	if len(text)-len(digits) > 1 || strings.HasPrefix(digits, "_") || strings.HasSuffix(digits, "_") || strings.Contains(digits, "__") {
		return 0, false
	}
	digits = strings.ReplaceAll(digits, "_", "")
	if digits == "" || !isArabic(digits) {
		return 0, false
	}
	if len(digits) > longestOrdinal {
		digits = strings.Repeat("9", longestOrdinal)
	}
	n, err := strconv.Atoi(digits)
	if strings.HasPrefix(text, "-") {
		n = -n
	}
	return n, err == nil
}
