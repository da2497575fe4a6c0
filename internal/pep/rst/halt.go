package rst

import "fmt"

// These limits end a parse without a verdict. A description of 100 KB uses much less than a tenth of them.
const (
	longestText  = 512 << 10 // bytes; a text takes up to 320 times its length of memory
	deepest      = 100       // nested blocks; docutils itself fails with a recursion error not far beyond
	stepsAtLeast = 4_000_000
	stepsPerByte = 60
)

// halt is the panic value that ends a parse at its first message, as an exception ends docutils: later text cannot change
// the verdict. Check recovers it.
type halt struct{ result Result }

// fault describes one reason for a refusal: the construct, docutils' message (a format), and what to do.
type fault struct{ construct, message, fix string }

// refuse ends the parse with the message of f, formatted with args.
func (p *parser) refuse(line int, f fault, args ...any) {
	p.refuseWith(line, f, f.fix, args...)
}

// refuseWith works like refuse, with specific advice instead of f.fix.
func (p *parser) refuseWith(line int, f fault, fix string, args ...any) {
	message := f.message
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	panic(halt{Result{Outcome: Refuse, Message: message, Line: line, Construct: f.construct, Fix: fix}})
}

// mostProblems limits the problems of one document.
const mostProblems = 20

// report works like refuseWith, but the parse goes on, as docutils itself can: to find more problems of the document. It must be safe to
// go on.
func (p *parser) report(line int, f fault, fix string, args ...any) {
	p.problems = append(p.problems, Result{
		Outcome: Refuse, Message: fmt.Sprintf(f.message, args...), Line: line, Construct: f.construct, Fix: fix,
	})
	if len(p.problems) == mostProblems {
		panic(halt{}) // the parse ends with what was reported
	}
}

// undecided ends the parse without a prediction.
func (p *parser) undecided(line int, construct, why string) {
	panic(halt{Result{
		Outcome: Undecided, Message: why, Line: line, Construct: construct,
		Fix: "only the index can decide; to find out before the upload, render the description with readme_renderer",
	}})
}

// catch converts the problems that were reported, and the panic that ended the parse, to the verdict. Any other panic is a bug of this
// package and continues.
func (p *parser) catch(result *Result) {
	switch end := recover().(type) {
	case nil:
	case halt:
		*result = end.result
	default:
		panic(end)
	}
	if len(p.problems) == 0 {
		return
	}
	first, more := p.problems[0], p.problems[1:]
	if result.Outcome == Refuse {
		more = append(more, *result)
	}
	*result = first
	result.More = more
}

// spend reduces the budget, and ends the parse as undecided if it is used up.
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

// leave ends the level that enter began.
func (p *parser) leave() { p.depth-- }
