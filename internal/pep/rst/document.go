package rst

// document holds the tree and its names.
type document struct {
	root *node

	names    map[string]*node // nil: a duplicate, which no reference may use
	explicit map[string]bool  // whether explicit markup ever defined the name
	nameIDs  map[string]id    // 0: a duplicate
	byID     map[id]*node
	lastID   id

	refs         map[string][]*node // references, by the name they use
	idRefs       map[id][]*node
	indirect     []*node // targets that point to another target
	footnoteRefs map[string][]*node
	citationRefs map[string][]*node

	footnotes, autoFootnotes, symbolFootnotes []*node
	autoFootnoteRefs, symbolFootnoteRefs      []*node
	citations                                 []*node

	substitutions      map[string]*node
	substitutionByFold map[string]string
	pending            []*node // class directives without content, which apply to the next element
	contents           []*node
	targetNotes        []*node
	decoration         *node
	front              []*node // for the beginning of the document, from the last to the first
}

func newDocument() *document {
	return &document{
		root:               newNode(kindDocument, 1),
		names:              map[string]*node{},
		explicit:           map[string]bool{},
		nameIDs:            map[string]id{},
		byID:               map[id]*node{},
		refs:               map[string][]*node{},
		idRefs:             map[id][]*node{},
		footnoteRefs:       map[string][]*node{},
		citationRefs:       map[string][]*node{},
		substitutions:      map[string]*node{},
		substitutionByFold: map[string]string{},
	}
}

// identify returns the identifier of a node, after it assigned one if necessary. All names of the node then refer to it.
func (d *document) identify(n *node) id {
	if len(n.ids) == 0 {
		d.lastID++
		n.ids = append(n.ids, d.lastID)
	}
	last := n.ids[len(n.ids)-1]
	for _, one := range n.ids {
		if _, exists := d.byID[one]; !exists {
			d.byID[one] = n
		}
	}
	for _, name := range n.names {
		d.nameIDs[name] = last
	}
	return last
}

// target registers the names of a node. explicit means that the markup exists to define the name, as a hyperlink target
// does. Messages without consequence are added to into, if it is not nil and may contain them.
func (p *parser) target(n *node, explicit bool, into *node) {
	for _, name := range append([]string(nil), n.names...) {
		if old, exists := p.doc.names[name]; exists && old != n {
			if p.duplicate(n, old, name, explicit) && into.takesMessages() {
				into.inform(n.line)
			}
			continue
		}
		p.doc.names[name] = n
		if _, known := p.doc.explicit[name]; !known {
			p.doc.explicit[name] = explicit
		}
	}
	p.doc.identify(n)
}

// duplicate decides which of two nodes keeps a name that both have. Two explicit targets with one name are refused,
// unless they point to the same place. It reports whether docutils adds an informational message.
func (p *parser) duplicate(n, old *node, name string, explicit bool) (informed bool) {
	d := p.doc
	oldExplicit := d.explicit[name]
	d.explicit[name] = oldExplicit || explicit
	switch {
	case old != nil && samePlace(n, old):
		n.loseName(name)
	case explicit && oldExplicit:
		p.refuse(n.line, duplicateTarget, name)
	case explicit:
		d.names[name] = n
		if old == nil {
			return false
		}
		old.loseName(name)
	default:
		n.loseName(name)
		if old != nil && !oldExplicit {
			old.loseName(name)
			d.names[name] = nil
			d.nameIDs[name] = 0
			d.identify(old)
		}
	}
	return true
}

// inform adds a message of docutils that refuses nothing. It counts as an element until the document is written.
func (n *node) inform(line int) { n.add(newNode(kindMessage, line)) }

// takesMessages reports whether messages about names may be added to n: only where body elements are allowed.
func (n *node) takesMessages() bool {
	if n == nil {
		return false
	}
	switch n.kind {
	case kindDocument, kindSection, kindListItem, kindFieldBody, kindBlock, kindTopic, kindSidebar, kindFootnote, kindCitation,
		kindDecoration:
		return true
	default:
		return false
	}
}

// samePlace reports whether two targets point to the same address or to the same other target.
func samePlace(n, old *node) bool {
	return n.hasRefName && old.hasRefName && n.refName == old.refName ||
		n.hasRefURI && old.hasRefURI && n.refURI == old.refURI
}

// loseName moves a name of n to its duplicates.
func (n *node) loseName(name string) {
	for i, one := range n.names {
		if one == name {
			n.names = append(n.names[:i:i], n.names[i+1:]...)
			break
		}
	}
	n.duplicates = append(n.duplicates, name)
}

// noteRef registers a reference by name.
func (d *document) noteRef(n *node) { d.refs[n.refName] = append(d.refs[n.refName], n) }

// noteIDRef registers a reference by identifier.
func (d *document) noteIDRef(n *node) { d.idRefs[n.refID] = append(d.idRefs[n.refID], n) }

// noteIndirect registers a target that points to another target.
func (d *document) noteIndirect(n *node) {
	d.indirect = append(d.indirect, n)
	if len(n.names) > 0 {
		d.noteRef(n)
	}
}

// pointTo makes n a reference to a name.
func (n *node) pointTo(name string) {
	n.refName, n.hasRefName = name, true
}

// leadTo makes n a reference to an address.
func (n *node) leadTo(uri string) {
	n.refURI, n.hasRefURI = uri, true
}
