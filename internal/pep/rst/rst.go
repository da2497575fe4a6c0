// Package rst tells how the index judges a long description in reStructuredText.
//
// The index renders it with docutils 0.23 through readme_renderer: the first message of level WARNING ends the rendering
// and refuses the release, files and raw HTML are off, and an empty result is refused as well (reference 2.6). So this
// package is a parser of the whole language that yields no document but a verdict. It follows the state machine, the
// directives, the roles and the transforms of docutils by their effect on messages, and leaves out what can cause none.
//
// What it can't tell is undecided, never refused: a nesting or an expansion beyond its bounds, and what depends on the
// version of another library.
package rst

import "fmt"

// Outcome is what the index does with a description.
type Outcome uint8

// The three outcomes. Undecided is no prediction: the index may do either.
const (
	Accept Outcome = iota
	Refuse
	Undecided
)

// String gives the outcome's name in lower case.
func (o Outcome) String() string {
	switch o {
	case Accept:
		return "accept"
	case Refuse:
		return "refuse"
	default:
		return "undecided"
	}
}

// Verdict is the outcome for one description. For an accepted one all other fields are empty.
type Verdict struct {
	Outcome   Outcome
	Message   string // docutils' own words of its first message, or why there is no prediction
	Line      int    // where docutils sees it, counted from 1; 0 when it concerns the whole text
	Construct string // what stands there, in words: "section title", "directive", ...
	Fix       string // what to do about it
}

// String is the verdict in one line, for people.
func (v Verdict) String() string {
	if v.Outcome == Accept {
		return v.Outcome.String()
	}
	return fmt.Sprintf("%s: line %d: %s: %s (%s)", v.Outcome, v.Line, v.Construct, v.Message, v.Fix)
}

// Check judges a description. Time and memory are bounded by the length of the text; it never panics.
func Check(text string) (verdict Verdict) {
	p := newParser(len(text))
	defer p.catch(&verdict)
	s := &scope{lines: p.sourceLines(text), at: -1, node: p.doc.root, titles: true}
	p.body(s)
	p.resolve()
	return Verdict{}
}
