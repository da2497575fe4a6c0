package preflight

import (
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// descriptionRender is row 50: the index renders the long description and refuses one that fails or comes to nothing.
// Plain text never fails.
func descriptionRender(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		text, present := first(d, "Description")
		kind, given := first(d, "Description-Content-Type")
		if !present {
			continue
		}
		why := renderProblem(mediaType(kind), text)
		if why == "" {
			continue
		}
		message := "The description failed to render in the default format of reStructuredText."
		advice := "set Description-Content-Type to the format that the text is in, such as text/markdown, or correct the text"
		if given {
			message = fmt.Sprintf("The description failed to render for %s.", saying(kind))
			advice = fmt.Sprintf("correct the text, or the Description-Content-Type %s", quote(elide(kind)))
		}
		found = append(found, refusal(d, message, fmt.Sprintf("Description %s: %s; %s and build again", quote(elide(text)), why, advice)))
	}
	return found
}

// renderProblem tells why a text certainly fails to render; empty where it may do.
func renderProblem(mediaType, text string) string {
	switch mediaType {
	case "text/markdown":
		if emptyMarkdown(text) {
			return "nothing of it would be shown"
		}
	case "text/x-rst", "":
		return rstProblem(text)
	}
	return ""
}

// rstProblem is the verdict on reStructuredText: only what is certain. A text of blanks and comments shows nothing.
func rstProblem(text string) string {
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	for len(lines) > 0 {
		switch n := rstComment(lines); {
		case n > 0:
			lines = lines[n:]
		case isBlankLine(lines[0]):
			lines = lines[1:]
		default:
			return ""
		}
	}
	return "nothing of it would be shown"
}

// rstComment counts the lines of a comment that is certainly one: two dots and words that are no markup, then lines that
// are indented. Two dots alone take no lines after a blank one.
func rstComment(lines []string) int {
	text, found := strings.CutPrefix(strings.TrimRight(lines[0], " \t"), "..")
	words := strings.TrimLeft(text, " \t")
	if !found || text != "" && words == text || strings.Contains(text, "::") || strings.HasPrefix(words, "_") || strings.ContainsAny(words, "[]|`") {
		return 0
	}
	n := 1
	for n < len(lines) && (isBlankLine(lines[n]) && (words != "" || n > 1) || !isBlankLine(lines[n]) && strings.ContainsAny(lines[n][:1], " \t")) {
		n++
	}
	return n
}

func isBlankLine(line string) bool {
	return strings.Trim(line, " \t") == ""
}
