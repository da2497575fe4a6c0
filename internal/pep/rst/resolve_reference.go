package rst

// matchAnonymous pairs anonymous references with anonymous targets, and refuses unequal numbers of them.
func (p *parser) matchAnonymous() {
	var refs, targets []*node
	p.doc.root.each(func(n *node) bool {
		if n.anonymous && n.kind == kindReference {
			refs = append(refs, n)
		}
		if n.anonymous && n.kind == kindTarget {
			targets = append(targets, n)
		}
		return true
	})
	if len(refs) != len(targets) {
		line := 0
		if len(refs) > len(targets) {
			line = refs[len(targets)].line
		} else {
			line = targets[len(refs)].line
		}
		p.refuse(line, anonymousMismatch, len(refs), len(targets))
	}
	for i, ref := range refs {
		p.pair(ref, targets[i])
	}
}

// pair resolves a reference to what its target points to.
func (p *parser) pair(ref, target *node) {
	if ref.refID != 0 || ref.hasRefURI {
		return
	}
	for range deepest {
		if target.hasRefURI {
			ref.leadTo(target.refURI)
			ref.resolved = true
			return
		}
		if len(target.ids) > 0 {
			ref.refID = target.ids[0]
			p.doc.noteIDRef(ref)
			return
		}
		next := p.doc.byID[target.refID]
		if next == nil || next == target {
			return
		}
		target = next
	}
}

// followIndirect resolves targets that point to other targets, and the references to them.
func (p *parser) followIndirect() {
	for _, target := range p.doc.indirect {
		if !target.resolved {
			p.resolveIndirect(target)
		}
		p.passOn(target)
	}
}

// resolveIndirect follows a target to its end, and refuses it if there is none.
func (p *parser) resolveIndirect(target *node) {
	p.enter(target.line)
	defer p.leave()
	end := p.doc.names[target.refName]
	endID := p.doc.nameIDs[target.refName]
	if target.refID != 0 {
		end, endID = p.doc.byID[target.refID], target.refID
	} else if end != nil && endID == 0 {
		endID = p.doc.identify(end)
	}
	if end == nil {
		p.missingEnd(target)
	}
	if end.kind == kindTarget && !end.resolved && end.hasRefName {
		if target.walking {
			p.refuse(target.line, indirectTarget, nameOf(target), target.refName, "forming a circular reference")
		}
		target.walking = true
		p.resolveIndirect(end)
		target.walking = false
	}
	switch {
	case end.hasRefURI:
		target.leadTo(end.refURI)
		target.refID = 0
	case end.refID != 0:
		target.refID = end.refID
		p.doc.noteIDRef(target)
	case len(end.ids) > 0:
		target.refID = endID
		p.doc.noteIDRef(target)
	default:
		p.missingEnd(target)
	}
	target.hasRefName = false
	target.resolved = true
}

// missingEnd refuses a target that points to an unknown or ambiguous name.
func (p *parser) missingEnd(target *node) {
	why := "which does not exist"
	if _, known := p.doc.names[target.refName]; known {
		why = "which is a duplicate, and cannot be used as a unique reference"
	}
	p.refuse(target.line, indirectTarget, nameOf(target), target.refName, why)
}

func nameOf(n *node) string {
	if len(n.names) == 0 {
		return ""
	}
	return `"` + n.names[0] + `" `
}

// passOn resolves all references to a resolved target.
func (p *parser) passOn(target *node) {
	if target.refID == 0 && !target.hasRefURI {
		return
	}
	var refs []*node
	for _, name := range target.names {
		refs = append(refs, p.doc.refs[name]...)
	}
	for _, one := range target.ids {
		refs = append(refs, p.doc.idRefs[one]...)
	}
	for _, ref := range refs {
		p.spend(1)
		if ref.resolved {
			continue
		}
		ref.hasRefName = false
		ref.refURI, ref.hasRefURI, ref.refID = target.refURI, target.hasRefURI, target.refID
		if ref.refID != 0 {
			p.doc.noteIDRef(ref)
		}
		ref.resolved = true
		if ref.kind == kindTarget {
			p.passOn(ref)
		}
	}
}

// resolveDuplicates resolves the references to targets that are addresses or places in the text.
func (p *parser) resolveDuplicates() {
	for _, target := range p.doc.root.all(kindTarget) {
		if !target.hasRefURI && target.refID != 0 {
			continue
		}
		for _, name := range target.names {
			for _, ref := range p.doc.refs[name] {
				if target.hasRefURI && !ref.resolved {
					ref.leadTo(target.refURI)
				}
				ref.resolved = true
			}
		}
	}
}

// checkReferences refuses references to unknown or ambiguous names.
func (p *parser) checkReferences() {
	p.doc.root.each(func(n *node) bool {
		if n.kind != kindReference && n.kind != kindFootnoteReference && n.kind != kindCitationReference {
			return true
		}
		if n.resolved || !n.hasRefName {
			return true
		}
		switch found, known := p.doc.nameIDs[n.refName]; {
		case found != 0:
			n.resolved = true
		case known:
			p.refuse(n.line, ambiguousReference, n.refName)
		default:
			p.report(n.line, unknownTarget, targetAdvice(n.refName), n.refName)
		}
		return true
	})
}
