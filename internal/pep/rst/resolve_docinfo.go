package rst

import (
	"strings"
)

// bibliographic says how docutils treats a field at the beginning of a document.
type bibliographic uint8

const (
	ordinaryField bibliographic = iota
	textField                   // a single paragraph
	authorsField
	topicField
)

func bibliographicField(name string) bibliographic {
	switch name {
	case "author", "organization", "address", "contact", "version", "revision", "status", "date", "copyright":
		return textField
	case "authors":
		return authorsField
	case "dedication", "abstract":
		return topicField
	}
	return ordinaryField
}

// docinfo checks the field list at the beginning of a document, and converts it to bibliographic data.
func (p *parser) docinfo() {
	root := p.doc.root
	for i, child := range root.children {
		if child.beforeDocinfo() {
			continue
		}
		if child.kind == kindFieldList {
			info := newNode(kindDocinfo, child.line)
			topics := p.bibliography(child)
			info.add(child.children...)
			children := append([]*node(nil), root.children[:i]...)
			children = append(append(children, info), topics...)
			root.setChildren(append(children, root.children[i+1:]...))
		}
		break
	}
}

// bibliography checks the fields. It removes an abstract and a dedication from the list and returns them.
func (p *parser) bibliography(list *node) (topics []*node) {
	seen := map[string]bool{}
	var rest []*node
	for _, field := range list.children {
		label := field.children[0].children[0].plain()
		name, body := normalizeName(label), field.children[1]
		kind := bibliographicField(name)
		if kind != ordinaryField && len(body.children) == 0 {
			p.refuse(field.line, emptyBibliographic, label)
		}
		switch kind {
		case textField:
			p.checkTextField(field, body, label)
		case authorsField:
			p.checkAuthors(field, body, label)
		case topicField:
			if seen[name] {
				p.refuse(field.line, oneTopicOnly, label)
			}
			seen[name] = true
			topic := newNode(kindTopic, field.line)
			topic.add(body.children...)
			topics = append(topics, topic)
			continue
		}
		rest = append(rest, field)
	}
	list.setChildren(rest)
	return topics
}

// checkTextField refuses anything except one paragraph. Initials that look like an enumerated list are parsed again as
// text.
func (p *parser) checkTextField(field, body *node, label string) {
	first := body.children[0]
	if len(body.children) == 1 && first.kind == kindParagraph {
		return
	}
	if text := strip(body.text); first.kind == kindEnumeratedList && !strings.Contains(text, "\n") {
		holder := newNode(kindDetached, field.line)
		p.nested([]line{{`\` + text, field.line}}, holder)
		if len(holder.children) == 1 && holder.children[0].kind == kindParagraph {
			body.setChildren(holder.children)
			return
		}
	}
	p.refuse(field.line, compoundBibliographic, label)
}

// namesAnybody reports whether there is a name between the separators: semicolons if there are any, otherwise commas.
func namesAnybody(text string) bool {
	separator := ","
	if strings.Contains(text, ";") {
		separator = ";"
	}
	return strip(strings.ReplaceAll(text, separator, " ")) != ""
}

// checkAuthors refuses a field without readable names of authors.
func (p *parser) checkAuthors(field, body *node, label string) {
	first := body.children[0]
	ok := false
	switch {
	case len(body.children) == 1 && first.kind == kindParagraph:
		text := first.plain()
		ok = namesAnybody(text)
		first.setChildren([]*node{textNode(escape(text), first.line)})
	case len(body.children) == 1 && first.kind == kindBulletList:
		for _, item := range first.children {
			if len(item.children) != 1 || item.children[0].kind != kindParagraph {
				p.refuse(field.line, badAuthors, label, label)
			}
		}
		ok = len(first.children) > 0
	case len(body.children) > 1:
		for _, child := range body.children {
			if child.kind != kindParagraph && child.kind != kindComment {
				p.refuse(field.line, badAuthors, label, label)
			}
			ok = ok || child.kind == kindParagraph
		}
	}
	if !ok {
		p.refuse(field.line, badAuthors, label, label)
	}
}
