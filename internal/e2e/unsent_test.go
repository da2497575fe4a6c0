package e2e_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestUpload_NeverReachedIndex: no message says that the index refused what it has not received, or that something has to be put
// right before the run that will finish it.
func TestUpload_NeverReachedIndex(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-cp312-cp312-win32.whl")
	s.build("alder-1.0-py3-none-any.whl", strings.Repeat("y", overSockets))
	s.noWait = true
	s.env["INPUT_ATTESTATIONS"] = "false"
	s.injectFault("upload", "reset-within-body", 1, fault.Forever)
	e := s.run()
	log, summary := e.log, e.summary
	e.expect(t, 1, "result", "partial")
	expect.Contains(t, "the log", log, "upload-failed")
	expect.Contains(t, "the manifest", e.outputs["manifest"], `"status":"cut off"`)
	for _, text := range []string{log, summary} {
		expect.Contains(t, "log or summary", text, "run the job again to finish")
		expect.Lacks(t, "log or summary", text, "❌ rejected", "rejected alder", "see why files were rejected")
	}
}
