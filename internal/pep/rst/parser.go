package rst

// parser holds the state of the whole document.
type parser struct {
	problems []Result // those after which the parse went on

	doc         *document
	roles       map[string]role // defined by role directives; "" is the default role
	titleStyles []string        // in the order of their levels
	depth       int             // current nesting of blocks
	steps       int             // remaining budget
}

func newParser(size int) *parser {
	return &parser{
		doc:   newDocument(),
		roles: map[string]role{},
		steps: stepsAtLeast + stepsPerByte*size,
	}
}

// nested parses a block as the content of node. Sections cannot begin inside of it.
func (p *parser) nested(block []line, node *node) {
	if len(block) == 0 {
		return
	}
	p.enter(block[0].lineno)
	p.spend(len(block))
	p.body(&scope{lines: block, at: -1, node: node})
	p.leave()
}

// scope is a run of lines with a current position, and the node that receives the parsed elements.
type scope struct {
	lines  []line
	at     int // index of the current line; -1 before the first, len(lines) after the last
	node   *node
	titles bool // whether sections may begin here: only in the document itself
	inside string
}

// next moves to the next line and reports whether there is one.
func (s *scope) next() bool {
	s.at++
	return s.at < len(s.lines)
}

// text returns the current line.
func (s *scope) text() string { return s.lines[s.at].text }

// lineNumber returns the number of the current line, or the number that a line after the last would have.
func (s *scope) lineNumber() int {
	switch n := len(s.lines); {
	case n == 0:
		return 0
	case s.at < n:
		return s.lines[max(s.at, 0)].lineno
	default:
		return s.lines[n-1].lineno + s.at - n + 1
	}
}

// peek returns the line after the current one; false if there is none.
func (s *scope) peek() (string, bool) {
	if s.at+1 >= len(s.lines) {
		return "", false
	}
	return s.lines[s.at+1].text, true
}

// nextBlank reports whether the next line is blank or absent.
func (s *scope) nextBlank() bool {
	text, ok := s.peek()
	return !ok || strip(text) == ""
}
