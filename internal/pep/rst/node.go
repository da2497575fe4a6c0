package rst

import (
	"iter"
	"slices"
	"strings"
)

// kind tells nodes apart. The order matters in no way.
type kind uint8

const (
	kindDocument kind = iota
	kindSection
	kindTitle
	kindSubtitle
	kindParagraph
	kindBulletList
	kindEnumeratedList
	kindListItem
	kindFieldList
	kindField
	kindFieldName
	kindFieldBody
	kindTable
	kindImage
	kindFigure
	kindTopic
	kindContents // a table of contents, gone when there are no sections
	kindSidebar
	kindTransition
	kindFootnote
	kindCitation
	kindComment
	kindTarget
	kindSubstitution // a substitution definition
	kindPending      // a note to do something later; invisible
	kindMeta
	kindDecoration // header and footer
	kindMessage    // an information of docutils, of no consequence by itself
	kindDocinfo
	kindGone     // to be taken out of the document
	kindDetached // holds what a directive parses, until it's put into its place
	kindBlock    // any other body element, or a part of one
	kindText
	kindInline // any other inline element
	kindReference
	kindFootnoteReference
	kindCitationReference
	kindSubstitutionReference
	kindMath
)

// id stands for docutils' identifier of an element; 0 is none.
type id int

// node is an element of the document, as far as a later message may depend on it.
type node struct {
	kind     kind
	line     int
	parent   *node
	children []*node
	text     string // of a text (escaped), or what describes the element

	names, duplicates []string
	ids               []id
	refName           string // what it points to: a folded name
	refID             id
	refURI            string
	hasRefName        bool
	hasRefURI         bool
	anonymous         bool
	auto              bool // a footnote, or a reference to one, that is numbered or marked by docutils
	resolved          bool
	columns           int    // of a table
	local             bool   // a table of contents: of its section only
	unwritable        *fault // what goes wrong when the element is written, not before
	walking           bool   // an indirect target whose end is being looked for
	origin            *node  // of a copied substitution reference: the reference it came by
}

func newNode(kind kind, line int) *node { return &node{kind: kind, line: line} }

// textNode is a piece of plain text; its escapes are still in it.
func textNode(text string, line int) *node { return &node{kind: kindText, text: text, line: line} }

// add makes children the last children of n.
func (n *node) add(children ...*node) {
	for _, child := range children {
		child.parent = n
	}
	n.children = append(n.children, children...)
}

// setChildren replaces what n contains.
func (n *node) setChildren(children []*node) {
	n.children = n.children[:0:0]
	n.add(children...)
}

// index is the place of child in n, or -1.
func (n *node) index(child *node) int {
	return slices.Index(n.children, child)
}

// replace puts others into the place of child.
func (n *node) replace(child *node, others ...*node) {
	i := n.index(child)
	if i < 0 {
		return
	}
	all := make([]*node, 0, len(n.children)-1+len(others))
	all = append(all, n.children[:i]...)
	all = append(all, others...)
	all = append(all, n.children[i+1:]...)
	for _, other := range others {
		other.parent = n
	}
	child.parent = nil
	n.children = all
}

// remove takes n out of the document.
func (n *node) remove() {
	if n.parent != nil {
		n.parent.replace(n)
	}
}

// plain is the text of n without markup.
func (n *node) plain() string {
	if len(n.children) == 0 {
		return unescape(n.text)
	}
	var b strings.Builder
	for _, child := range n.children {
		b.WriteString(child.plain())
	}
	return b.String()
}

// each visits n and all below it in the order of the document, until visit answers false.
func (n *node) each(visit func(*node) bool) bool {
	if !visit(n) {
		return false
	}
	for i := 0; i < len(n.children); i++ {
		if !n.children[i].each(visit) {
			return false
		}
	}
	return true
}

// all collects the nodes of a kind.
func (n *node) all(kind kind) []*node {
	var found []*node
	n.each(func(n *node) bool {
		if n.kind == kind {
			found = append(found, n)
		}
		return true
	})
	return found
}

// pairs gives every node with the one behind it in the order of the document; the last one with nil. Messages are left
// out.
func (n *node) pairs() iter.Seq2[*node, *node] {
	return func(yield func(node, next *node) bool) {
		var before *node
		ended := !n.each(func(next *node) bool {
			if next.kind == kindMessage {
				return true
			}
			ok := before == nil || yield(before, next)
			before = next
			return ok
		})
		if !ended {
			yield(before, nil)
		}
	}
}

// prune takes out all nodes of a kind below n.
func (n *node) prune(kind kind) {
	gone := func(n *node) bool { return n.kind == kind }
	if slices.ContainsFunc(n.children, gone) {
		n.children = slices.DeleteFunc(slices.Clone(n.children), gone)
	}
	for _, child := range n.children {
		child.prune(kind)
	}
}

// invisible elements leave no trace in the output.
func (n *node) invisible() bool {
	switch n.kind {
	case kindComment, kindTarget, kindSubstitution, kindPending:
		return true
	default:
		return false
	}
}

// beforeDocinfo elements may stand before the title and the bibliographic fields of a document.
func (n *node) beforeDocinfo() bool {
	switch n.kind {
	case kindTitle, kindSubtitle, kindMeta, kindDecoration, kindMessage:
		return true
	default:
		return n.invisible()
	}
}

// inline elements may be the content of a substitution.
func (n *node) inline() bool {
	switch n.kind {
	case kindText, kindInline, kindReference, kindFootnoteReference, kindCitationReference,
		kindSubstitutionReference, kindMath, kindImage, kindTarget:
		return true
	default:
		return false
	}
}
