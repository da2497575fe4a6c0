package e2e_test

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What GitHub makes of a job summary, as strictly as ours are made: a few tags, tables and headings, and not one character
// that Markdown or HTML could read another way.

// summaryOf is a summary in the course of being read.
type summaryOf struct {
	wrong []string
	open  []string // tags
	cells int      // of the table that is being read; 0 outside of one
	row   int      // in that table
}

// What the lines of a summary are made of.
var (
	chartSettings    = regexp.MustCompile(`^%%\{init: \{[A-Za-z0-9": ,.{};]*\}\}%%$`)
	chartLine        = regexp.MustCompile(`^ *[-A-Za-z ,.:%0-9]*$`)
	ourTag           = regexp.MustCompile(`<(/?)(code|details|summary|pre|a)( href="https?://[-A-Za-z0-9._~:/?#@!$&*+,;=%]*")?>|<br>`)
	escapedCharacter = regexp.MustCompile(`&(#[0-9]{1,7}|amp|nbsp);`)
	// A colon that something follows is of a link or of an emoji.
	markdown = regexp.MustCompile("[<>&|`*_\\[\\]\\\\!#@~^{}$\r\t]|:[^ ]")
)

// wrongIn returns what in a summary is not ours, or is broken.
func wrongIn(summary string) []string {
	var s summaryOf
	drawing := false // the chart of the phases, to its end
	for n, line := range strings.Split(summary, "\n") {
		switch {
		case line == "```mermaid" && !drawing, line == "```" && drawing:
			drawing = !drawing
		case drawing && chartSettings.MatchString(line):
		case drawing:
			s.plain(chartLine.MatchString(line), "a line of the chart: "+line)
		case n == 0 && strings.HasPrefix(line, "### "):
			s.markup(line[4:])
		case strings.HasPrefix(line, "|"):
			s.tableRow(line)
			continue
		default:
			s.markup(strings.TrimPrefix(line, "- "))
		}
		s.cells = 0
	}
	s.plain(!drawing, "a chart without an end")
	s.plain(len(s.open) == 0, fmt.Sprintf("tags without an end: %v", s.open))
	return s.wrong
}

func (s *summaryOf) plain(ok bool, wrong string) {
	if !ok {
		s.wrong = append(s.wrong, wrong)
	}
}

// tableRow reads a row: as many cells as the head, and every tag ends in its cell.
func (s *summaryOf) tableRow(line string) {
	inner, first := strings.CutPrefix(line, "| ")
	inner, last := strings.CutSuffix(inner, " |")
	s.plain(first && last, "a row without its ends: "+line)
	cells := strings.Split(inner, " | ")
	if s.cells == 0 {
		s.cells, s.row = len(cells), 0
	}
	s.row++
	s.plain(len(cells) == s.cells, fmt.Sprintf("%d cells instead of %d: %s", len(cells), s.cells, line))
	for _, cell := range cells {
		if s.row == 2 {
			s.plain(strings.Trim(cell, "-:") == "", "no line under the head: "+line)
			continue
		}
		outside := len(s.open)
		s.markup(cell)
		s.plain(len(s.open) == outside, "a tag without its end in a cell: "+cell)
	}
}

// markup reads text with tags: ours alone, which match, and between them nothing that means something in Markdown.
func (s *summaryOf) markup(text string) {
	// A comment keeps an address from being one, and the next step has a heading of its own.
	own := strings.NewReplacer("<!-- -->", "", "<br>**What to do:** ", "")
	rest := ourTag.ReplaceAllStringFunc(own.Replace(text), func(tag string) string {
		m := ourTag.FindStringSubmatch(tag)
		switch {
		case tag == "<br>":
		case (m[3] != "") != (m[2] == "a" && m[1] == ""):
			s.wrong = append(s.wrong, "a strange tag: "+tag)
		case m[1] == "":
			s.open = append(s.open, m[2])
		case len(s.open) == 0 || s.open[len(s.open)-1] != m[2]:
			s.wrong = append(s.wrong, fmt.Sprintf("%s ends %v", tag, s.open))
		default:
			s.open = s.open[:len(s.open)-1]
		}
		return ""
	})
	rest = escapedCharacter.ReplaceAllString(rest, "")
	if slices.Contains(s.open, "pre") {
		rest = strings.ReplaceAll(rest, " pypi:", " ") // a command that we write
	}
	if unescaped := markdown.FindString(rest); unescaped != "" {
		s.wrong = append(s.wrong, fmt.Sprintf("%q in %.300q", unescaped, text))
	}
	if strings.Contains(strings.ToLower(html.UnescapeString(ourTag.ReplaceAllString(text, ""))), "www.") {
		s.wrong = append(s.wrong, fmt.Sprintf("a link by itself in %.300q", text))
	}
}

// TestSummaryReader: what is found in a summary, and what is not.
func TestSummaryReader(t *testing.T) {
	t.Parallel()
	for text, wrong := range map[string]int{
		"### ❌ Nothing was published\n\n| a | b |\n| --- | ---: |\n| <code>x</code><br>y | &#124; |\n\n": 0,
		"### x\n- index: <code>http&#58;//x</code>\n<details><summary>a</summary>\n\n</details>\n":       0,
		"### x\n\n### y\n":                                   1,
		"### x\n| a | b |\n| --- | --- |\n| a |\n":           1,
		"### x\n| a | b |\n| --- | --- |\n| a | b | c |\n":   1,
		"### x\n| a | b |\n| a | b |\n":                      2,
		"### x\n| a |\n| --- |\n| <code>a |\n":               2,
		"### x\n<details>\n":                                 1,
		"### x\n</details>\n":                                1,
		"### x\n<code><pre></code></pre>\n":                  2,
		"### x\n<script>alert(1)</script>\n":                 1,
		"### x\n<img src=x onerror=y>\n":                     1,
		"### x\n<a href=\"javascript:x\">y</a>\n":            2,
		"### x\n<code href=\"https://x\">y</code>\n":         2,
		"### x\n[a](b)\n":                                    1,
		"### x\n**a**\n":                                     1,
		"### x\na@b\n":                                       1,
		"### x\nwww.evil.example\n":                          1,
		"### x\nhttps://evil.example\n":                      1,
		"### x\n```mermaid\ngantt\n    a, 1 s :0, 1\n```\n":  0,
		"### x\n```mermaid\ngantt\n    <b>\n":                2,
		"### x\n```\n":                                       1,
		"### x\na&#64;<!-- -->b www<!-- -->.evil.example\n":  0,
		"### x\n<!-- a -->\n":                                1,
		"### x\n| x<br>**What to do:** y |\n| --- |\n":       0,
		"### x\n```mermaid\n%%{init: {\"a\": 1}}%%\n```\n":   0,
		"### x\n```mermaid\n%%{init: {\"<\": 1}}%%\n```\n":   1,
		"### x\n&lt;script&gt;\n":                            1,
		"### x\n<a href=\"https://x/?a=b&amp;c=d\">y</a>.\n": 0,
	} {
		if got := wrongIn(text); len(got) != wrong {
			t.Errorf("%q: %q", text, got)
		}
	}
}
