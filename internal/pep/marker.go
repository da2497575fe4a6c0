package pep

import (
	"strings"
)

// Marker is the condition of a requirement (PEP 508): terms joined by "and" and "or", where "and" binds more tightly. It
// is parsed, never evaluated, because this package knows nothing about the environment of an installer.
type Marker struct {
	Terms []Term
	Joins []string // one fewer than Terms, each "and" or "or"
}

// Term is either a marker in parentheses or a comparison.
type Term struct {
	Group      *Marker // nil for a comparison
	Comparison Comparison
}

// Comparison is a condition such as python_version < "3.8".
type Comparison struct {
	Left     Operand
	Operator string // one of === ~= == != <= >= < > in, not in
	Right    Operand
}

// Operand is one side of a comparison: a variable of the environment under its current name, or a text.
type Operand struct {
	Variable bool
	Text     string
}

// String returns the marker in normalized spelling: single blanks, double quotes, and parentheses only around several
// terms. ParseRequirement accepts it after a semicolon.
func (m *Marker) String() string {
	var b strings.Builder
	m.write(&b)
	return b.String()
}

func (m *Marker) write(b *strings.Builder) {
	for i, term := range m.Terms {
		if i > 0 {
			b.WriteString(" " + m.Joins[i-1] + " ")
		}
		switch group := term.Group.unwrapped(); {
		case group == nil:
			b.WriteString(term.Comparison.String())
		case len(group.Terms) == 1:
			group.write(b)
		default:
			b.WriteByte('(')
			group.write(b)
			b.WriteByte(')')
		}
	}
}

// unwrapped removes parentheses that directly enclose other parentheses.
func (m *Marker) unwrapped() *Marker {
	for m != nil && len(m.Terms) == 1 && m.Terms[0].Group != nil {
		m = m.Terms[0].Group
	}
	return m
}

// String returns the comparison with single blanks.
func (c Comparison) String() string {
	return c.Left.String() + " " + c.Operator + " " + c.Right.String()
}

// String returns a variable's name, or a text in quotes.
func (o Operand) String() string {
	if o.Variable {
		return o.Text
	}
	return quoteMarker(o.Text)
}

// variables maps the names that a marker may compare, including those of PEP 345, to the current ones.
var variables = map[string]string{
	"python_version":                 "python_version",
	"python_full_version":            "python_full_version",
	"os_name":                        "os_name",
	"os.name":                        "os_name",
	"sys_platform":                   "sys_platform",
	"sys.platform":                   "sys_platform",
	"platform_release":               "platform_release",
	"platform_system":                "platform_system",
	"platform_version":               "platform_version",
	"platform.version":               "platform_version",
	"platform_machine":               "platform_machine",
	"platform.machine":               "platform_machine",
	"platform_python_implementation": "platform_python_implementation",
	"platform.python_implementation": "platform_python_implementation",
	"python_implementation":          "platform_python_implementation",
	"implementation_name":            "implementation_name",
	"implementation_version":         "implementation_version",
	"extra":                          "extra",
	"extras":                         "extras",
	"dependency_groups":              "dependency_groups",
}

// maxNesting limits nested parentheses. The index gives up at a similar depth.
const maxNesting = 400

// marker parses terms and the words that join them.
func (p *parser) marker() (*Marker, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxNesting {
		return nil, p.failure("too many nested parentheses", p.pos, p.pos)
	}
	term, err := p.term()
	m := &Marker{Terms: []Term{term}}
	for err == nil {
		join := p.keyword("or", "and")
		if join == "" {
			return m, nil
		}
		term, err = p.term()
		m.Terms, m.Joins = append(m.Terms, term), append(m.Joins, join)
	}
	return nil, err
}

func (p *parser) term() (Term, error) {
	p.blanks()
	var term Term
	open := p.pos
	if p.take("(") {
		group, err := p.marker()
		if err != nil {
			return term, err
		}
		if !p.take(")") {
			return term, p.unclosed("PARENTHESIS", "marker expression", open)
		}
		term.Group = group
	} else {
		comparison, err := p.comparison()
		if err != nil {
			return term, err
		}
		term.Comparison = comparison
	}
	p.blanks()
	return term, nil
}

func (p *parser) comparison() (Comparison, error) {
	left, err := p.operand()
	if err != nil {
		return Comparison{}, err
	}
	operator, err := p.operator()
	if err != nil {
		return Comparison{}, err
	}
	right, err := p.operand()
	if err != nil {
		return Comparison{}, err
	}
	// Names of extras are compared as normalized names.
	switch extra := (Operand{Variable: true, Text: "extra"}); {
	case left == extra && !right.Variable:
		right.Text = string(Normalize(right.Text))
	case right == extra && !left.Variable:
		left.Text = string(Normalize(left.Text))
	}
	return Comparison{left, operator, right}, nil
}

func (p *parser) operand() (Operand, error) {
	defer p.blanks()
	p.blanks()
	if name := p.variable(); name != "" {
		return Operand{Variable: true, Text: variables[name]}, nil
	}
	start := p.pos
	literal := p.quoted()
	if literal == "" {
		return Operand{}, p.failure("Expected a marker variable or quoted string", p.pos, p.pos)
	}
	text, ok := unquoteMarker(literal)
	if !ok {
		return Operand{}, p.failure("Invalid quoted string", start, p.pos)
	}
	return Operand{Text: text}, nil
}

func (p *parser) operator() (string, error) {
	if p.keyword("in") != "" {
		return "in", nil
	}
	if p.keyword("not") != "" {
		if !p.blanks() {
			return "", p.failure("Expected whitespace after 'not'", p.pos, p.pos)
		}
		if p.keyword("in") == "" {
			return "", p.failure("Expected 'in' after 'not'", p.pos, p.pos)
		}
		return "not in", nil
	}
	if operator := operatorOf(p.rest()); p.take(operator) {
		return operator, nil
	}
	return "", p.failure("Expected marker operator, one of <=, <, !=, ==, >=, >, ~=, ===, in, not in", p.pos, p.pos)
}
