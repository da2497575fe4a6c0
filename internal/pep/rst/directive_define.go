package rst

import (
	"strings"
)

// needDefinition refuses directives that are only allowed inside a substitution definition.
func (p *parser) needDefinition(c *call) {
	if c.inside == "" {
		p.refuse(c.line, onlyInSubstitution, c.name)
	}
}

// runReplace returns the text of its single paragraph.
func runReplace(p *parser, c *call) []*node {
	p.needDefinition(c)
	p.needContent(c)
	holder := newNode(kindDetached, c.line)
	p.nested(c.content, holder)
	holder.prune(kindMessage)
	if len(holder.children) == 0 {
		return nil
	}
	if len(holder.children) > 1 || holder.children[0].kind != kindParagraph {
		p.refuse(c.line, oneParagraphExpected, c.name)
	}
	return holder.children[0].children
}

// runUnicode returns characters given by their code points, up to a comment.
func runUnicode(p *parser, c *call) []*node {
	p.needDefinition(c)
	text := c.arguments[0]
	for _, comment := range []string{" .. ", "\n.. "} {
		text, _, _ = strings.Cut(text, comment)
	}
	if strings.HasPrefix(text, ".. ") {
		text = ""
	}
	var nodes []*node
	for _, code := range splitSpace(text) {
		char, err := unicodeCode(code)
		if err != nil {
			p.refuse(c.line, badCode, code)
		}
		nodes = append(nodes, textNode(char, c.line))
	}
	return nodes
}

// runDate returns a placeholder for a formatted date.
func runDate(p *parser, c *call) []*node {
	p.needDefinition(c)
	return []*node{textNode("date", c.line)}
}

// runRole defines a role, which may be based on another.
func runRole(p *parser, c *call) []*node {
	if c.skipped > 1 || len(c.content) == 0 {
		p.refuse(c.line, roleNeedsName, c.name)
	}
	name, base, ok := roleArguments(c.content[0].text)
	if !ok {
		p.refuse(c.line, badRoleName, c.name, c.content[0].text)
	}
	own := role{}
	if base != "" {
		var known bool
		if own, known = p.role(base); !known {
			p.refuseWith(c.line, unknownRole, roleAdvice(base), base)
		}
	}
	inner := &call{name: c.name, line: c.line}
	if err := p.arrange(inner, directive{options: own.base.options()}, c.content[1:]); err != nil {
		p.badDirective(inner, err)
	}
	p.roles[strings.ToLower(name)] = role{own.base, p.roleOptions(c, own, inner.options, name)}
	return nil
}

// roleOptions returns the options of a role: those of its base and its own. Without class names, the role's own name is
// used as one.
func (p *parser) roleOptions(c *call, base role, given map[string]option, name string) map[string]option {
	if _, classed := given["class"]; !classed {
		switch identifiable(name) {
		case never:
			p.refuse(c.line, roleNameNoClass, c.name, name)
		case perhaps:
			p.undecided(c.line, "directive", "whether a class name can be made of "+name)
		}
	}
	options := map[string]option{}
	for key, value := range base.options {
		options[key] = value
	}
	for key, value := range given {
		options[key] = value
	}
	return options
}

// roleArguments splits "name" and "name(base)".
func roleArguments(text string) (name, base string, ok bool) {
	end := simpleName(text, 0)
	if end == 0 {
		return "", "", false
	}
	rest := strip(text[end:])
	if rest == "" {
		return text[:end], "", true
	}
	inner, opened := strings.CutPrefix(rest, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	inner = strip(inner)
	if !opened || !closed || inner == "" || simpleName(inner, 0) != len(inner) {
		return "", "", false
	}
	return text[:end], inner, true
}

// runDefaultRole sets the default role, or resets it.
func runDefaultRole(p *parser, c *call) []*node {
	if len(c.arguments) == 0 {
		delete(p.roles, "")
		return nil
	}
	own, ok := p.role(c.arguments[0])
	if !ok {
		p.refuseWith(c.line, unknownRole, roleAdvice(c.arguments[0]), c.arguments[0])
	}
	p.roles[""] = own
	return nil
}
