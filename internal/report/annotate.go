package report

import (
	"github.com/org/pypi-oidc-publish/internal/finding"
)

// annotations is how many annotations of each severity the runner shows for one step (docs/reference/runner.md §1).
const annotations = 10

// longestMessage is the maximum length of a text from outside in an annotation, in bytes: the runner cuts the annotation at 4,096
// characters, and the next step comes after the message.
const longestMessage = 1800

// annotate shows every cause once. For each severity, as many as the runner shows are annotations, and the others are lines of the log.
// Texts too long for an annotation, and files that an annotation does not name, are lines of the log too.
func (r *Reporter) annotate(all []finding.Finding) {
	counts := map[finding.Severity]int{}
	for _, cause := range finding.Causes(all) {
		f, help := cause.Summary(), r.options.Help(cause.First.ID)
		counts[f.Severity]++
		annotated := counts[f.Severity] <= annotations
		if annotated {
			short := cause
			short.First.Message = clipped(short.First.Message, longestMessage)
			short.First.Fix = WithHelp(clipped(short.First.Fix, longestMessage), help)
			r.console.Annotate(short.Annotation())
		}
		if !annotated || max(len(cause.First.Message), len(f.Fix)) > longestMessage {
			f.Fix = WithHelp(f.Fix, help)
			r.lines(f.Lines())
		}
		r.lines(cause.Listing())
	}
	for _, severity := range []finding.Severity{finding.Error, finding.Warning, finding.Notice} {
		switch n := counts[severity] - annotations; {
		case n == 1:
			r.line("1 more %s is only in the log, above", severity)
		case n > 1:
			r.line("%d more %ss are only in the log, above", n, severity)
		}
	}
}

// WithHelp returns a next step with the page that explains it.
func WithHelp(fix, page string) string {
	switch {
	case page == "":
		return fix
	case fix == "":
		return "more: " + page
	default:
		return fix + " (more: " + page + ")"
	}
}
