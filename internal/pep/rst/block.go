package rst

import "unicode/utf8"

// The ways to take an indented block are told apart by what is known of its indentation beforehand.
const unknown = -1

// taking says how to take an indented block from the current line on.
type taking struct {
	first      int  // bytes to cut from the first line, which belongs to the block; unknown: it is indented like the rest
	known      int  // columns the other lines are indented by; unknown: as many as the one with the fewest
	untilBlank bool // the block ends at a blank line
	asIs       bool // the lines keep their indentation
	keepTop    bool // blank lines at the top belong to the block
}

// indented takes a block that is indented like its line with the fewest blanks.
func (s *scope) indented() (block []line, blankFinish bool) {
	return s.take(taking{first: unknown, known: unknown})
}

// afterMarker takes a block whose first line begins behind a marker of end bytes.
func (s *scope) afterMarker(end int) (block []line, blankFinish bool) {
	return s.take(taking{first: end, known: unknown})
}

// take takes an indented block and leaves its last line the current one. blankFinish tells whether a blank line, or
// nothing, is behind it.
func (s *scope) take(how taking) (block []line, blankFinish bool) {
	end, indent, blankFinish := s.extent(how)
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

// extent finds the end of an indented block, and its indentation.
func (s *scope) extent(how taking) (end, indent int, blankFinish bool) {
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

// trimTop leaves out the blank lines a block begins with.
func trimTop(block []line) []line {
	for len(block) > 0 && strip(block[0].text) == "" {
		block = block[1:]
	}
	return block
}

// trimBottom leaves out the blank lines a block ends with.
func trimBottom(block []line) []line {
	for len(block) > 0 && strip(block[len(block)-1].text) == "" {
		block = block[:len(block)-1]
	}
	return block
}

// textBlock takes the lines up to the next blank one and leaves the last of them the current one. An indented line
// among them refuses the text.
func (p *parser) textBlock(s *scope, flushLeft bool) []line {
	end := s.at
	for ; end < len(s.lines); end++ {
		text := s.lines[end].text
		if strip(text) == "" {
			break
		}
		if flushLeft && text[0] == ' ' {
			p.refuse(s.lines[end].no, unexpectedIndentation)
		}
	}
	block := s.lines[s.at:end:end]
	s.at = end - 1
	return block
}

// stripLeft takes the white space from the beginning of a line and tells how many columns it took.
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

// cutColumns leaves out the first n characters of a line.
func cutColumns(text string, n int) string {
	return text[len(firstColumns(text, n)):]
}

// firstColumns is the first n characters of a line.
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

// join puts the lines of a block together again.
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
