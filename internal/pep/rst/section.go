package rst

import (
	"slices"
	"strings"
)

// shortest is the length below which a line of punctuation may still be ordinary text.
const shortest = 4

// underlined parses a title whose underline is the current line. It returns false if the two lines are ordinary text.
func (p *parser) underlined(s *scope, title line) bool {
	text, underline := stripRight(title.text), stripRight(s.text())
	if columns(text) > len(underline) {
		if len(underline) < shortest {
			if s.titles {
				s.node.inform(s.lineNumber())
			}
			return false
		}
		p.refuse(s.lineNumber(), underlineShort)
	}
	if !s.titles {
		p.refuse(s.lineNumber(), titleInside)
	}
	p.section(s, text, underline[:1], title.lineno)
	return true
}

// punctuationLine parses a line of punctuation: a transition, or the overline of a title. If no section may begin here,
// it is refused unless it is short.
func (p *parser) punctuationLine(s *scope) {
	marker := strip(s.text())
	if !s.titles {
		if marker != "::" {
			if len(marker) >= shortest {
				p.refuse(s.lineNumber(), titleOrTransitionInside)
			}
			s.node.inform(s.lineNumber())
		}
		p.text(s)
		return
	}
	next, ok := s.peek()
	switch {
	case !ok || strings.Trim(next, " ") == "":
		p.transition(s, marker)
	case isLine(next):
		if len(marker) >= shortest {
			p.refuse(s.lineNumber(), invalidTitle)
		}
		s.node.inform(s.lineNumber())
		p.text(s)
	default:
		p.overlined(s)
	}
}

// transition parses a line of punctuation by itself. A short one is text.
func (p *parser) transition(s *scope, marker string) {
	if len(marker) < shortest {
		p.text(s)
		return
	}
	s.node.add(newNode(kindTransition, s.lineNumber()))
	s.next()
}

// overlined parses a title between two lines of punctuation. If they do not match, a short overline is text.
func (p *parser) overlined(s *scope) {
	overline, number := stripRight(s.text()), s.lineNumber()
	title := stripRight(s.lines[s.at+1].text)
	if wrong := overlineFault(s, overline, title); wrong != nil {
		if len(overline) >= shortest {
			p.refuse(number, *wrong)
		}
		s.node.inform(number)
		p.text(s)
		return
	}
	s.at += 2
	p.section(s, strip(title), overline[:1]+overline[:1], number+1)
}

// overlineFault returns what is wrong with a title that has an overline; nil if nothing is.
func overlineFault(s *scope, overline, title string) *fault {
	if s.at+2 >= len(s.lines) {
		return &incompleteTitle
	}
	underline := stripRight(s.lines[s.at+2].text)
	switch {
	case !isLine(underline):
		return &noUnderline
	case underline != overline:
		return &overlineMismatch
	case columns(title) > len(overline):
		return &overlineShort
	}
	return nil
}

// section begins a section. Its style determines its level: a new style is one level deeper than the current section.
func (p *parser) section(s *scope, title, style string, number int) {
	level := slices.Index(p.titleStyles, style) + 1
	if level == 0 {
		level = len(p.titleStyles) + 1
	}
	current := 0
	for n := s.node; n.kind == kindSection; n = n.parent {
		current++
	}
	if level > current+1 {
		p.refuse(number, levelSkipped, current, level)
	}
	for ; current >= level; current-- {
		s.node = s.node.parent
	}
	if level > len(p.titleStyles) {
		p.titleStyles = append(p.titleStyles, style)
	}
	p.newSection(s, title, number)
}

func (p *parser) newSection(s *scope, title string, number int) {
	section, head := newNode(kindSection, number), newNode(kindTitle, number)
	s.node.add(section)
	head.add(p.inline(title, number, s.node)...)
	section.names = append(section.names, normalizeName(head.plain()))
	section.add(head)
	p.target(section, false, section)
	s.node = section
}
