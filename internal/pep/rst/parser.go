package rst

// parser holds what is known across the whole document.
type parser struct {
	doc         *document
	roles       map[string]role // what role directives have defined; "" is the default role
	titleStyles []string        // in the order of their levels
	depth       int             // nested blocks at this moment
	steps       int             // left of the budget
}

func newParser(size int) *parser {
	return &parser{
		doc:   newDocument(),
		roles: map[string]role{},
		steps: stepsAtLeast + stepsPerByte*size,
	}
}

// nested parses a block as the content of node. There are no sections inside of it.
func (p *parser) nested(block []line, node *node) {
	if len(block) == 0 {
		return
	}
	p.enter(block[0].no)
	p.spend(len(block))
	p.body(&scope{lines: block, at: -1, node: node})
	p.leave()
}

// scope is a run of lines with a place in it, and the node that takes what is found there.
type scope struct {
	lines  []line
	at     int // index of the current line; -1 before the first, len(lines) behind the last
	node   *node
	titles bool // whether sections may begin here: in the document itself only
	inside string
}

// next goes one line on and reports whether there is one.
func (s *scope) next() bool {
	s.at++
	return s.at < len(s.lines)
}

// text is the current line.
func (s *scope) text() string { return s.lines[s.at].text }

// no is the number of the current line, or of the one behind the last.
func (s *scope) no() int {
	switch n := len(s.lines); {
	case n == 0:
		return 0
	case s.at < n:
		return s.lines[max(s.at, 0)].no
	default:
		return s.lines[n-1].no + s.at - n + 1
	}
}

// peek is the line behind the current one.
func (s *scope) peek() (string, bool) {
	if s.at+1 >= len(s.lines) {
		return "", false
	}
	return s.lines[s.at+1].text, true
}

// nextBlank reports whether the current line is followed by a blank one or by none.
func (s *scope) nextBlank() bool {
	text, ok := s.peek()
	return !ok || strip(text) == ""
}
