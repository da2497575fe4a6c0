package cli_test

import (
	"os"
	"strings"
	"testing"
)

// TestAReportThatCannotBeWritten is told with its next step, as everything else is, and does not undo what was published.
func TestAReportThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.env["INPUT_MANIFEST-FILE"] = s.path("taken/manifest.json")
	if err := os.WriteFile(s.path("taken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, outputs := s.end(s.start())
	var told string
	for line := range strings.Lines(s.log.String()) {
		if strings.HasPrefix(line, "::warning ") {
			told += line
		}
	}
	if code != 0 || outputs["result"] != "published" || strings.Count(told, "\n") != 1 {
		t.Errorf("exit code %d, %v\n%s", code, outputs, s.log.String())
	}
	for _, want := range []string{"pypi-oidc-publish%3A report::", "taken", "%0Acheck that", "docs/troubleshooting.md#report)"} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in %s", want, told)
		}
	}
}
