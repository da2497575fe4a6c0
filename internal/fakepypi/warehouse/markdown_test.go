package warehouse

import (
	"strings"
	"testing"
)

// TestEmptyMarkdown compares with what renderers of GitHub's Markdown with footnotes do.
func TestEmptyMarkdown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":          true,
		" \t\r\n\r": true,
		"\ufeff\n":  true,
		"\u00a0":    false,
		"text":      false,
		"<!-- -->":  false,
		"    code":  false,
		"&nbsp;":    false,
		"# ":        false,
		">":         false,
		"-":         false,
		"***":       false,
		"\\":        false,
		"|a|\n|-|":  false,

		"[a]: /x":                                true,
		"  [a]: /x\n\n\t\n[b]: <> 't'\n":         true,
		"[a]: /x\n[b]: /y\r\n[c]: /z":            true,
		"[a]:\n  /x\n    \"title\n over lines\"": true,
		"[a]: /x (a title\\))":                   true,
		"[a\\]\nb]: <x y>":                       true,
		"[a]: f(o(o))":                           true,
		"[a]:\n<https://example.com>":            true,
		"[ ]: /x":                                false,
		"[]: /x":                                 false,
		"[a] : /x":                               false,
		"[a]:":                                   false,
		"[a]: /x y":                              false,
		"[a]: /x \"t\" y":                        false,
		"[a]: /x\n\"t\" y":                       false, // the definition ends, a paragraph is left
		"[a]: /x\n\"t":                           false,
		"[a]: /x \"t\n\nu\"":                     false,
		"[a]: <x>\"t\"":                          false,
		"[a]: f(o":                               false,
		"[a]: f)":                                false,
		"[a]: <x\ny>":                            false,
		"[a[b]]: /x":                             false,
		"    [a]: /x":                            false,
		"[a]: /x\ntext":                          false,
		"[a]: /x\n===":                           false,
		"[a]:\n===":                              false,
		"[a]:\n-":                                false,
		"[a]:\n<div>":                            false,
		"[a]:\n#":                                false,
		"[a]:\n:-":                               false,
		"[a\n- b]: /x":                           false,
		"[a\n- ]: /x":                            false,
		"text\n[a]: /x":                          false,
		"> [a]: /x":                              false,
		"![a]: /x":                               false,

		"[^a]: a footnote":                           true,
		"[^a]: a footnote\nlazy\n\n    more\n[^b]: ": true,
		"[a]: /x\n[^a]: a footnote":                  true,
		"[^a]: a footnote\n\ntext":                   false,
		"[^a]:\ntext":                                false,
		"[^a]: # h\ntext":                            false,
		"[^a]: a footnote\n- list":                   false,
		"[^a]: see [^a]":                             false,
		"[^a b]: a footnote":                         false,
	} {
		if got := emptyMarkdown(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestUnrendered: every format has its own rule, and what comes without one is reStructuredText.
func TestUnrendered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, text string
		want       bool
	}{
		{"text/plain", "", false},
		{"text/plain; charset=UTF-8", ":func:`x`", false},
		{"text/markdown; variant=GFM", " \n", true},
		{"text/markdown", ":func:`x`", false},
		{"text/x-rst", "text", false},
		{"text/x-rst", ":func:`x`", true},
		{"text/x-rst", "Title\n=====\n", false}, // readme_renderer 46 shows it
		{"text/x-rst", ".. image:: a.png\n   :scale: 50%\n", false},
		{"", ".. a comment\n", true},
		{"", "a\n\n- b\nc\n", true},
		{"", strings.Repeat("- ", 500) + "a", false}, // unknown, so it is accepted
	} {
		if got := unrendered(c.text, c.kind); got != c.want {
			t.Errorf("%q, %q: %v", c.kind, c.text, got)
		}
	}
}

func FuzzEmptyMarkdown(f *testing.F) {
	f.Add("[a]: /x 't'\n[^b]: c")
	f.Add("[a\\]]:\n<x>\n(t)\n\n[c]: d(e)")
	f.Fuzz(func(t *testing.T, text string) {
		if emptyMarkdown(text) && emptyMarkdown(text+"\n\ntext") {
			t.Errorf("%q and a paragraph render to nothing", text)
		}
	})
}
