package rst

// checkWritten refuses what fails when the document is written, and a document with nothing to show: the title alone
// doesn't count.
func (p *parser) checkWritten() {
	p.checkImages(p.doc.root)
	for _, child := range p.doc.root.children {
		if child.shown() {
			return
		}
	}
	p.refuse(0, nothingRendered)
}

// checkImages looks for images that can't be written. Those in definitions never are.
func (p *parser) checkImages(n *node) {
	if n.kind == kindSubstitution {
		return
	}
	if n.unwritable != nil {
		p.refuse(n.line, *n.unwritable)
	}
	for _, child := range n.children {
		p.checkImages(child)
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
