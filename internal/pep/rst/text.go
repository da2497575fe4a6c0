package rst

import (
	"strings"
)

// text parses what a line of text begins: a title with an underline, a term with a definition, or a paragraph.
func (p *parser) text(s *scope) {
	first := s.lines[s.at]
	if !s.next() {
		p.finishParagraph(s, []line{first})
		return
	}
	switch text := s.text(); {
	case strings.Trim(text, " ") == "":
		p.finishParagraph(s, []line{first})
	case text[0] == ' ':
		p.definitionList(s, first)
	case isLine(text) && p.underlined(s, first):
	default:
		start := s.at - 1
		p.textBlock(s, true)
		if p.paragraph(s, s.lines[start:s.at+1]) {
			s.next()
			p.literalBlock(s)
		}
	}
}

// finishParagraph parses a paragraph whose last line is before the current one.
func (p *parser) finishParagraph(s *scope, lines []line) {
	if p.paragraph(s, lines) {
		p.literalBlock(s)
	}
}

// paragraph parses the lines of a paragraph and reports whether "::" at its end announces a literal block.
func (p *parser) paragraph(s *scope, lines []line) (literalNext bool) {
	data := stripRight(join(lines))
	number := lines[0].lineno
	text := data
	if announcesLiteral(data) {
		literalNext = true
		if len(data) == 2 {
			return true
		}
		text = data[:len(data)-1]
		if c := data[len(data)-3]; c == ' ' || c == '\n' {
			text = stripRight(data[:len(data)-3])
		}
	}
	node := newNode(kindParagraph, number)
	s.node.add(node)
	node.add(p.inline(text, number, s.node)...)
	return literalNext
}

// announcesLiteral reports whether a paragraph ends with an unescaped "::".
func announcesLiteral(data string) bool {
	before, ok := strings.CutSuffix(data, "::")
	slashes := len(before) - len(strings.TrimRight(before, `\`))
	return ok && slashes%2 == 0
}

// literalBlock parses the announced block: an indented one, or lines that all begin with the same quote character.
func (p *parser) literalBlock(s *scope) {
	number := s.lineNumber()
	block, finish := s.indented()
	if len(trimBottom(block)) == 0 {
		p.quotedLiteral(s)
		return
	}
	s.node.add(newNode(kindBlock, number))
	p.needBlank(s, finish, "Literal block")
}

// quotedLiteral parses a literal block that is not indented: every line begins with the same punctuation.
func (p *parser) quotedLiteral(s *scope) {
	for s.at < len(s.lines) && strings.Trim(s.text(), " ") == "" {
		s.at++
	}
	if s.at >= len(s.lines) || !isPunctuation(s.text()[0]) {
		p.refuse(s.lineNumber(), noLiteral)
	}
	s.node.add(newNode(kindBlock, s.lineNumber()))
	quote := s.text()[0]
	for s.next() {
		switch text := s.text(); {
		case strings.Trim(text, " ") == "":
			return
		case text[0] == ' ':
			p.refuse(s.lineNumber(), unexpectedIndentation)
		case text[0] != quote:
			p.refuse(s.lineNumber(), quotingChanges)
		}
	}
}

// lineBlock parses lines that begin with "|".
func (p *parser) lineBlock(s *scope, m marker) {
	block, number := newNode(kindBlock, s.lineNumber()), s.lineNumber()
	s.node.add(block)
	finish := p.blockLine(s, block, m, s.node)
	for !finish && s.next() {
		m := markerOf(s.text())
		if m.mark != markLineBlock {
			s.at--
			break
		}
		finish = p.blockLine(s, block, m, nil)
	}
	if !finish {
		p.refuse(number+1, lineBlockEnds)
	}
}

// blockLine parses one line and its continuation lines. Messages are added to messages, if it is not nil.
func (p *parser) blockLine(s *scope, block *node, m marker, messages *node) (blankFinish bool) {
	p.spend(1)
	number := s.lineNumber()
	lines, blankFinish := s.take(taking{first: m.end, known: unknown, untilBlank: true})
	one := newNode(kindBlock, number)
	block.add(one)
	one.add(p.inline(join(lines), number, messages)...)
	return blankFinish
}
