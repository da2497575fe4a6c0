package rst_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep/rst"
)

// TestCheck_Documents checks documents that were made for this package and that docutils 0.23 has checked through readme_renderer 45
// and 46: every directive, role and construct by itself, every message there is, generated mixtures of them, and what the two
// releases differ in.
func TestCheck_Documents(t *testing.T) {
	t.Parallel()
	var n tally
	words := 0
	all := documents(t, "testdata/documents.json")
	differ := 0
	for _, d := range all {
		for _, by := range renderers {
			checkVector(t, d, by, &n)
			if result, reason := d.message(by); result == "reject" && strings.HasPrefix(rst.Check(d.Description, by).Message, reason) {
				words++
			}
		}
		if result, _ := d.message(rst.Renderer46); result != d.Verdict {
			differ++
		}
	}
	t.Logf("%d right, %d undecided, %d refusals missed, %d false refusals; %d refusals in docutils' own words",
		n.right, n.undecided, n.missed, n.falseRefusals, words)
	if n.undecided*100 > len(all)*len(renderers) {
		t.Errorf("%d of %d undecided", n.undecided, len(all)*len(renderers))
	}
	if differ < 80 {
		t.Errorf("the releases differ in %d documents", differ)
	}
}

// TestCheck_Location holds the line, the construct and the advice of refusals.
func TestCheck_Location(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text      string
		line      int
		construct string
		message   string
		fix       string // part of it
	}{
		{"text\n\nSee :func:`open`.\n", 3, "role", `Unknown interpreted text role "func".`, "`:func:` is a Sphinx role"},
		{"See :py:mod:`os`.\n", 1, "role", `Unknown interpreted text role "py:mod".`, "Sphinx"},
		{"See :nope:`os`.\n", 1, "role", `Unknown interpreted text role "nope".`, ".. role:: nope"},
		{"a\n\n.. versionadded:: 1.0\n", 3, "directive", `Unknown directive type "versionadded".`, "`.. note::`"},
		{"a\n\n.. toctree::\n", 3, "directive", `Unknown directive type "toctree".`, "remove it"},
		{"a\n\n.. frob::\n", 3, "directive", `Unknown directive type "frob".`, "does not know"},
		{"a\n\n.. image:: x\n   :size: 3\n", 3, "directive", "Error in \"image\" directive:\nunknown option: \"size\".", "\"image\""},
		{"Title\n====\n", 2, "section title", "Title underline too short.", "as long as"},
		{"See missing_.\n", 1, "reference", `Unknown target name: "missing".`, ".. _missing:"},
		{"See `text<http://x>`_.\n", 1, "reference", `Unknown target name: "text<http://x>".`, "blank before"},
		{"- a\nb\n", 2, "Bullet list", "Bullet list ends without a blank line; unexpected unindent.", "blank line"},
		{"a\n\n- b *c\n", 3, "inline markup", "Inline emphasis start-string without end-string.", "backslash"},
		{".. nothing\n", 0, "document", "No content rendered from RST source.", "write some text"},
		{"a\n\n|x|\n", 3, "substitution", `Undefined substitution referenced: "x".`, "define it"},
	} {
		got := rst.Check(c.text, rst.Renderer46)
		if got.Outcome != rst.Refuse || got.Line != c.line || got.Construct != c.construct || got.Message != c.message ||
			!strings.Contains(got.Fix, c.fix) {
			t.Errorf("%q: %+v", c.text, got)
		}
	}
}

// TestCheck_Undecided holds what is beyond prediction: it's neither accepted nor refused.
func TestCheck_Undecided(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nested too deep":           strings.Repeat("- ", 200) + "a",
		"a language that may be":    ".. role:: a(code)\n   :language: brand-new\n\n:a:`x`\n",
		"docutils dies of it":       "|a|\n\n.. |a| replace:: |b|\n",
		"substitutions without end": chain(40),
		"a number too large":        strings.Repeat("9", 40) + ". a\n",
		"marks in each other's way": ".. csv-table::\n   :delim: \"\n\n   a\n",
	} {
		if got := rst.Check(text, rst.Renderer46); got.Outcome != rst.Undecided || got.Message == "" || got.Fix == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// chain defines substitutions of which each stands for two of the next.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		name := strings.Repeat("a", i+1)
		b.WriteString(".. |" + name + "| replace:: |" + name + "a| |" + name + "a|\n")
	}
	return "|a|\n\n" + b.String() + ".. |" + strings.Repeat("a", n+1) + "| replace:: x\n"
}
