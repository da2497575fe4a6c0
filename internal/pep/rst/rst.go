package rst

import "fmt"

// Renderer identifies a release of readme_renderer by its major version.
type Renderer uint8

// The supported releases. Neither reads an image in order to scale it.
const (
	// Renderer45 was released on 2026-06-09. It makes the only section of a document its title, which it does not show,
	// and it treats the fields after that title as bibliographic fields.
	Renderer45 Renderer = 45
	// Renderer46 was released on 2026-08-28. It leaves sections where they are
	// (https://github.com/pypa/readme_renderer/pull/377).
	Renderer46 Renderer = 46
)

// String returns the name and the number of the release.
func (r Renderer) String() string { return fmt.Sprintf("readme_renderer %d", r) }

// promotesTitles reports whether the only section of a document or section becomes its title or subtitle.
func (r Renderer) promotesTitles() bool { return r < Renderer46 }

// Outcome says what the index does with a description.
type Outcome uint8

// The three outcomes. Undecided makes no prediction: the index may accept or refuse the description.
const (
	Accept Outcome = iota
	Refuse
	Undecided
)

// String returns the outcome's name in lower case.
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

// Result describes the outcome for one description. For an accepted one all other fields are empty.
type Result struct {
	Outcome   Outcome
	Message   string   // the text of docutils' first message, or why there is no prediction
	Line      int      // the line that docutils reports, counted from 1; 0 if it concerns the whole text
	Construct string   // what kind of markup the line contains: "section title", "directive", ...
	Fix       string   // what to do about it
	More      []Result // further problems of a refused description, found by reading on; not all, and without an own More
}

// String returns the verdict as one line for people.
func (v Result) String() string {
	if v.Outcome == Accept {
		return v.Outcome.String()
	}
	return fmt.Sprintf("%s: line %d: %s: %s (%s)", v.Outcome, v.Line, v.Construct, v.Message, v.Fix)
}

// Check returns the verdict on a description if the index renders it with the given release. Time and memory are bounded
// by the length of the text; it never panics.
func Check(text string, by Renderer) (result Result) {
	p := newParser(len(text))
	defer p.catch(&result)
	if len(text) > longestText {
		p.undecided(0, "document", fmt.Sprintf("the text has %d bytes, more than are read here", len(text)))
	}
	s := &scope{lines: p.sourceLines(text), at: -1, node: p.doc.root, titles: true}
	p.body(s)
	p.placeFront()
	p.resolve(by)
	return Result{}
}
