package rst

import (
	"regexp"
	"strings"
	"sync"
)

// indentedQuote parses an indented block that follows no other markup: a block quote.
func (p *parser) indentedQuote(s *scope) {
	block, finish := s.indented()
	p.blockQuotes(block, s.node, s.node)
	p.needBlank(s, finish, "Block quote")
}

// blockQuotes parses the quotes in an indented block. An attribution ends a quote, and another begins after it. Messages
// about the attribution are added to messages.
func (p *parser) blockQuotes(block []line, into, messages *node) {
	for len(block) > 0 {
		quote := newNode(kindBlock, block[0].lineno)
		text, attribution, rest := splitAttribution(block)
		into.add(quote)
		p.nested(text, quote)
		if len(attribution) > 0 {
			node := newNode(kindBlock, attribution[0].lineno)
			quote.add(node)
			node.add(p.inline(stripRight(join(attribution)), attribution[0].lineno, messages)...)
		}
		block = rest
		for len(block) > 0 && block[0].text == "" {
			block = block[1:]
		}
	}
}

// dashes matches the beginning of an attribution: two or three hyphens, or one em-dash.
var dashes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:--[^-]|---[^-]|—)`) })

// dashesEnd returns the end of the dashes and blanks at the beginning of an attribution, or 0.
func dashesEnd(text string) int {
	if !dashes().MatchString(text) {
		return 0
	}
	rest, em := strings.CutPrefix(text, "—")
	if !em {
		rest = strings.TrimLeft(text, "-")
	}
	return len(text) - len(strings.TrimLeft(rest, " "))
}

// splitAttribution splits a block quote at its attribution: a line after a blank one that begins with dashes.
func splitAttribution(block []line) (text, attribution, rest []line) {
	blank, seen := -1, false
	for i, l := range block {
		one := stripRight(l.text)
		if one == "" {
			blank = i
			continue
		}
		if seen && blank == i-1 {
			if cut := dashesEnd(one); cut > 0 && cut < len(one) {
				if end, indent := attributionEnd(block, i); end > 0 {
					attribution = append(attribution, block[i:end]...)
					attribution[0].text = attribution[0].text[cut:]
					for j := range attribution[1:] {
						attribution[j+1].text = cutColumns(attribution[j+1].text, indent)
					}
					return block[:i], attribution, block[end:]
				}
			}
		}
		seen = true
	}
	return block, nil, nil
}

// attributionEnd returns the end of an attribution: all its lines except the first must have the same indentation. It is
// 0 otherwise.
func attributionEnd(block []line, start int) (end, indent int) {
	indent = unknown
	for end = start + 1; end < len(block); end++ {
		text := stripRight(block[end].text)
		if text == "" {
			break
		}
		_, width := stripLeft(text)
		if indent == unknown {
			indent = width
		}
		if width != indent {
			return 0, 0
		}
	}
	return end, max(indent, 0)
}
