package rst

import "strconv"

// matchNotes numbers footnotes, and assigns a footnote or citation to every reference.
func (p *parser) matchNotes() {
	labels := p.numberFootnotes()
	p.numberReferences(labels)
	if refs, notes := p.doc.symbolFootnoteRefs, p.doc.symbolFootnotes; len(refs) > len(notes) {
		p.refuse(refs[len(notes)].line, tooManySymbolRefs, len(notes))
	}
	resolveNotes(p.doc.footnotes, p.doc.footnoteRefs)
	resolveNotes(p.doc.citations, p.doc.citationRefs)
}

// numberFootnotes numbers the automatic footnotes and returns the labels of those without a name.
func (p *parser) numberFootnotes() (labels []string) {
	number := 0
	for _, note := range p.doc.autoFootnotes {
		label := ""
		for exists := true; exists; _, exists = p.doc.nameIDs[label] {
			number++
			label = strconv.Itoa(number)
		}
		for _, name := range note.names {
			for _, ref := range p.doc.footnoteRefs[name] {
				ref.hasRefName = false
				ref.refID = note.ids[0]
				ref.resolved = true
			}
		}
		if len(note.names) == 0 && len(note.duplicates) == 0 {
			note.names = append(note.names, label)
			p.target(note, true, note)
			labels = append(labels, label)
		}
	}
	return labels
}

// numberReferences assigns footnotes in order to automatic references without a name.
func (p *parser) numberReferences(labels []string) {
	used := 0
	for _, ref := range p.doc.autoFootnoteRefs {
		if ref.resolved || ref.refID != 0 {
			continue
		}
		if used >= len(labels) {
			s := ""
			if used > 1 {
				s = "s"
			}
			p.refuse(ref.line, tooManyAutoRefs, used, s)
		}
		ref.refID = p.doc.nameIDs[labels[used]]
		ref.resolved = true
		used++
	}
}

func resolveNotes(notes []*node, refs map[string][]*node) {
	for _, note := range notes {
		for _, name := range note.names {
			for _, ref := range refs[name] {
				ref.resolved = true
			}
		}
	}
}
