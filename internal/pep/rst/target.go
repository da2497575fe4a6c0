package rst

import "strings"

// namedTarget parses ".. _name: where". end is the position after the underscore.
func (p *parser) namedTarget(s *scope, end int) (blankFinish bool) {
	number := s.lineNumber()
	block, finish := s.take(taking{first: end, known: unknown, untilBlank: true, asIs: true})
	name, rest, ok := splitTarget(block)
	if !ok {
		p.refuse(number, malformedTarget)
	}
	node := newNode(kindTarget, number)
	p.aim(node, name, rest, s.node)
	s.node.add(node)
	return finish
}

// anonymousTarget parses "__ where".
func (p *parser) anonymousTarget(s *scope, end int) (blankFinish bool) {
	node := newNode(kindTarget, s.lineNumber())
	block, finish := s.take(taking{first: end, known: unknown, untilBlank: true})
	p.aim(node, "", escapeAll(block), s.node)
	s.node.add(node)
	return finish
}

func escapeAll(block []line) []string {
	texts := make([]string, len(block))
	for i, l := range block {
		texts[i] = escape(l.text)
	}
	return texts
}

// splitTarget splits the lines of a target after the name, which may span several lines.
func splitTarget(block []line) (name string, rest []string, ok bool) {
	lines := escapeAll(block)
	var whole strings.Builder
	from := 0
	for i, one := range lines {
		whole.WriteString(one)
		text := whole.String()
		name, end := targetName(text, from)
		if end == 0 {
			from = max(len(text)-3, 0)
			continue
		}
		tail := text[end:]
		return name, append([]string{strip(tail)}, lines[i+1:]...), true
	}
	return "", nil, false
}

// targetName returns the name of a target and the position after its colon; end is 0 if it is incomplete. It does not
// search before from.
func targetName(text string, from int) (name string, end int) {
	if strings.HasPrefix(text, "_") {
		return "", colonEnd(text, 1)
	}
	start := 0
	quoted := strings.HasPrefix(text, "`")
	if quoted {
		start = 1
	}
	if start >= len(text) || text[start] == ' ' || text[start] == '`' {
		return "", 0
	}
	_, size := runeAt(text, start)
	for i := max(start+size, from); i <= len(text); i++ {
		last := lastRune(text, i)
		if last == null || isSpace(last) {
			continue
		}
		stop := i
		if quoted {
			if i == len(text) || text[i] != '`' {
				continue
			}
			stop++
		}
		if end := colonEnd(text, stop); end > 0 {
			return text[start:i], end
		}
	}
	return "", 0
}

// colonEnd returns the position after the colon of a target's name and the blanks there, or 0.
func colonEnd(text string, i int) int {
	if last := lastRune(text, i); last == ':' && lastRune(text, i-1) != null {
		return 0
	}
	if i < len(text) && text[i] == ' ' {
		i++
	}
	if i >= len(text) || text[i] != ':' {
		return 0
	}
	return blanks(text, i+1)
}

// aim sets the name of a target and what it points to: another target, an address, or the element after it.
func (p *parser) aim(target *node, name string, lines []string, into *node) {
	to, uri := targetDestination(lines)
	if name != "" {
		target.names = append(target.names, normalizeName(unescape(name)))
	}
	switch {
	case to != "":
		target.pointTo(normalizeName(to))
	case uri != "":
		target.leadTo(uri)
	}
	if name != "" {
		p.target(target, true, into)
	} else {
		target.anonymous = true
		p.doc.identify(target)
	}
	if to != "" {
		p.doc.noteIndirect(target)
	}
}

// targetDestination returns what the text of a target points to: the name of another target or an address.
func targetDestination(lines []string) (to, uri string) {
	if n := len(lines); n > 0 && strings.HasSuffix(strip(lines[n-1]), "_") {
		if to := referenceName(squeeze(strings.Join(lines, " "))); to != "" {
			return to, ""
		}
	}
	return "", address(strings.Join(lines, " "))
}

// address removes white space from an address, except escaped white space.
func address(text string) string {
	parts := strings.Split(strings.ReplaceAll(text, "\x00\n", "\x00 "), "\x00 ")
	for i, part := range parts {
		parts[i] = strings.Join(splitSpace(unescape(part)), "")
	}
	return strings.Join(parts, " ")
}

// referenceName returns the name in a text that is only a reference: "name_" or "`any name`_"; empty for other text.
func referenceName(text string) string {
	text, ok := strings.CutSuffix(text, "_")
	if !ok || text == "" {
		return ""
	}
	if simpleName(text, 0) == len(text) {
		return unescape(text)
	}
	phrase, ok := strings.CutPrefix(text, "`")
	if !ok || len(phrase) < 2 || phrase[0] == ' ' || phrase[len(phrase)-1] != '`' {
		return ""
	}
	phrase = phrase[:len(phrase)-1]
	if last := lastRune(phrase, len(phrase)); last == null || isSpace(last) {
		return ""
	}
	return unescape(phrase)
}
