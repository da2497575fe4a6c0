package rst

import (
	"slices"
	"strings"
)

// A class such as language-de sets the language of an element and of what is in it. docutils converts its straight quotes by a table of
// languages, and a language that the table does not have is a warning.

// quoteLanguages lists the languages of docutils' table of quotes; those with a region are there only with it.
var quoteLanguages = strings.Fields(`af bg ca cs da de el en eo es et eu fi fr gl he hr hsb hu is it ja ko lt lv mk nl nb nn no pl pt ro ru sh
	sk sl sq sr sv tr uk zh-cn zh-tw`)

// hasQuotes reports whether docutils knows the quotes of a language: of the tag, or of the tag with fewer of its parts.
func hasQuotes(language string) bool {
	parts := strings.Split(language, "-")
	return slices.ContainsFunc(quoteLanguages, func(known string) bool {
		base, region, regional := strings.Cut(known, "-")
		return parts[0] == base && (!regional || slices.Contains(parts[1:], region))
	})
}

// languageOf returns the language that class names set; empty if they set none. Names with characters other than ASCII are left out.
func languageOf(names string) string {
	for _, name := range splitSpace(names) {
		words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r >= 0x80 || !isAlnum(byte(r)) })
		language, found := strings.CutPrefix(strings.Join(words, "-"), "language-")
		if found && strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 }) < 0 {
			return language
		}
	}
	return ""
}

// notBlock are the directives whose option "class" does not concern text with quotes: images, code, and roles, whose text is inline.
var notBlock = []string{"image", "figure", "role", "code", "code-block", "sourcecode", "math", "parsed-literal", "raw", "target-notes"}

// speak sets the language of the element that a directive made.
func (c *call) speak(nodes []*node) {
	names := c.options["class"].text
	switch name := strings.ToLower(c.name); {
	case name == "figure":
		names = c.options["figclass"].text
	case slices.Contains(notBlock, name):
		return
	}
	if len(nodes) > 0 {
		nodes[0].setLanguage(languageOf(names))
	}
}

// setLanguage sets the language of an element, unless another class has set it.
func (n *node) setLanguage(language string) {
	if n.language == "" {
		n.language = language
	}
}

// checkQuotes refuses text in a language whose quotes docutils does not know. language is that of the parent.
func (p *parser) checkQuotes(n *node, language string) {
	if n.language != "" {
		language = n.language
	}
	switch n.kind {
	case kindSubstitution, kindComment, kindMessage:
		return
	case kindParagraph, kindTitle, kindSubtitle, kindFieldName:
		if language != "" && !hasQuotes(language) {
			p.refuse(n.line, noQuotes, language)
		}
		return
	}
	for _, child := range n.children {
		p.spend(1)
		p.checkQuotes(child, language)
	}
}
