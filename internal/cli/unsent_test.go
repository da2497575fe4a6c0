package cli_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
)

// TestAFileThatNeverReachedTheIndex: nobody is told that the index refused what it has not seen, or that something has to be put
// right before the run that will finish it.
func TestAFileThatNeverReachedTheIndex(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-cp312-cp312-win32.whl")
	s.build("alder-1.0-py3-none-any.whl", strings.Repeat("y", 32<<20)) // larger than what the sockets between the two hold
	s.hasty = true
	s.env["INPUT_ATTESTATIONS"] = "false"
	broken, _ := fault.ByName("reset-within-body")
	if err := s.stage.Break("upload", broken, 1, fault.Forever); err != nil {
		t.Fatal(err)
	}
	code, outputs := s.end(s.start())
	log, summary := s.log.String(), s.summary()
	if code != 1 || outputs["result"] != "partial" || !strings.Contains(log, "upload-failed") || !strings.Contains(outputs["manifest"], `"status":"cut off"`) {
		t.Errorf("exit code %d, %v\n%s", code, outputs, log)
	}
	for _, text := range []string{log, summary} {
		if !strings.Contains(text, "run the job again to finish") || strings.Contains(text, "❌ rejected") || strings.Contains(text, "rejected alder") ||
			strings.Contains(text, "see why files were rejected") {
			t.Errorf("a refusal is told of that never was:\n%s", text)
		}
	}
}
