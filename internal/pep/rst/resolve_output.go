package rst

// checkWritten refuses what fails when the document is written, and a document without visible content: a title alone
// does not count.
func (p *parser) checkWritten() {
	p.checkParts(p.doc.root)
	for _, child := range p.doc.root.children {
		if child.isVisible() {
			return
		}
	}
	p.refuse(0, nothingRendered)
}

// checkParts refuses elements that cannot be written. The content of definitions is never written.
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

// isVisible reports whether a part of the document produces output.
func (n *node) isVisible() bool {
	switch n.kind {
	case kindTarget:
		return !n.hasRefURI && !n.hasRefName && n.refID == 0
	case kindComment, kindSubstitution, kindPending, kindTitle, kindSubtitle, kindMeta, kindDecoration, kindMessage:
		return false
	default:
		return true
	}
}
