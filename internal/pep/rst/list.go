package rst

import "unicode/utf8"

// bulletList parses a list whose items begin with the same bullet.
func (p *parser) bulletList(s *scope, m marker) {
	list := newNode(kindBulletList, s.lineNumber())
	s.node.add(list)
	bullet, _ := utf8.DecodeRuneInString(s.text())
	item, finish := p.listItem(s, m)
	list.add(item)
	finish = p.items(s, finish, func(m marker) (bool, bool) {
		if own, _ := utf8.DecodeRuneInString(s.text()); m.mark != markBullet || own != bullet {
			return false, false
		}
		item, finish := p.listItem(s, m)
		list.add(item)
		return true, finish
	})
	p.needBlank(s, finish, "Bullet list")
}

// listItem parses the item after a bullet or an enumerator.
func (p *parser) listItem(s *scope, m marker) (item *node, blankFinish bool) {
	item = newNode(kindListItem, s.lineNumber())
	var block []line
	if m.end < len(s.text()) {
		block, blankFinish = s.take(taking{first: m.end, known: m.width})
	} else {
		block, blankFinish = s.afterMarker(m.end)
	}
	p.nested(block, item)
	return item, blankFinish
}

// enumeratedList parses a list with consecutive numbers, or a paragraph if the first line only looks like an item.
func (p *parser) enumeratedList(s *scope, m marker) {
	e := p.parseEnumerator(s, m.end, anySequence)
	if !s.beginsItem(e) {
		p.text(s)
		return
	}
	list := newNode(kindEnumeratedList, s.lineNumber())
	s.node.add(list)
	if e.ordinal != 1 {
		s.node.inform(s.lineNumber())
	}
	counting := count{enumerator: e, automatic: e.sequence == auto}
	if counting.automatic {
		counting.sequence = arabic
	}
	item, finish := p.listItem(s, m)
	list.add(item)
	finish = p.items(s, finish, func(m marker) (bool, bool) {
		if m.mark != markEnumerator || !counting.goesOn(s, p.parseEnumerator(s, m.end, counting.sequence)) {
			return false, false
		}
		item, finish := p.listItem(s, m)
		list.add(item)
		return true, finish
	})
	p.needBlank(s, finish, "Enumerated list")
}

// count holds the state of an enumerated list.
type count struct {
	enumerator
	automatic bool // after an item with "#", all items must have one
}

// goesOn reports whether an enumerator belongs to the next item, and if so counts it.
func (c *count) goesOn(s *scope, e enumerator) bool {
	switch {
	case e.prefix != c.prefix || e.suffix != c.suffix:
		return false
	case e.sequence != auto && (e.sequence != c.sequence || c.automatic || e.ordinal != c.ordinal+1):
		return false
	case !s.beginsItem(e):
		return false
	}
	c.automatic = c.automatic || e.sequence == auto
	c.ordinal = e.ordinal
	return true
}

// fieldList parses a list of fields: ":name: body".
func (p *parser) fieldList(s *scope, m marker) {
	list := newNode(kindFieldList, s.lineNumber())
	s.node.add(list)
	field, finish := p.field(s, m, s.node)
	list.add(field)
	finish = p.items(s, finish, func(m marker) (bool, bool) {
		if m.mark != markField {
			return false, false
		}
		field, finish := p.field(s, m, nil)
		list.add(field)
		return true, finish
	})
	p.needBlank(s, finish, "Field list")
}

// field parses one field. Messages about its name are added to messages, if it is not nil.
func (p *parser) field(s *scope, m marker, messages *node) (field *node, blankFinish bool) {
	number, name := s.lineNumber(), fieldName(s.text()[:m.end])
	field = newNode(kindField, number)
	block, blankFinish := s.afterMarker(m.end)
	head, body := newNode(kindFieldName, number), newNode(kindFieldBody, number)
	head.add(p.inline(name, number, messages)...)
	body.text = join(block)
	field.add(head, body)
	p.nested(block, body)
	return field, blankFinish
}

// optionList parses a list of command-line options. An option without a description is ordinary text.
func (p *parser) optionList(s *scope, m marker) {
	list := newNode(kindBlock, s.lineNumber())
	item, finish := p.option(s, m)
	if item == nil {
		p.text(s)
		return
	}
	s.node.add(list)
	list.add(item)
	finish = p.items(s, finish, func(m marker) (bool, bool) {
		if m.mark != markOption {
			return false, false
		}
		item, finish := p.option(s, m)
		if item == nil {
			return false, false
		}
		list.add(item)
		return true, finish
	})
	p.needBlank(s, finish, "Option list")
}

func (p *parser) option(s *scope, m marker) (item *node, blankFinish bool) {
	p.checkOptions(s, m.end)
	at, number := s.at, s.lineNumber()
	block, blankFinish := s.afterMarker(m.end)
	if len(block) == 0 {
		s.at = at
		return nil, false
	}
	item = newNode(kindBlock, number)
	p.nested(block, item)
	return item, blankFinish
}

// definitionList parses terms with indented definitions. The current line is the first line of the first definition.
func (p *parser) definitionList(s *scope, term line) {
	list := newNode(kindBlock, term.lineno)
	s.node.add(list)
	finish := p.definition(s, list, term, s.node)
	finish = p.items(s, finish, func(m marker) (bool, bool) {
		next, ok := s.peek()
		if m.mark != markText || !ok || markerOf(next).mark != markIndent {
			return false, false
		}
		term := s.lines[s.at]
		s.at++
		return true, p.definition(s, list, term, nil)
	})
	p.needBlank(s, finish, "Definition list")
}

// definition parses one term with its definition. Messages about the term are added to messages, if it is not nil.
func (p *parser) definition(s *scope, list *node, term line, messages *node) (blankFinish bool) {
	number := s.lineNumber()
	block, blankFinish := s.indented()
	item, head, body := newNode(kindBlock, term.lineno), newNode(kindBlock, term.lineno), newNode(kindBlock, number)
	list.add(item)
	head.add(p.inline(term.text, term.lineno, messages)...)
	item.add(head, body)
	p.nested(block, body)
	return blankFinish
}
