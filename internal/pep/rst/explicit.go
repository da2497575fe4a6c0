package rst

import (
	"strings"
)

// explicitMarkup parses a run of constructs that begin with ".." or "__".
func (p *parser) explicitMarkup(s *scope, m marker) {
	finish := p.construct(s, m)
	for s.next() {
		m := markerOf(s.text())
		if m.mark != markExplicit && m.mark != markAnonymous {
			s.at--
			break
		}
		p.spend(1)
		finish = p.construct(s, m)
	}
	p.needBlank(s, finish, "Explicit markup")
}

// construct parses one of them: a footnote, citation, target, substitution definition or directive, or else a comment.
func (p *parser) construct(s *scope, m marker) (blankFinish bool) {
	if m.mark == markAnonymous {
		return p.anonymousTarget(s, m.end)
	}
	text := s.text()
	rest := text[m.end:]
	if rest == "" {
		return p.comment(s, m.end)
	}
	switch rest[0] {
	case '[':
		if label, end := noteLabel(text, m.end); end > 0 {
			return p.note(s, label, end)
		}
	case '_':
		if len(rest) > 1 && rest[1] != ' ' {
			return p.namedTarget(s, m.end+1)
		}
	case '|':
		if len(rest) > 1 && rest[1] != ' ' {
			return p.substitution(s, m.end+1)
		}
	default:
		if name, end := directiveName(text, m.end); end > 0 {
			nodes, finish := p.directive(s, name, end)
			s.node.add(nodes...)
			return finish
		}
	}
	return p.comment(s, m.end)
}

// comment parses explicit markup that is nothing else. An empty comment ends immediately.
func (p *parser) comment(s *scope, end int) (blankFinish bool) {
	comment := newNode(kindComment, s.lineNumber())
	s.node.add(comment)
	if strip(s.text()[end:]) == "" && s.nextBlank() {
		return true
	}
	block, finish := s.afterMarker(end)
	comment.text = join(trimBottom(block))
	return finish
}

// noteLabel returns the label of a footnote or citation definition; end is 0 if there is none.
func noteLabel(text string, i int) (label string, end int) {
	stop := labelEnd(text, i+1)
	if stop == i+1 || stop >= len(text) || text[stop] != ']' {
		return "", 0
	}
	return text[i+1 : stop], blanks(text, stop+1)
}

// labelEnd returns the end of the footnote or citation label at i: a number, "#", "#name", "*" or a name. It is i if
// there is none.
func labelEnd(text string, i int) int {
	switch {
	case strings.HasPrefix(text[i:], "*"):
		return i + 1
	case strings.HasPrefix(text[i:], "#"):
		return simpleName(text, i+1)
	default:
		return simpleName(text, i)
	}
}

// note parses the definition of a footnote or citation.
func (p *parser) note(s *scope, label string, end int) (blankFinish bool) {
	note := newNode(kindFootnote, s.lineNumber())
	block, finish := s.afterMarker(end)
	p.register(note, normalizeName(label))
	s.node.add(note)
	switch {
	case len(block) > 0:
	case note.kind == kindCitation:
		p.refuse(note.line, emptyCitation)
	default:
		p.refuse(note.line, emptyFootnote)
	}
	p.nested(block, note)
	return finish
}

// register adds a footnote or citation to the document, by the kind of its label.
func (p *parser) register(note *node, name string) {
	d := p.doc
	switch {
	case name[0] == '#':
		note.auto = true
		name = name[1:]
		d.autoFootnotes = append(d.autoFootnotes, note)
	case name == "*":
		note.auto = true
		name = ""
		d.symbolFootnotes = append(d.symbolFootnotes, note)
	case isArabic(name):
		d.footnotes = append(d.footnotes, note)
	default:
		note.kind = kindCitation
		d.citations = append(d.citations, note)
	}
	if name == "" {
		d.identify(note)
		return
	}
	note.names = append(note.names, name)
	p.target(note, true, note)
}

// directiveName returns the name of a directive; end is 0 if there is none.
func directiveName(text string, i int) (name string, end int) {
	stop := simpleName(text, i)
	name = text[i:stop]
	rest := strings.TrimPrefix(text[stop:], " ")
	if name == "" || !strings.HasPrefix(rest, "::") {
		return "", 0
	}
	return name, blanks(text, len(text)-len(rest)+2)
}
