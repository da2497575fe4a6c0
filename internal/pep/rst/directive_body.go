package rst

import "strings"

// needContent refuses a directive without content.
func (p *parser) needContent(c *call) {
	if len(c.content) == 0 {
		p.refuse(c.line, contentExpected, c.name)
	}
}

// made returns a new node for a directive, with the name that its option sets.
func (p *parser) made(kind kind, c *call) *node {
	n := newNode(kind, c.line)
	p.giveName(n, c, "name")
	return n
}

// giveName makes a node an explicit target if an option names it.
func (p *parser) giveName(n *node, c *call, option string) {
	if c.has(option) {
		n.names = append(n.names, normalizeName(c.options[option].text))
		p.target(n, true, n)
	}
}

// argument parses the inline markup of the first argument into a title, if there is one.
func (p *parser) argument(c *call) []*node {
	if len(c.arguments) == 0 {
		return nil
	}
	title := newNode(kindTitle, c.line)
	title.add(p.inline(c.arguments[0], c.line, c.into)...)
	return []*node{title}
}

// runContainer handles directives whose content is body elements, with or without a title.
func runContainer(p *parser, c *call) []*node {
	p.needContent(c)
	n := p.made(kindBlock, c)
	n.add(p.argument(c)...)
	p.nested(c.content, n)
	return []*node{n}
}

// runClassedContainer treats the argument as class names.
func runClassedContainer(p *parser, c *call) []*node {
	p.needContent(c)
	language := ""
	if len(c.arguments) > 0 {
		p.checkClass(c)
		language = languageOf(c.arguments[0])
		c.arguments = nil
	}
	made := runContainer(p, c)
	made[0].setLanguage(language)
	return made
}

// checkClass refuses a first argument that cannot be converted to class names.
func (p *parser) checkClass(c *call) {
	switch err := classNames(&option{text: c.arguments[0], given: true}); err {
	case nil:
	case errBeyond:
		p.undecided(c.line, "directive", "whether a class name can be made of "+c.arguments[0])
	default:
		p.refuse(c.line, badClass, c.name, c.arguments[0])
	}
}

// canHaveParts refuses topics and similar elements inside of other elements.
func (p *parser) canHaveParts(c *call) {
	switch c.into.kind {
	case kindDocument, kindSection, kindSidebar, kindDetached:
	default:
		p.refuse(c.line, partInside, c.name)
	}
}

func runTopic(p *parser, c *call) []*node { return runPart(p, c, kindTopic) }

func runSidebar(p *parser, c *call) []*node {
	if c.into.kind == kindSidebar {
		p.refuse(c.line, sidebarInSidebar, c.name)
	}
	if c.has("subtitle") && len(c.arguments) == 0 {
		p.refuse(c.line, subtitleAlone)
	}
	return runPart(p, c, kindSidebar)
}

func runPart(p *parser, c *call, kind kind) []*node {
	p.canHaveParts(c)
	p.needContent(c)
	n := newNode(kind, c.line)
	n.add(p.argument(c)...)
	if subtitle := c.options["subtitle"].text; subtitle != "" {
		node := newNode(kindSubtitle, c.line)
		node.add(p.inline(subtitle, c.line, c.into)...)
		n.add(node)
	}
	p.giveName(n, c, "name")
	p.nested(c.content, n)
	return []*node{n}
}

func runRubric(p *parser, c *call) []*node {
	n := newNode(kindBlock, c.line)
	n.add(p.inline(c.arguments[0], c.line, c.into)...)
	p.giveName(n, c, "name")
	return []*node{n}
}

func runQuote(p *parser, c *call) []*node {
	p.needContent(c)
	holder := newNode(kindDetached, c.line)
	p.blockQuotes(c.content, holder, c.into)
	return holder.children
}

func runLineBlock(p *parser, c *call) []*node {
	p.needContent(c)
	n := p.made(kindBlock, c)
	for _, l := range c.content {
		n.add(p.inline(strip(l.text), l.lineno, c.into)...)
	}
	return []*node{n}
}

func runParsedLiteral(p *parser, c *call) []*node {
	p.needContent(c)
	n := newNode(kindBlock, c.line)
	n.add(p.inline(join(c.content), c.line, c.into)...)
	p.giveName(n, c, "name")
	return []*node{n}
}

// runMath makes a block of every part between blank lines. Only the first receives the name.
func runMath(p *parser, c *call) []*node {
	p.needContent(c)
	var nodes []*node
	for part := range strings.SplitSeq(join(c.content), "\n\n") {
		if part == "" {
			continue
		}
		nodes = append(nodes, newNode(kindBlock, c.line))
	}
	if len(nodes) > 0 {
		p.giveName(nodes[0], c, "name")
	}
	return nodes
}

func runCode(p *parser, c *call) []*node {
	p.needContent(c)
	return []*node{p.made(kindBlock, c)}
}

// runNothing adds nothing to the document.
func runNothing(*parser, *call) []*node { return nil }

// runTest handles the directive that docutils uses for its own tests: it produces an informational message.
func runTest(_ *parser, c *call) []*node { return []*node{newNode(kindPending, c.line)} }

// runDisabled refuses a directive that the index has disabled.
func runDisabled(p *parser, c *call) []*node {
	p.refuse(c.line, directiveDisabled, c.name)
	return nil
}
