package preflight

import (
	"regexp"
	"strings"
	"sync"
)

// GitHub's Markdown never fails to render, but it can come to nothing: blank lines, link reference definitions, and
// footnotes that nothing refers to. Every other block leaves at least a tag. What is not certainly one of the three counts
// as something, so that nobody is refused for a corner of the language.

// emptyMarkdown tells whether a text certainly renders to nothing.
func emptyMarkdown(text string) bool {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff"))
	footnotes, marks := 0, strings.Count(text, "[^")
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		silent := true
		switch {
		case isBlankLine(line):
			text = rest
		case footnoteStart().MatchString(line):
			footnotes++
			text, silent = afterFootnote(rest)
		default:
			text, silent = afterDefinition(text)
		}
		if !silent {
			return false
		}
	}
	return footnotes == marks // one more mark is a reference, which shows the footnote
}

var (
	footnoteStart = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^ {0,3}\[\^[^\[\]\s]+\]:[ \t]+[0-9A-Za-z]`)
	})

	// definition: a label, a destination, and a title or none; each may stand on a line of its own.
	definition = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^ {0,3}\[((?:[^\[\]\\]|\\.)+)\]:[ \t]*(?:\n[ \t]*)?(?:<[^<>\n\\]*>|[^\s<()\\\x00-\x1f\x7f][^\s()\\\x00-\x1f\x7f]*)` +
			`(?:(?:[ \t]+|[ \t]*\n[ \t]*)(?:"[^"\\]*"|'[^'\\]*'|\([^()\\]*\)))?[ \t]*(?:\n|$)`)
	})

	// goesOn matches a line that goes on with a paragraph whatever stood before it: no block begins like that.
	goesOn = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[ \t]*["'(/.A-Za-z]`)
	})
	// lazy adds what begins with a bracket, which is text in the paragraph of a footnote, or another footnote.
	lazy = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[ \t]*["'(/.A-Za-z\[]`)
	})
	named = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`[0-9A-Za-z]`)
	})
)

func isBlankLine(line string) bool {
	return strings.Trim(line, " \t") == ""
}

// afterDefinition cuts a link reference definition off. Its later lines must not be able to begin another block.
func afterDefinition(text string) (rest string, silent bool) {
	const longest = 999 // bytes of a label
	match := definition().FindStringSubmatch(text)
	if match == nil || len(match[1]) > longest || !named().MatchString(match[1]) {
		return "", false
	}
	_, later, _ := strings.Cut(strings.TrimSuffix(match[0], "\n"), "\n")
	for later != "" {
		var line string
		if line, later, _ = strings.Cut(later, "\n"); !goesOn().MatchString(line) {
			return "", false
		}
	}
	return text[len(match[0]):], true
}

// afterFootnote cuts off what belongs to a footnote whose first line is gone: the rest of the paragraph, and then all that
// is indented.
func afterFootnote(text string) (rest string, silent bool) {
	paragraph, odd := true, false // odd: a blank line had blanks, after which what is indented may be code
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		indented := strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t")
		switch {
		case isBlankLine(line):
			paragraph, odd = false, odd || line != ""
		case indented && odd:
			return "", false
		case indented:
		case !paragraph || footnoteStart().MatchString(line):
			return text, true
		case !lazy().MatchString(line):
			return "", false
		}
		text = rest
	}
	return "", true
}
