package rst

import (
	"iter"
	"slices"
	"strings"
)

// kind distinguishes nodes. The order has no meaning.
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
	kindContents // a table of contents, removed if there are no sections
	kindSidebar
	kindTransition
	kindFootnote
	kindCitation
	kindComment
	kindTarget
	kindSubstitution // a substitution definition
	kindPending      // a note for a later transform; invisible
	kindMeta
	kindDecoration // header and footer
	kindMessage    // an informational message of docutils, without consequence by itself
	kindDocinfo
	kindGone     // to be removed from the document
	kindDetached // holds the nodes that a directive parses, until they are inserted
	kindBlock    // any other body element, or a part of one
	kindText
	kindInline // any other inline element
	kindReference
	kindFootnoteReference
	kindCitationReference
	kindSubstitutionReference
	kindMath
)

// id represents docutils' identifier of an element; 0 means none.
type id int

// node is an element of the document, with what later messages may depend on.
type node struct {
	kind     kind
	line     int
	parent   *node
	children []*node
	text     string // of a text (escaped), or a description of the element

	names, duplicates []string
	ids               []id
	refName           string // the folded name that it points to
	refID             id
	refURI            string
	hasRefName        bool
	hasRefURI         bool
	anonymous         bool
	auto              bool // a footnote, or a reference to one, that docutils numbers or marks
	resolved          bool
	columns           int    // of a table
	local             bool   // a table of contents: only of its section
	language          string // that a class sets for the element; empty if none does
	unwritable        *fault // the fault that occurs when the element is written
	walking           bool   // an indirect target that is being resolved
	origin            *node  // of a copied substitution reference: the reference that it was copied for
}

func newNode(kind kind, line int) *node { return &node{kind: kind, line: line} }

// textNode returns a node for plain text, which is still escaped.
func textNode(text string, line int) *node { return &node{kind: kindText, text: text, line: line} }

// add appends children to n.
func (n *node) add(children ...*node) {
	for _, child := range children {
		child.parent = n
	}
	n.children = append(n.children, children...)
}

// setChildren replaces the children of n.
func (n *node) setChildren(children []*node) {
	n.children = n.children[:0:0]
	n.add(children...)
}

// index returns the position of child in n, or -1.
func (n *node) index(child *node) int {
	return slices.Index(n.children, child)
}

// replace puts others in the place of child.
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

// remove removes n from the document.
func (n *node) remove() {
	if n.parent != nil {
		n.parent.replace(n)
	}
}

// plain returns the text of n without markup.
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

// each visits n and its descendants in document order until visit returns false. It reports whether all were visited.
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

// all returns the nodes of a kind in n and its descendants.
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

// pairs returns every node together with the next one in document order, the last one with nil. Messages are skipped.
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

// prune removes all nodes of a kind below n.
func (n *node) prune(kind kind) {
	gone := func(n *node) bool { return n.kind == kind }
	if slices.ContainsFunc(n.children, gone) {
		n.children = slices.DeleteFunc(slices.Clone(n.children), gone)
	}
	for _, child := range n.children {
		child.prune(kind)
	}
}

// invisible reports whether n produces no output.
func (n *node) invisible() bool {
	switch n.kind {
	case kindComment, kindTarget, kindSubstitution, kindPending:
		return true
	default:
		return false
	}
}

// beforeDocinfo reports whether n may precede the title and the bibliographic fields of a document.
func (n *node) beforeDocinfo() bool {
	switch n.kind {
	case kindTitle, kindSubtitle, kindMeta, kindDecoration, kindMessage:
		return true
	default:
		return n.invisible()
	}
}

// inline reports whether n may be content of a substitution.
func (n *node) inline() bool {
	switch n.kind {
	case kindText, kindInline, kindReference, kindFootnoteReference, kindCitationReference,
		kindSubstitutionReference, kindMath, kindImage, kindTarget:
		return true
	default:
		return false
	}
}
