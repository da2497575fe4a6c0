package warehouse

import (
	"strings"
	"testing"
)

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
