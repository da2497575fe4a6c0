package rst

import (
	"slices"
	"strings"
)

// longestSubstitution limits the text of a substitution, in characters, as docutils does.
const longestSubstitution = 10_000

// substitute replaces references by the content of their definitions, including those within that content.
func (p *parser) substitute() {
	refs := p.doc.root.all(kindSubstitutionReference)
	nested := map[string][]string{}
	for i := 0; i < len(refs); i++ {
		ref := refs[i]
		key, ok := p.substitutionKey(ref.refName)
		if !ok {
			p.refuse(ref.line, undefinedSubstitution, ref.refName)
		}
		definition := p.doc.substitutions[key]
		p.spend(1 + len(definition.children))
		if text := definition.plain(); len(text) > longestSubstitution && len([]rune(text)) > longestSubstitution {
			p.refuse(0, substitutionTooLong, key)
		}
		copied := p.copyOf(definition)
		for _, inner := range copied.all(kindSubstitutionReference) {
			name, ok := p.doc.substitutionByFold[strings.ToLower(inner.refName)]
			if !ok {
				p.undecided(inner.line, "substitution", "docutils dies of an undefined substitution inside of another")
			}
			if slices.Contains(nested[name], name) {
				p.circular(ref)
			}
			nested[name] = append(nested[name], key)
			inner.origin = ref
			refs = append(refs, inner)
		}
		if ref.parent != nil {
			p.spend(len(ref.parent.children))
			ref.parent.replace(ref, copied.children...)
		}
		for _, child := range copied.children {
			if child.hasRefName {
				p.doc.noteRef(child)
			}
		}
	}
}

// substitutionKey returns the key of the definition for a name. Upper and lower case only matter if two names differ in
// nothing else.
func (p *parser) substitutionKey(name string) (string, bool) {
	if _, ok := p.doc.substitutions[name]; ok {
		return name, true
	}
	key, ok := p.doc.substitutionByFold[strings.ToLower(name)]
	return key, ok
}

// circular refuses a substitution that contains itself.
func (p *parser) circular(ref *node) {
	if parent := ref.parent; parent != nil && parent.kind == kindSubstitution {
		p.refuse(parent.line, circularDefinition)
	}
	for ref.origin != nil {
		ref = ref.origin
	}
	p.refuse(ref.line, circularSubstitution, ref.refName)
}

// copyOf returns a copy of a node with all its descendants.
func (p *parser) copyOf(n *node) *node {
	p.spend(64)
	twin := *n
	twin.parent, twin.children = nil, nil
	for _, child := range n.children {
		twin.add(p.copyOf(child))
	}
	return &twin
}
