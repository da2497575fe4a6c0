package rst

import "strings"

// substitution parses ".. |name| directive:: content". end is the position after the first bar.
func (p *parser) substitution(s *scope, end int) (blankFinish bool) {
	number := s.lineNumber()
	block, finish := s.take(taking{first: end, known: unknown, asIs: true})
	name, block, ok := splitSubstitution(block)
	if !ok {
		p.refuse(number, malformedSubstitution)
	}
	block = trimBottom(block)
	if len(block) == 0 {
		p.refuse(number, substitutionMissing, name)
	}
	definition := newNode(kindSubstitution, number)
	definition.names = append(definition.names, squeeze(name))
	block[0].text = strip(block[0].text)
	p.substitutionContent(s, block, definition)
	p.checkSubstitution(definition, name)
	p.define(definition, name)
	s.node.add(definition)
	return finish
}

// splitSubstitution splits the lines of a substitution definition after the name, which may span several lines.
func splitSubstitution(block []line) (name string, rest []line, ok bool) {
	var whole strings.Builder
	from := 1
	for i, l := range block {
		if i > 0 {
			whole.WriteByte(' ')
		}
		whole.WriteString(escape(strip(l.text)))
		text := whole.String()
		stop := substitutionNameEnd(text, from)
		if stop == 0 {
			from = max(len(text)-1, 1)
			continue
		}
		tail := restore(strip(text[stop+1:]))
		if tail == "" {
			return text[:stop], append([]line(nil), block[i+1:]...), true
		}
		rest = append([]line{{tail, l.lineno}}, block[i+1:]...)
		return text[:stop], rest, true
	}
	return "", nil, false
}

// substitutionNameEnd returns the position of the bar that closes the name, or 0.
func substitutionNameEnd(text string, from int) int {
	for i := from; i < len(text); i++ {
		if text[i] != '|' || i+1 < len(text) && text[i+1] != ' ' {
			continue
		}
		if last := lastRune(text, i); last != null && !isSpace(last) {
			return i
		}
	}
	return 0
}

// substitutionContent parses the content of a definition: one directive.
func (p *parser) substitutionContent(s *scope, block []line, definition *node) {
	inner := &scope{lines: block, at: -1, node: definition, inside: definition.names[0]}
	for inner.next() {
		text, number := inner.text(), inner.lineNumber()
		if strings.Trim(text, " ") == "" {
			continue
		}
		if text[0] == ' ' {
			quoted, _ := inner.indented() // is moved out of the definition, which remains empty
			p.blockQuotes(quoted, newNode(kindDetached, number), nil)
			continue
		}
		name, end := embeddedDirective(text)
		if end == 0 {
			return
		}
		p.enter(number)
		nodes, _ := p.directive(inner, name, end)
		p.leave()
		for _, n := range nodes {
			if n.inline() {
				definition.add(n)
			} else {
				s.node.add(n)
			}
		}
		return
	}
}

// embeddedDirective returns the name of a directive inside a definition; end is 0 if there is none.
func embeddedDirective(text string) (name string, end int) {
	stop := simpleName(text, 0)
	if stop == 0 || !strings.HasPrefix(text[stop:], "::") {
		return "", 0
	}
	return text[:stop], blanks(text, stop+2)
}

// checkSubstitution refuses an empty definition, and one with content that cannot be copied: targets and numbered
// references.
func (p *parser) checkSubstitution(definition *node, name string) {
	for _, child := range definition.children {
		child.each(func(n *node) bool {
			switch {
			case n.kind == kindReference && n.anonymous:
				p.refuse(definition.line, substitutionUnfit, "Anonymous references")
			case n.kind == kindFootnoteReference && n.auto:
				p.refuse(definition.line, substitutionUnfit, "References to auto-numbered and auto-symbol footnotes")
			case len(n.names) > 0 || len(n.ids) > 0:
				p.refuse(definition.line, substitutionUnfit, "Targets (names and identifiers)")
			}
			return true
		})
	}
	if len(definition.children) == 0 {
		p.refuse(definition.line, substitutionEmpty, name)
	}
}

// define registers a substitution.
func (p *parser) define(definition *node, name string) {
	name = squeeze(name)
	if _, exists := p.doc.substitutions[name]; exists {
		p.refuse(definition.line, duplicateSubstitution, name)
	}
	p.doc.substitutions[name] = definition
	p.doc.substitutionByFold[normalizeName(name)] = name
}
