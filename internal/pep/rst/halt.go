package rst

import "fmt"

// These bounds end a parse without a verdict. A description of 100 KB takes well under a tenth of them.
const (
	deepest      = 100 // nested blocks; docutils itself dies of recursion not far beyond
	stepsAtLeast = 4_000_000
	stepsPerByte = 60
)

// halt is the value of the panic that ends a parse at its first message, as docutils ends by an exception: nothing
// behind that point can change the verdict. Check catches it.
type halt struct{ verdict Verdict }

// fault is one way to be refused: what it is about, docutils' words (a format), and what to do.
type fault struct{ construct, words, fix string }

// refuse ends the parse with docutils' message. Without words, the message is the fault's own, filled with args.
func (p *parser) refuse(line int, f fault, args ...any) {
	p.refuseWith(line, f, f.fix, args...)
}

// refuseWith is refuse with an advice made for the occasion.
func (p *parser) refuseWith(line int, f fault, fix string, args ...any) {
	words := f.words
	if len(args) > 0 {
		words = fmt.Sprintf(words, args...)
	}
	panic(halt{Verdict{Refuse, words, line, f.construct, fix}})
}

// undecided ends the parse without a prediction.
func (p *parser) undecided(line int, construct, why string) {
	panic(halt{Verdict{
		Undecided, why, line, construct,
		"the index will tell; to know before, render the description with readme_renderer",
	}})
}

// catch turns the end of a parse into its verdict. Any other panic is a mistake of this package and goes on.
func (p *parser) catch(verdict *Verdict) {
	switch end := recover().(type) {
	case nil:
	case halt:
		*verdict = end.verdict
	default:
		panic(end)
	}
}

// spend takes work from the budget, and ends the parse when it is used up.
func (p *parser) spend(steps int) {
	p.steps -= steps
	if p.steps < 0 {
		p.undecided(0, "document", "the text takes more work to read than any description should")
	}
}

// enter counts one more level of nested blocks.
func (p *parser) enter(line int) {
	p.depth++
	if p.depth > deepest {
		p.undecided(line, "document", "blocks are nested too deep")
	}
}

// leave is the end of what enter began.
func (p *parser) leave() { p.depth-- }
