package preflight

import (
	"regexp"
	"strings"
	"sync"
)

// GitHub's Markdown never fails to render, but the result can be empty: blank lines, link reference definitions, and
// footnotes without a reference produce nothing. Every other block produces at least a tag. A text counts as empty only
// if it certainly consists of these, so that no description is refused because of a corner case of the language.

// emptyMarkdown reports whether a text certainly renders to nothing.
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

	// definition matches a label, a destination, and an optional title; each may be on its own line.
	definition = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(
			`^ {0,3}\[((?:[^\[\]\\]|\\.)+)\]:[ \t]*(?:\n[ \t]*)?(?:<[^<>\n\\]*>|[^\s<()\\\x00-\x1f\x7f][^\s()\\\x00-\x1f\x7f]*)` +
				`(?:(?:[ \t]+|[ \t]*\n[ \t]*)(?:"[^"\\]*"|'[^'\\]*'|\([^()\\]*\)))?[ \t]*(?:\n|$)`)
	})

	// goesOn matches a line that always continues a paragraph: no block begins like that.
	goesOn = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[ \t]*["'(/.A-Za-z]`)
	})
	// lazy also matches a bracket, which is text in the paragraph of a footnote, or another footnote.
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

// afterDefinition returns the text after a link reference definition. silent is false unless text certainly begins with
// one: its later lines must not be able to begin another block.
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

// afterFootnote returns the text after a footnote whose first line was already removed: the rest of its paragraph, and
// the indented lines after it.
func afterFootnote(text string) (rest string, silent bool) {
	paragraph, odd := true, false // odd: a blank line contained blanks, after which indented text may be code
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
