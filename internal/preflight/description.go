package preflight

import (
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep/rst"
)

// descriptionRender is row 50: the index renders the long description and refuses one that fails or comes to nothing.
// Plain text never fails. What cannot be told is a notice.
func descriptionRender(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		text, present := first(d, "Description")
		kind, given := first(d, "Description-Content-Type")
		if !present {
			continue
		}
		why, severity := renderProblem(mediaType(kind), text)
		if why == "" {
			continue
		}
		message := "The description failed to render in the default format of reStructuredText."
		if given {
			message = fmt.Sprintf("The description failed to render for %s.", saying(kind))
		}
		if severity != finding.Error {
			message = "whether the index can render the description could not be told"
		}
		f := refusal(d, message, fmt.Sprintf("correct Description %s: %s; or %s; then build again", quote(elide(text)), why, rightType(kind, given)))
		f.Severity = severity
		found = append(found, f)
	}
	return found
}

// rightType reminds of the field that says which format the text is in.
func rightType(kind string, given bool) string {
	if given {
		return fmt.Sprintf("change Description-Content-Type %s, if the text is in another format", quote(elide(kind)))
	}
	return "set Description-Content-Type, if the text is in another format, such as text/markdown"
}

// renderProblem tells why a text fails to render; empty where it does not.
func renderProblem(mediaType, text string) (why string, severity finding.Severity) {
	switch mediaType {
	case "text/markdown":
		if emptyMarkdown(text) {
			return "nothing of it would be shown", finding.Error
		}
	case "text/x-rst", "":
		return rstProblem(text)
	}
	return "", finding.Error
}

// rstProblem is the verdict on reStructuredText.
func rstProblem(text string) (why string, severity finding.Severity) {
	verdict := rst.Check(text)
	if verdict.Outcome == rst.Accept {
		return "", finding.Error
	}
	if severity = finding.Error; verdict.Outcome == rst.Undecided {
		severity = finding.Notice
	}
	why = cut(verdict.Message)
	if verdict.Line > 0 {
		why = fmt.Sprintf("in its line %d (%s): %s", verdict.Line, verdict.Construct, why)
	}
	if verdict.Fix != "" {
		why += " (" + cut(verdict.Fix) + ")"
	}
	return why, severity
}
