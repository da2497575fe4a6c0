package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestReadBack_NoDigests serves every file, and that is what is said: nothing is late, and nothing can be compared.
func TestReadBack_NoDigests(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.noWait = true
	s.env["INPUT_WAIT-FOR-INDEX"], s.env["INPUT_ATTESTATIONS"] = "60", "false"
	s.front(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/simple/") {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/html")
			for _, name := range s.indexed() {
				fmt.Fprintf(w, "<a href=%q>%s</a>\n", name, name)
			}
		})
	})
	e := s.run()
	log, summary := e.log, e.summary
	e.expect(t, 0, "result", "published", "verified", "false")
	if !strings.Contains(log, "pypi-oidc-publish%3A no-digest::") {
		t.Errorf("exit code %d, %v\n%s", e.code, e.outputs, log)
	}
	if strings.Contains(log+summary, "did not yet serve") || !strings.Contains(log, " serves every file, but without a digest for 1 file\n") ||
		!strings.Contains(summary, "⚠️ not confirmed, see above") {
		t.Errorf("what is served is said not to be:\n%s\n%s", log, summary)
	}

	// This one runs PyPI's software, so that it decides itself: it takes the same bytes again, and refuses others.
	if e := s.run().expect(t, 0, "result", "published"); len(s.indexed()) != 1 {
		t.Errorf("the same bytes: exit code %d, %v\n%s", e.code, e.outputs, e.log)
	}
	s.build("alder-1.0-py3-none-any.whl", "rebuilt")
	before := s.servers.Files()[0].SHA256
	if e := s.run(); e.code != 1 || e.outputs["result"] != "failed" || !strings.Contains(e.log, "File already exists") {
		t.Errorf("other bytes: exit code %d, %v\n%s", e.code, e.outputs, e.log)
	}
	s.env["INPUT_SKIP-EXISTING"] = "true"
	if e := s.run(); e.code != 0 || e.outputs["skipped-count"] != "1" || s.servers.Files()[0].SHA256 != before {
		t.Errorf("other bytes, skipped: exit code %d, %v\n%s", e.code, e.outputs, e.log)
	}
}
