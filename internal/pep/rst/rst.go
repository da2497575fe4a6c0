package rst

import "fmt"

// Renderer is a release of readme_renderer, by its number.
type Renderer uint8

// The releases that are known here. Neither looks at an image to scale it.
const (
	// Renderer45 is of 2026-06-09. It takes the only section of a document for its title, which it does not show, and the
	// fields behind that title for bibliographic ones.
	Renderer45 Renderer = 45
	// Renderer46 is of 2026-08-28. It leaves sections where they are (https://github.com/pypa/readme_renderer/pull/377).
	Renderer46 Renderer = 46
)

// String returns the name and the number of the release.
func (r Renderer) String() string { return fmt.Sprintf("readme_renderer %d", r) }

// promotesTitles reports whether a lone section becomes the title of what it is in.
func (r Renderer) promotesTitles() bool { return r < Renderer46 }

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

// Check returns the verdict on a description where the index renders it with the given release. Time and memory are bounded
// by the length of the text; it never panics.
func Check(text string, by Renderer) (verdict Verdict) {
	p := newParser(len(text))
	defer p.catch(&verdict)
	s := &scope{lines: p.sourceLines(text), at: -1, node: p.doc.root, titles: true}
	p.body(s)
	p.resolve(by)
	return Verdict{}
}
