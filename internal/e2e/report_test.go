package e2e_test

import (
	"os"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestReport_Unwritable is reported with its next step, as everything else is, and does not undo what was published.
func TestReport_Unwritable(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.env["INPUT_MANIFEST-FILE"] = s.path("taken/manifest.json")
	if err := os.WriteFile(s.path("taken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e := s.run()
	var text string
	for line := range strings.Lines(e.log) {
		if strings.HasPrefix(line, "::warning ") {
			text += line
		}
	}
	e.expect(t, 0, "result", "published")
	expect.Equal(t, "lines of warnings", strings.Count(text, "\n"), 1)
	for _, want := range []string{"pypi-oidc-publish%3A report::", "taken", "%0Acheck that", "docs/troubleshooting.md#report)"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}
