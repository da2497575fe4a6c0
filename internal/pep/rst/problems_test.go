package rst_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep/rst"
)

// TestCheck_AllProblems: what docutils can read past is reported together, in the order of docutils' messages.
func TestCheck_AllProblems(t *testing.T) {
	t.Parallel()
	const roles = ":func:`a`, :class:`b`\n"
	for text, want := range map[string]string{
		roles: "1 role, 1 role",
		"A `x`_ and `y`_.\n\n" + roles + "\n.. versionadded:: 1.0\n\n   text\n\n.. note:: x\n": "3 role, 3 role, 5 directive, " +
			"1 reference, 1 reference",
		roles + "\nTitle\n====\n\n" + roles:             "1 role, 1 role, 4 section title",
		".. toctree::\n   :maxdepth: 2\n\n   a\n   b\n": "1 directive",
		strings.Repeat(roles+"\n", 15):                  strings.TrimSuffix(strings.Repeat("%d role, %[1]d role, ", 10), ", "),
		"text\n":                                        "",
		roles + "\n" + strings.Repeat("- ", 500) + "a":  "1 role, 1 role",
		".. |x| toctree:: a\n\n" + roles:                "1 directive",
	} {
		result := rst.Check(text, rst.Renderer46)
		var got []string
		for _, one := range append([]rst.Result{result}, result.More...) {
			if one.Outcome == rst.Refuse {
				got = append(got, fmt.Sprintf("%d %s", one.Line, one.Construct))
			}
		}
		if strings.HasPrefix(want, "%d") {
			if len(got) != 20 {
				t.Errorf("%d problems of a text with 30", len(got))
			}
			continue
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: %s, want %s: %v", text, strings.Join(got, ", "), want, result)
		}
	}
}
