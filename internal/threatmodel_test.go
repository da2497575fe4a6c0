package internal_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/report"
)

// TestThreatModel_SameSentence: what a run says of files that it did not see on the index is what the threat model says.
func TestThreatModel_SameSentence(t *testing.T) {
	t.Parallel()
	page := strings.ToLower(strings.Join(strings.Fields(read(t, "../docs/threat-model.md")), " "))
	if !strings.Contains(page, report.OnlyEvidence+":") {
		t.Errorf("docs/threat-model.md does not say %q", report.OnlyEvidence)
	}
}
