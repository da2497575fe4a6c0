package preflight

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
	"github.com/org/pypi-oidc-publish/internal/pep/rst"
)

// descriptionRender reports descriptions that fail to render or render to nothing, which the index refuses
// (docs/reference/pypi-server.md row 50).
//
// Plain text never fails. A refusal by only one release of the index's renderer is a warning, because it is unknown which
// release the index runs; an undecided result is a notice. The files of a release usually share one description, which is
// then rendered once.
func descriptionRender(s Set) (found []finding.Finding) {
	type description struct{ mediaType, text string }
	known := map[description]renderFailure{}
	for _, d := range s.Files {
		text, present := first(d, "Description")
		kind, given := first(d, "Description-Content-Type")
		if !present {
			continue
		}
		key := description{metadata.MediaType(kind), text}
		problem, seen := known[key]
		if !seen {
			problem = renderProblem(key.mediaType, key.text)
			known[key] = problem
		}
		if problem.why == "" {
			continue
		}
		message := problem.message
		if message == "" {
			message = "The description failed to render in the default format of reStructuredText."
			if given {
				message = fmt.Sprintf("The description failed to render for %s.", quoteLimited(kind))
			}
		}
		fix := fmt.Sprintf("correct %s; or %s; then build again", problem.why, rightType(kind, given))
		switch {
		case strings.TrimFunc(text, pep.IsSpace) == "":
			fix = "the description is empty: write something into the README, or take readme out of pyproject.toml; then build again"
		case !given && looksLikeMarkdown(text):
			fix = "the text looks like Markdown: set Description-Content-Type to text/markdown (readme = \"README.md\" in " +
				"pyproject.toml does), " +
				"and build again; as reStructuredText it fails: " + problem.why
		}
		f := refusal(d, message, fix)
		f.Severity = problem.severity
		found = append(found, f)
	}
	return found
}

// looksLikeMarkdown reports whether a text has what reStructuredText does not have: a heading with #, a fence of code, a link or an image
// in brackets.
func looksLikeMarkdown(text string) bool { return markdownMark().MatchString(text) }

var markdownMark = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("(?m)^#{1,6} \\S|^(```|~~~)|!?\\[[^\\]\\n]+\\]\\([^)\\s]+\\)")
})

// rightType returns advice about the field that declares the format of the text.
func rightType(kind string, given bool) string {
	if given {
		return fmt.Sprintf("change Description-Content-Type %s, if the text is in another format", quote(elide(kind)))
	}
	return "set Description-Content-Type, if the text is in another format, such as text/markdown"
}

// renderFailure says why a text fails to render, or may fail. It is empty if no problem was found.
type renderFailure struct {
	why      string
	message  string // replaces the message of the index if it is not certain to send it
	severity finding.Severity
}

// renderProblem returns why a text of that media type fails to render.
func renderProblem(mediaType, text string) renderFailure {
	switch mediaType {
	case "text/markdown":
		if metadata.EmptyMarkdown(text) {
			return renderFailure{why: "the description, which renders to nothing: write some text", severity: finding.Error}
		}
	case "text/x-rst", "":
		return rstProblem(text)
	}
	return renderFailure{}
}

// rstProblem returns why a text in reStructuredText fails to render. If both releases of the renderer refuse it, the
// reason is the one of the newer release.
func rstProblem(text string) renderFailure {
	const older, newer = rst.Renderer45, rst.Renderer46
	olderResult, newerResult := rst.Check(text, older), rst.Check(text, newer)
	switch {
	case olderResult.Outcome == rst.Refuse && newerResult.Outcome == rst.Refuse:
		return renderFailure{why: rstWhy(newerResult), severity: finding.Error}
	case olderResult.Outcome == rst.Refuse:
		return renderFailure{rstWhy(olderResult), oneRefuses(older, newer, newerResult), finding.Warning}
	case newerResult.Outcome == rst.Refuse:
		return renderFailure{rstWhy(newerResult), oneRefuses(newer, older, olderResult), finding.Warning}
	}
	for _, result := range []rst.Result{newerResult, olderResult} {
		if result.Outcome == rst.Undecided {
			return renderFailure{rstWhy(result), "it is unknown whether the index can render the description", finding.Notice}
		}
	}
	return renderFailure{}
}

// oneRefuses returns a message that only one release of the renderer certainly refuses the description.
func oneRefuses(refusing, other rst.Renderer, result rst.Result) string {
	does := "accepts"
	if result.Outcome == rst.Undecided {
		does = "may accept"
	}
	return fmt.Sprintf("PyPI with %s refuses the description; PyPI with %s %s it.", refusing, other, does)
}

// rstWhy returns where a description is to be corrected, the message of docutils, and the fix, for each of the first problems.
func rstWhy(result rst.Result) string {
	const most = 5
	all := append([]rst.Result{result}, result.More...)
	var parts []string
	for _, one := range all[:min(len(all), most)] {
		part := "the description"
		if one.Line > 0 {
			part = fmt.Sprintf("line %d of the description (%s)", one.Line, one.Construct)
		}
		part += ": " + cut(one.Message)
		if one.Fix != "" {
			part += " (" + cut(one.Fix) + ")"
		}
		parts = append(parts, part)
	}
	why := strings.Join(parts, "; ")
	if more := len(all) - most; more > 0 {
		why += fmt.Sprintf("; and %d more", more)
	}
	return why
}
