package rst

// promoteTitle makes the only section of a document its title, and the only section within that its subtitle.
func (p *parser) promoteTitle() {
	root := p.doc.root
	section, before := lonelySection(root)
	if section == nil {
		return
	}
	children := append([]*node{section.children[0]}, before...)
	root.setChildren(append(children, section.children[1:]...))
	for _, one := range section.ids {
		p.doc.byID[one] = root
	}
	root.setLanguage(section.language)
	if section, _ := lonelySection(root); section != nil {
		i := root.index(section)
		subtitle := newNode(kindSubtitle, section.line)
		subtitle.language = section.language
		subtitle.add(section.children[0].children...)
		children := append([]*node{root.children[0], subtitle}, root.children[1:i]...)
		root.setChildren(append(children, section.children[1:]...))
	}
}

// lonelySection returns the only section of a node, if nothing except what may precede a title is before it and nothing
// is after it.
func lonelySection(n *node) (section *node, before []*node) {
	for i, child := range n.children {
		if child.beforeDocinfo() {
			continue
		}
		if child.kind != kindSection || i != len(n.children)-1 {
			return nil, nil
		}
		return child, n.children[:i]
	}
	return nil, nil
}

// promoteSubtitles makes the only section of a section its subtitle.
func promoteSubtitles(n *node) {
	for i := 0; i < len(n.children); i++ {
		child := n.children[i]
		if child.kind != kindSection {
			continue
		}
		if section, _ := lonelySection(child); section != nil {
			at := child.index(section)
			subtitle := newNode(kindSubtitle, section.line)
			subtitle.language = section.language
			subtitle.add(section.children[0].children...)
			children := append([]*node{child.children[0], subtitle}, child.children[1:at]...)
			child.setChildren(append(children, section.children[1:]...))
		}
		promoteSubtitles(child)
	}
}
