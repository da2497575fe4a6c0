package rst

import (
	"slices"
	"strings"
)

// runImage checks an image. Its target may be a reference.
func runImage(p *parser, c *call) []*node {
	p.checkAlign(c)
	image := newNode(kindImage, c.line)
	image.text = restore(escape(c.options["alt"].text))
	if c.options["loading"].text == "embed" {
		image.unwritable = &cannotEmbed // embedding reads the file
	}
	var ref *node
	if c.has("target") {
		ref = newNode(kindReference, c.line)
		p.imageTarget(ref, c.options["target"].text)
		ref.add(image)
	}
	p.giveName(image, c, "name")
	if ref != nil {
		return []*node{ref}
	}
	return []*node{image}
}

// checkAlign refuses an invalid alignment: within a line of text it must be vertical, elsewhere horizontal.
func (p *parser) checkAlign(c *call) {
	if !c.has("align") {
		return
	}
	vertical := []string{"top", "middle", "bottom"}
	if align := c.options["align"].text; slices.Contains(vertical, align) != (c.inside != "") {
		p.refuse(c.line, badAlign, c.name, align)
	}
}

// imageTarget makes a reference of an image's target.
func (p *parser) imageTarget(ref *node, target string) {
	var lines []string
	for l := range strings.SplitSeq(target, "\n") {
		lines = append(lines, escape(l))
	}
	to, uri := targetDestination(lines)
	if to == "" {
		ref.leadTo(uri)
		return
	}
	ref.pointTo(normalizeName(to))
	p.doc.noteRef(ref)
}

// runFigure checks an image with a caption. All content after the caption is the legend.
func runFigure(p *parser, c *call) []*node {
	align, aligned := c.options["align"]
	delete(c.options, "align")
	figure := newNode(kindFigure, c.line)
	figure.add(runImage(p, c)...)
	if aligned {
		c.options["align"] = align
	}
	p.giveName(figure, c, "figname")
	if len(c.content) == 0 {
		return []*node{figure}
	}
	holder := newNode(kindDetached, c.line)
	p.nested(c.content, holder)
	if len(holder.children) == 0 {
		p.undecided(c.line, "directive", "a figure whose content leaves no trace")
	}
	p.checkCaption(c, holder.children)
	figure.add(holder.children...)
	return []*node{figure}
}

// checkCaption refuses a figure whose content does not begin with a paragraph or an empty comment.
func (p *parser) checkCaption(c *call, children []*node) {
	for _, child := range children {
		switch {
		case child.kind == kindTarget || child.kind == kindPending:
			continue
		case child.kind == kindParagraph, child.kind == kindComment && child.text == "":
			return
		}
		p.refuse(c.line, badCaption)
	}
}
