package metadata_test

import (
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
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
		"[a\\]\nb]: <x y>\n":                     true,
		"[a]: f(o(o))":                           true,
		"[a]:\n<https://example.com>\n":          true,
		"[a]: <x>":                               false, // without a line end, the index shows it
		"[a]: <x>\n":                             true,
		"[a]: <x> (t)":                           true,
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
		"[^a]: x\n[^b]: y":                           true,
		"[^a]: x\n\n[^A]: y":                         false, // the second one is text
		"[^a b]: a footnote":                         false,
	} {
		if got := metadata.EmptyMarkdown(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzEmptyMarkdown(f *testing.F) {
	f.Add("[a]: /x 't'\n[^b]: c")
	f.Add("[a\\]]:\n<x>\n(t)\n\n[c]: d(e)")
	f.Fuzz(func(t *testing.T, text string) {
		if metadata.EmptyMarkdown(text) && metadata.EmptyMarkdown(text+"\n\ntext") {
			t.Errorf("%q and a paragraph render to nothing", text)
		}
	})
}
