package rst

import (
	"errors"
	"fmt"
	"strings"
)

// directive describes what docutils knows about a directive before it runs.
type directive struct {
	required, optional int  // how many arguments
	spaces             bool // the last argument may contain white space
	options            map[string]convert
	content            bool
	run                func(*parser, *call) []*node
}

// call is one use of a directive.
type call struct {
	name      string
	line      int
	arguments []string
	options   map[string]option
	content   []line
	skipped   int    // lines between the name and the content
	into      *node  // the parent of the directive
	inside    string // the name of the substitution being defined, or empty
}

// has reports whether an option was set.
func (c *call) has(name string) bool {
	_, set := c.options[name]
	return set
}

// directive parses a directive and returns the nodes it produces. end is the position in its first line after the name.
func (p *parser) directive(s *scope, name string, end int) (nodes []*node, blankFinish bool) {
	d, ok := directiveNamed(strings.ToLower(name))
	number := s.lineNumber()
	block, finish := s.take(taking{first: end, known: unknown, keepTop: true})
	switch {
	case !ok && s.inside != "": // the definition would be empty
		p.refuseWith(number, unknownDirective, directiveAdvice(name), name)
	case !ok:
		p.report(number, unknownDirective, directiveAdvice(name), name)
		return []*node{newNode(kindBlock, number)}, finish || s.nextBlank()
	}
	c := &call{name: name, line: number, into: s.node, inside: s.inside}
	if err := p.arrange(c, d, block); err != nil {
		p.badDirective(c, err)
	}
	nodes = d.run(p, c)
	c.speak(nodes)
	return nodes, finish || s.nextBlank()
}

// badDirective refuses a directive with invalid arguments, options or content.
func (p *parser) badDirective(c *call, err error) {
	if errors.Is(err, errBeyond) {
		p.undecided(c.line, "directive", "a value of an option of the "+c.name+" directive")
	}
	p.refuseWith(c.line, directiveError, "correct the arguments and options of the \""+c.name+"\" directive, or remove them", c.name, err)
}

// arrange splits the block of a directive into arguments, options and content, and checks them.
func (p *parser) arrange(c *call, d directive, block []line) error {
	if len(block) > 0 && strip(block[0].text) == "" {
		block = block[1:]
		c.skipped++
	}
	block = trimBottom(block)
	var head []line
	c.content = block
	split := 0
	if len(block) > 0 && (d.required+d.optional > 0 || d.options != nil) {
		for split < len(block) && strip(block[split].text) != "" {
			split++
		}
		head, c.content = block[:split], block[min(split+1, len(block)):]
	}
	var err error
	if d.options != nil {
		if head, c.options, err = p.readOptions(d.options, head); err != nil {
			return err
		}
	}
	if len(head) > 0 && d.required+d.optional == 0 {
		c.content = append(head[:len(head):len(head)], block[split:]...)
		head = nil
	}
	for len(c.content) > 0 && strip(c.content[0].text) == "" {
		c.content = c.content[1:]
		c.skipped++
	}
	if c.arguments, err = d.arguments(join(head)); err != nil {
		return err
	}
	if len(c.content) > 0 && !d.content {
		return errors.New("no content permitted")
	}
	return nil
}

// arguments splits the arguments of a directive and checks their number.
func (d directive) arguments(text string) ([]string, error) {
	most := d.required + d.optional
	if most == 0 {
		return nil, nil
	}
	arguments := splitSpace(text)
	if len(arguments) < d.required {
		return nil, fmt.Errorf("%d argument(s) required, %d supplied", d.required, len(arguments))
	}
	if len(arguments) > most {
		if !d.spaces {
			return nil, fmt.Errorf("maximum %d argument(s) allowed, %d supplied", most, len(arguments))
		}
		arguments = []string{strip(text)} // no directive has more than one argument
	}
	return arguments, nil
}

// readOptions parses the options at the end of a directive's head, and returns the lines before them and the options.
func (p *parser) readOptions(known map[string]convert, head []line) (rest []line, options map[string]option, err error) {
	at := 0
	for at < len(head) && fieldEnd(head[at].text) == 0 {
		at++
	}
	options = map[string]option{}
	if at == len(head) {
		return head, options, nil
	}
	s := &scope{lines: head[at:], at: -1}
	type named struct {
		name  string
		value option
	}
	var found []named
	for s.next() {
		m := markerOf(s.text())
		if m.mark != markField {
			return nil, nil, errors.New("invalid option block")
		}
		name, value := p.readOption(s, m.end)
		if len(splitSpace(name)) != 1 {
			return nil, nil, errors.New("invalid option data: extension option field name may not contain multiple words")
		}
		found = append(found, named{name, value})
	}
	for _, one := range found {
		if err := setOption(known, options, one.name, one.value); err != nil {
			return nil, nil, err
		}
	}
	return head[:at], options, nil
}

// readOption parses one option. Its name may contain markup.
func (p *parser) readOption(s *scope, end int) (name string, value option) {
	field := newNode(kindFieldName, s.lineNumber())
	marker := fieldName(s.text()[:end])
	number := s.lineNumber()
	block, _ := s.afterMarker(end)
	field.add(p.inline(marker, number, nil)...)
	return strings.ToLower(field.plain()), option{text: join(trimBottom(block)), given: len(block) > 0}
}

// setOption checks an option and stores it in options.
func setOption(known map[string]convert, options map[string]option, name string, value option) error {
	check, ok := known[name]
	if !ok {
		return fmt.Errorf("unknown option: \"%s\"", name)
	}
	if _, again := options[name]; again {
		return fmt.Errorf("invalid option data: duplicate option \"%s\"", name)
	}
	if err := check(&value); err != nil {
		if errors.Is(err, errBeyond) {
			return err
		}
		return fmt.Errorf("invalid option value: (option: \"%s\"; value: '%s')\n%v", name, value.text, err)
	}
	options[name] = value
	return nil
}
