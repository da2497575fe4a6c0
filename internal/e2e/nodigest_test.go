package e2e_test

import (
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestReadBack_NoDigests serves every file, and that is what is said: nothing is late, and nothing can be compared.
func TestReadBack_NoDigests(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.noWait = true
	s.env["INPUT_WAIT-FOR-INDEX"], s.env["INPUT_ATTESTATIONS"] = "60", "false"
	s.pagesWithoutDigests()
	e := s.run()
	log, summary := e.log, e.summary
	e.expect(t, 0, "result", "published", "verified", "false")
	expect.Contains(t, "the log", log, "pypi-oidc-publish%3A no-digest::")
	expect.Lacks(t, "log and summary", log+summary, "did not yet serve")
	expect.Contains(t, "the log", log, " serves every file, but without a digest for 1 file\n")
	expect.Contains(t, "the summary", summary, "⚠️ not confirmed, see above")

	// This one runs PyPI's software, so that it decides itself: it takes the same bytes again, and refuses others.
	s.run().expect(t, 0, "result", "published")
	expect.Equal(t, "files of the index", len(s.indexed()), 1)
	s.build("alder-1.0-py3-none-any.whl", "rebuilt")
	before := s.servers.Files()[0].SHA256
	e = s.run().expect(t, 1, "result", "failed")
	expect.Contains(t, "the log", e.log, "File already exists")
	s.env["INPUT_SKIP-EXISTING"] = "true"
	s.run().expect(t, 0, "skipped-count", "1")
	expect.Equal(t, "digest of the index's file", s.servers.Files()[0].SHA256, before)
}
