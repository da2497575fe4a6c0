package rst

// checkWritten refuses what fails when the document is written, and a document with nothing to show: the title alone
// doesn't count.
func (p *parser) checkWritten() {
	p.checkParts(p.doc.root)
	for _, child := range p.doc.root.children {
		if child.shown() {
			return
		}
	}
	p.refuse(0, nothingRendered)
}

// checkParts looks for what can't be written. What is in definitions never is.
func (p *parser) checkParts(n *node) {
	if n.kind == kindSubstitution {
		return
	}
	if n.unwritable != nil {
		p.refuse(n.line, *n.unwritable)
	}
	if n.kind == kindFootnoteReference && n.hasRefURI {
		p.undecided(n.line, "footnote", "docutils dies of a footnote reference that leads to an address")
	}
	for _, child := range n.children {
		p.checkParts(child)
	}
}

// shown reports whether a part of the document leaves a trace in the output.
func (n *node) shown() bool {
	switch n.kind {
	case kindTarget:
		return !n.hasRefURI && !n.hasRefName && n.refID == 0
	case kindComment, kindSubstitution, kindPending, kindTitle, kindSubtitle, kindMeta, kindDecoration, kindMessage:
		return false
	default:
		return true
	}
}
