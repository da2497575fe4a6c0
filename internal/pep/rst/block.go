package rst

import "unicode/utf8"

// unknown marks an indentation that is determined from the lines of the block.
const unknown = -1

// taking says how to extract an indented block that begins at the current line.
type taking struct {
	first      int  // bytes to cut from the first line, which belongs to the block; unknown: it is indented like the others
	known      int  // columns to cut from the other lines; unknown: the smallest indentation among them
	untilBlank bool // the block ends at a blank line
	asIs       bool // the lines keep their indentation
	keepTop    bool // blank lines at the top belong to the block
}

// indented extracts a block and removes the smallest indentation of its lines.
func (s *scope) indented() (block []line, blankFinish bool) {
	return s.take(taking{first: unknown, known: unknown})
}

// afterMarker extracts a block whose first line begins after a marker of end bytes.
func (s *scope) afterMarker(end int) (block []line, blankFinish bool) {
	return s.take(taking{first: end, known: unknown})
}

// take extracts an indented block and makes its last line the current one. blankFinish reports whether a blank line or
// the end follows.
func (s *scope) take(how taking) (block []line, blankFinish bool) {
	end, indent, blankFinish := s.length(how)
	if end == s.at {
		return nil, blankFinish
	}
	block = make([]line, end-s.at)
	copy(block, s.lines[s.at:end])
	rest := block
	if how.first != unknown {
		block[0].text = block[0].text[how.first:]
		rest = block[1:]
	}
	if indent > 0 && !how.asIs {
		for i := range rest {
			rest[i].text = cutColumns(rest[i].text, indent)
		}
	}
	s.at = end - 1
	if !how.keepTop {
		block = trimTop(block)
	}
	return block, blankFinish
}

// length returns the end of an indented block and its indentation.
func (s *scope) length(how taking) (end, indent int, blankFinish bool) {
	indent = how.known
	end = s.at
	if how.first != unknown {
		end++
	}
	for ; end < len(s.lines); end++ {
		text := s.lines[end].text
		if text != "" && (text[0] != ' ' || how.known != unknown && strip(firstColumns(text, how.known)) != "") {
			return end, max(indent, 0), end > s.at && strip(s.lines[end-1].text) == ""
		}
		rest, width := stripLeft(text)
		switch {
		case rest == "":
			if how.untilBlank {
				return end, max(indent, 0), true
			}
		case how.known == unknown && (indent == unknown || width < indent):
			indent = width
		}
	}
	return end, max(indent, 0), true
}

// trimTop removes blank lines from the beginning of a block.
func trimTop(block []line) []line {
	for len(block) > 0 && strip(block[0].text) == "" {
		block = block[1:]
	}
	return block
}

// trimBottom removes blank lines from the end of a block.
func trimBottom(block []line) []line {
	for len(block) > 0 && strip(block[len(block)-1].text) == "" {
		block = block[:len(block)-1]
	}
	return block
}

// textBlock returns the lines before the next blank one and makes the last of them the current one. With flushLeft, an
// indented line among them is refused.
func (p *parser) textBlock(s *scope, flushLeft bool) []line {
	end := s.at
	for ; end < len(s.lines); end++ {
		text := s.lines[end].text
		if strip(text) == "" {
			break
		}
		if flushLeft && text[0] == ' ' {
			p.refuse(s.lines[end].lineno, unexpectedIndentation)
		}
	}
	block := s.lines[s.at:end:end]
	s.at = end - 1
	return block
}

// stripLeft removes white space from the beginning of a line and returns how many columns that were.
func stripLeft(text string) (rest string, width int) {
	for i := 0; i < len(text); width++ {
		r, size := runeAt(text, i)
		if !isSpace(r) {
			return text[i:], width
		}
		i += size
	}
	return "", width
}

// cutColumns removes the first n characters of a line.
func cutColumns(text string, n int) string {
	return text[len(firstColumns(text, n)):]
}

// firstColumns returns the first n characters of a line.
func firstColumns(text string, n int) string {
	i := 0
	for ; n > 0 && i < len(text); n-- {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		_, size := runeAt(text, i)
		i += size
	}
	return text[:i]
}

// join returns the text of a block, with newlines between the lines.
func join(block []line) string {
	switch len(block) {
	case 0:
		return ""
	case 1:
		return block[0].text
	}
	size := 0
	for _, l := range block {
		size += len(l.text) + 1
	}
	b := make([]byte, 0, size)
	for i, l := range block {
		if i > 0 {
			b = append(b, '\n')
		}
		b = append(b, l.text...)
	}
	return string(b)
}
