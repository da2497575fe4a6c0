package metadata

import (
	"regexp"
	"strings"
	"sync"
)

// This file has the part of GitHub's Markdown that decides whether a document renders to nothing. Every block leaves something in the
// output except link reference definitions, and definitions of footnotes that nothing refers to.

// EmptyMarkdown reports whether a document in GitHub's Markdown certainly renders to nothing (docs/reference/pypi-server.md row 50).
func EmptyMarkdown(text string) bool {
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff")), "\n")
	names, footnotes := map[string]bool{}, 0
	for len(lines) > 0 {
		n := 1
		switch {
		case isBlank(lines[0]):
		case indent(lines[0]) > 3:
			return false // a code block
		case footnote().MatchString(lines[0]):
			name := strings.ToLower(strings.TrimLeft(footnote().FindString(lines[0]), " "))
			if names[name] {
				return false // the second one is text
			}
			names[name] = true
			footnotes++
			n = footnoteEnd(lines)
		default:
			var silent bool
			if n, silent = definitions(lines); !silent || n == len(lines) && strings.HasSuffix(lines[n-1], ">") {
				return false // at the end of the text, a destination in angle brackets needs a line end
			}
		}
		lines = lines[n:]
	}
	return footnotes == 0 || strings.Count(text, "[^") == footnotes
}

var footnote = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^ {0,3}\[\^[^\]\s]+\]:`)
})

// footnoteEnd returns how many lines the definition of a footnote has: its first paragraph, and the indented lines after it.
func footnoteEnd(lines []string) int {
	_, text, _ := strings.Cut(lines[0], "]:")
	paragraph := !isBlank(text) && !interrupts(text)
	for i, line := range lines[1:] {
		switch {
		case isBlank(line):
			paragraph = false
		case indent(line) > 3:
		case !paragraph || footnote().MatchString(line) || interrupts(line):
			return i + 1
		}
	}
	return len(lines)
}

// definitions returns how many lines a paragraph has, and reports whether it consists of link reference definitions alone. If another
// block follows without a blank line, silent is false, because that block is visible.
func definitions(lines []string) (n int, silent bool) {
	var paragraph []string
	for i, line := range lines {
		if isBlank(line) || footnote().MatchString(line) {
			break
		}
		if i > 0 && interrupts(line) {
			return n, false
		}
		paragraph = append(paragraph, strings.TrimLeft(line, " \t"))
		n++
	}
	text := strings.Join(paragraph, "\n")
	for text != "" {
		rest, ok := afterDefinition(text)
		if !ok {
			return n, false
		}
		text = rest
	}
	return n, true
}

func isBlank(line string) bool { return strings.Trim(line, " \t") == "" }

// indent returns a line's indentation in columns.
func indent(line string) int {
	column := 0
	for _, r := range line {
		switch r {
		case ' ':
			column++
		case '\t':
			column += 4 - column%4
		default:
			return column
		}
	}
	return column
}

// blocks matches lines that begin a block within a paragraph, or turn the paragraph into another block.
var blocks = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("(?i)^(?:" + strings.Join([]string{
		`#{1,6}(?:[ \t]|$)`,      // heading
		`=+[ \t]*$`, `-+[ \t]*$`, // heading, by its underline
		`>`,                 // quotation
		"```+[^`]*$", `~~~`, // code
		`(?:\*[ \t]*){3,}$`, `(?:-[ \t]*){3,}$`, `(?:_[ \t]*){3,}$`, // thematic break
		`[*+-][ \t]+\S`, `1[.)][ \t]+\S`, // list
		`\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$`, // table
		`<(?:script|pre|style|textarea)(?:\s|>|$)`, `<!--`, `<\?`, `<![a-z]`, `<!\[CDATA\[`,
		`</?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|` +
			`fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|` +
			`menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|source|summary|table|tbody|td|tfoot|th|thead|title|tr|` +
			`track|ul)(?:\s|/?>|$)`,
	}, "|") + ")")
})

// interrupts reports whether a line ends the paragraph before it.
func interrupts(line string) bool {
	return indent(line) < 4 && blocks().MatchString(strings.TrimLeft(line, " \t"))
}

var (
	label = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?s)^\[(?:[^\[\]\\]|\\.)*\]:`)
	})
	gap = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[ \t]*\n?[ \t]*`)
	})
	angle = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^<(?:[^<>\n\\]|\\.)*>`)
	})
	title = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?s)^(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\((?:[^()\\]|\\.)*\))`)
	})
	tail = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[ \t]*(?:\n|$)`)
	})
)

// maxReference is the maximum length of the label of a link reference definition, in bytes.
const maxReference = 1000

// afterDefinition returns text without the link reference definition at its beginning, and reports whether there was one. The title may
// be on the next line; if that line is not a title, the definition ends before it.
func afterDefinition(text string) (rest string, ok bool) {
	name := label().FindString(text)
	if name == "" || len(name) > maxReference || strings.TrimSpace(name[1:len(name)-2]) == "" {
		return "", false
	}
	text = text[len(name):]
	text = text[len(gap().FindString(text)):]
	n := destination(text)
	if n < 0 {
		return "", false
	}
	text = text[n:]
	space := gap().FindString(text)
	if t := title().FindString(text[len(space):]); t != "" && space != "" {
		if after := text[len(space)+len(t):]; tail().MatchString(after) {
			return after[len(tail().FindString(after)):], true
		}
	}
	if !tail().MatchString(text) {
		return "", false
	}
	return text[len(tail().FindString(text)):], true
}

// destination returns the length of a link's destination in bytes, or -1 if text does not begin with one.
func destination(text string) int {
	if strings.HasPrefix(text, "<") {
		if found := angle().FindString(text); found != "" {
			return len(found)
		}
		return -1
	}
	const maxDepth = 32
	n, depth := 0, 0
	for ; n < len(text) && text[n] > ' ' && text[n] != 0x7f; n++ {
		switch text[n] {
		case '\\':
			if n+1 < len(text) && strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", text[n+1]) >= 0 {
				n++
			}
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 || depth > maxDepth {
			return -1
		}
	}
	if n == 0 || depth != 0 {
		return -1
	}
	return n
}
