package rst

// resolve applies the transforms of docutils, which need the complete document. It keeps their order, because the first
// message counts.
func (p *parser) resolve(by Renderer) {
	p.classTargets()
	p.substitute()
	p.propagate()
	if by.promotesTitles() {
		p.promoteTitle()
	}
	p.docinfo()
	if by.promotesTitles() {
		promoteSubtitles(p.doc.root)
	}
	p.matchAnonymous()
	p.followIndirect()
	p.checkQuotes(p.doc.root, "")
	p.placeTargetNotes()
	p.matchNotes()
	p.resolveDuplicates()
	p.dropEmptyContents()
	p.checkTransitions()
	p.checkReferences()
	p.checkWritten()
}

// classTargets refuses class directives without content that no element follows.
func (p *parser) classTargets() {
	for _, pending := range p.doc.pending {
		element := p.visibleAfter(pending)
		if element == nil {
			p.refuse(pending.line, noElementForClass)
		}
		element.setLanguage(pending.language)
	}
	p.drop(p.doc.pending)
}

// visibleAfter returns the next visible element after n, or after one of its ancestors; nil if there is none.
func (p *parser) visibleAfter(n *node) *node {
	for ; n.parent != nil; n = n.parent {
		siblings, at := n.parent.children, n.parent.index(n)
		p.spend(at / 16)
		for _, sibling := range siblings[at+1:] {
			p.spend(1)
			if !sibling.invisible() && sibling.kind != kindMessage {
				return sibling
			}
		}
	}
	return nil
}

// propagate moves the names of a target to the element after it, so that the target itself produces no output.
func (p *parser) propagate() {
	for target, next := range p.doc.root.pairs() {
		if target.kind != kindTarget || target.hasRefURI || target.hasRefName || target.refID != 0 || len(target.children) > 0 {
			continue
		}
		if next == nil || next.invisible() && next.kind != kindTarget || next.kind == kindFootnote || next.kind == kindCitation {
			continue
		}
		p.spend(16 * len(target.ids))
		next.ids = append(next.ids, target.ids...)
		next.names = append(next.names, target.names...)
		for _, one := range target.ids {
			p.doc.byID[one] = next
		}
		target.refID = target.ids[0]
		target.ids, target.names = nil, nil
		p.doc.noteIDRef(target)
	}
}

// placeTargetNotes replaces the target-notes directive by footnotes for addresses, or removes it if there are none.
func (p *parser) placeTargetNotes() {
	if len(p.doc.targetNotes) == 0 {
		return
	}
	noted := !p.doc.root.each(func(n *node) bool {
		used := n.kind == kindReference && n.anonymous
		for _, name := range n.names {
			used = used || n.kind == kindTarget && len(p.doc.refs[name]) > 0
		}
		return !used || !n.hasRefURI
	})
	if !noted {
		p.drop(p.doc.targetNotes)
	}
	for _, notes := range p.doc.targetNotes {
		notes.kind = kindBlock
	}
}

// drop removes nodes from the document.
func (p *parser) drop(nodes []*node) {
	if len(nodes) == 0 {
		return
	}
	for _, n := range nodes {
		n.kind = kindGone
	}
	p.doc.root.prune(kindGone)
}

// dropEmptyContents removes the tables of contents without entries.
func (p *parser) dropEmptyContents() {
	var empty []*node
	filled := map[*node]bool{} // parts of the document: whether they have sections
	for _, contents := range p.doc.contents {
		from := p.doc.root
		if contents.local {
			from = contents.parent.part()
		}
		if from == nil {
			continue
		}
		has, known := filled[from]
		if !known {
			has = hasSection(from)
			filled[from] = has
		}
		if !has {
			empty = append(empty, contents)
		}
	}
	p.drop(empty)
}

// part returns the section that contains n, or the document.
func (n *node) part() *node {
	for ; n != nil && n.kind != kindSection && n.kind != kindDocument; n = n.parent {
	}
	return n
}

func hasSection(n *node) bool {
	for _, child := range n.children {
		if child.kind == kindSection {
			return true
		}
	}
	return false
}
