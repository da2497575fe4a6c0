package rst

// body parses the elements of a block one after another.
func (p *parser) body(s *scope) {
	for s.next() {
		p.element(s)
	}
}

// element parses the element that begins at the current line.
func (p *parser) element(s *scope) {
	p.spend(1)
	switch m := markerOf(s.text()); m.mark {
	case markBlank:
	case markIndent:
		p.indentedQuote(s)
	case markBullet:
		p.bulletList(s, m)
	case markEnumerator:
		p.enumeratedList(s, m)
	case markField:
		p.fieldList(s, m)
	case markOption:
		p.optionList(s, m)
	case markDoctest:
		s.node.add(newNode(kindBlock, s.lineNumber()))
		p.textBlock(s, false)
	case markLineBlock:
		p.lineBlock(s, m)
	case markGridTable:
		p.table(s, p.gridTable)
	case markSimpleTable:
		p.table(s, p.simpleTable)
	case markExplicit, markAnonymous:
		p.explicitMarkup(s, m)
	case markLine:
		p.punctuationLine(s)
	case markText:
		p.text(s)
	}
}

// needBlank refuses an element that is followed by unindented text without a blank line between.
func (p *parser) needBlank(s *scope, blankFinish bool, what string) {
	if !blankFinish {
		p.refuse(s.lineNumber()+1, noBlankLine(what), what)
	}
}

// items parses the rest of a list and reports whether a blank line follows it. one parses the item at the current line
// and returns taken false if there is none. Blank lines may separate items. A line that does not belong to the list is
// left for the next element.
func (p *parser) items(s *scope, blankFinish bool, one func(m marker) (ok, blankFinish bool)) bool {
	for s.next() {
		p.spend(1)
		m := markerOf(s.text())
		if m.mark == markBlank {
			continue
		}
		ok, finish := one(m)
		if !ok {
			s.at--
			break
		}
		blankFinish = finish
	}
	return blankFinish
}
