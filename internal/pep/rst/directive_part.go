package rst

import (
	"slices"
	"strings"
)

// runContents adds a table of contents. It is removed later if there are no sections.
func runContents(p *parser, c *call) []*node {
	p.canHaveParts(c)
	topic := newNode(kindContents, c.line)
	name := "Contents"
	if title := p.argument(c); title != nil {
		name = title[0].plain()
		topic.add(title...)
	}
	name = normalizeName(name)
	if _, exists := p.doc.names[name]; !exists {
		topic.names = append(topic.names, name)
	}
	topic.local = c.has("local")
	p.target(topic, false, nil)
	p.doc.contents = append(p.doc.contents, topic)
	return []*node{topic}
}

// runPending handles directives that only leave a note for a later transform.
func runPending(_ *parser, c *call) []*node { return []*node{newNode(kindPending, c.line)} }

// runTargetNotes marks where footnotes with the addresses of links are inserted.
func runTargetNotes(p *parser, c *call) []*node {
	n := newNode(kindPending, c.line)
	p.doc.targetNotes = append(p.doc.targetNotes, n)
	return []*node{n}
}

// runDecoration handles headers and footers, which are outside of the body.
func runDecoration(p *parser, c *call) []*node {
	p.needContent(c)
	if p.doc.decoration == nil {
		p.doc.decoration = newNode(kindDecoration, c.line)
		p.prepend(p.doc.decoration)
	}
	p.nested(c.content, p.doc.decoration)
	return nil
}

// prepend inserts a node at the beginning of the document, once that is parsed.
func (p *parser) prepend(n *node) {
	n.parent = p.doc.root
	p.doc.front = append(p.doc.front, n)
}

// placeFront puts the nodes for the beginning of the document there: the last one is the first.
func (p *parser) placeFront() {
	root := p.doc.root
	slices.Reverse(p.doc.front)
	root.setChildren(append(p.doc.front, root.children...))
}

// runMeta checks the fields of a meta directive.
func runMeta(p *parser, c *call) []*node {
	p.needContent(c)
	s := &scope{lines: c.content, at: -1}
	for s.next() {
		m := markerOf(s.text())
		switch m.mark {
		case markBlank:
			continue
		case markField:
			p.metaField(s, m.end)
		default:
			p.refuse(c.line, badMeta)
		}
	}
	p.prepend(newNode(kindMeta, c.line))
	return nil
}

// metaField checks one field: the words after the first are attributes.
func (p *parser) metaField(s *scope, end int) {
	number, name := s.lineNumber(), unescape(escape(fieldName(s.text()[:end])))
	block, _ := s.afterMarker(end)
	if len(block) == 0 {
		p.prepend(newNode(kindMessage, number))
		return
	}
	tokens := splitSpace(name)
	if len(tokens) == 0 {
		p.undecided(number, "directive", "a meta field without a name")
	}
	for _, token := range tokens[1:] {
		attribute, value, ok := strings.Cut(token, "=")
		if !ok || attribute == "" || value == "" || !closed(value) {
			p.refuse(number, badMetaAttribute, token)
		}
	}
}

// closed reports whether a value that begins with a quote ends with the same one.
func closed(value string) bool {
	return value[0] != '"' && value[0] != '\'' || strings.IndexByte(value[1:], value[0]) == len(value)-2 && len(value) > 1
}

// runClass assigns class names to its content, or to the next element, which must exist.
func runClass(p *parser, c *call) []*node {
	p.checkClass(c)
	language := languageOf(c.arguments[0])
	if len(c.content) > 0 {
		holder := newNode(kindDetached, c.line)
		p.nested(c.content, holder)
		for _, child := range holder.children {
			child.setLanguage(language)
		}
		return holder.children
	}
	pending := newNode(kindPending, c.line)
	pending.language = language
	p.doc.pending = append(p.doc.pending, pending)
	return []*node{pending}
}
