package rst

import "slices"

// checkTransitions refuses transitions that separate nothing. One at the end of a section is moved after the section.
func (p *parser) checkTransitions() {
	transitions := p.doc.root.all(kindTransition)
	if len(transitions) == 0 {
		return
	}
	p.doc.root.prune(kindComment)
	for i := 0; i < len(transitions); i++ {
		p.spend(1 + len(transitions[i].parent.children))
		if p.checkTransition(transitions[i]) {
			i--
		}
	}
}

// checkTransition checks one transition, and reports whether it was moved and must be checked again.
func (p *parser) checkTransition(n *node) (moved bool) {
	parent := n.parent
	at := parent.index(n)
	begins := !slices.ContainsFunc(parent.children[:at], separable)
	follows := at > 0 && parent.children[at-1].kind == kindTransition
	if !slices.ContainsFunc(parent.children[at+1:], separable) {
		for sibling := parent; ; sibling = sibling.parent {
			outer := sibling.parent
			if outer == nil {
				p.refuse(n.line, transitionAtEnd)
			}
			if i := outer.index(sibling); i < len(outer.children)-1 {
				n.remove()
				outer.setChildren(slices.Insert(slices.Clone(outer.children), i+1, n))
				moved = true
				break
			}
		}
	}
	switch {
	case begins && parent.kind == kindDocument:
		p.refuse(n.line, transitionAtStart, "document")
	case begins:
		p.refuse(n.line, transitionAtStart, "section")
	case follows:
		p.refuse(n.line, transitionsTogether)
	}
	return moved
}

// separable reports whether an element counts as one that a transition can separate.
func separable(n *node) bool {
	switch n.kind {
	case kindDecoration, kindMeta, kindPending, kindSubstitution, kindSubtitle, kindTarget, kindTitle:
		return false
	default:
		return true
	}
}
