package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestUpload_RefusalMissedByRule: the index says what preflight knows a rule for, and preflight said nothing of the file.
func TestUpload_RefusalMissedByRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, message, says string }{
		{
			"a rule that needs the files alone", "'home' is invalid for 'requires-dist'.",
			"also report this to pypi-oidc-publish, with the file's metadata: " +
				"its rule `requires-dist` should have found it before the upload",
		},
		{"a table that ages", "'Framework :: New' is not a valid classifier.", ""},
		{"a limit that the index may have raised", "File too large. Limit for project 'alder' is 1 MB.", ""},
		{"what no rule could know", "This filename was previously used by a file that has since been deleted.", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, "alder-1.0-py3-none-any.whl")
			s.frontUploads(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				http.Error(w, c.message, http.StatusBadRequest)
			})
			e := s.run()
			log := e.log
			e.expect(t, 1, "result", "failed")
			expect.Contains(t, "the log", log, c.message)
			got := strings.Contains(log, "should have found it")
			expect.Equal(t, "whether a rule should have found it", got, c.says != "")
			expect.Contains(t, "the log", log, c.says)
		})
	}
}
