package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/signer"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// What the index serves as provenance after a run, compared with what the run has sent.

// TestProvenance_FileAlreadyPresent, and the run could not know: it signs, and the index takes the same bytes again and keeps the
// provenance that it has. Running a job again is safe.
func TestProvenance_FileAlreadyPresent(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	s.env["INPUT_WAIT-FOR-INDEX"] = "30"
	s.ends(cli.Done)
	s.down("status-503", longerThanLookUp, "look", 0) // the first query of the second run, with all its tries
	e := s.ends(cli.Done, "look-failed", "provenance-earlier")
	e.expectOutputs(t, "verified", "true")
	expect.Lacks(t, "the log", e.log, "::error")
	if n := len(s.attested()); n != 2 {
		t.Errorf("attested %v", s.attested())
	}
	m := e.outputs["manifest"]
	expect.Equal(t, `number of "log-index"`, strings.Count(m, `"log-index"`), 2)
	expect.Equal(t, "number of "+`"served":true`, strings.Count(m, `"served":true`), 2)
}

// TestProvenance_OtherPublisher with the same bytes: what it serves is not this workflow's, and that is an error.
func TestProvenance_OtherPublisher(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	s.env["INPUT_WAIT-FOR-INDEX"] = "30"
	s.servers.AddPublisher(fakepypi.Publisher{Project: "alder", Workflow: "other.yml"})
	s.servers.Claims(func(claims map[string]any) {
		for _, name := range []string{"workflow_ref", "job_workflow_ref"} {
			claims[name] = strings.Replace(claims[name].(string), "release.yml", "other.yml", 1)
		}
	})
	s.ends(cli.Done)
	s.servers.Claims(nil)
	s.down("status-503", longerThanLookUp, "look", 0)
	e := s.ends(cli.Failed,
		"pypi-oidc-publish%3A provenance-otherwise::"+s.servers.Upload.Host+" serves a different provenance for "+besideWheel)
	e.expectOutputs(t, "verified", "false")
}

// TestProvenance_SkippedConflict of the same name, as the user allowed: it is never reported as attested.
func TestProvenance_SkippedConflict(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	s.remove(besideSdist)
	s.ends(cli.Done)
	s.build(besideWheel, "again")
	s.outage("look", 0, 3)
	s.env["INPUT_SKIP-EXISTING"], s.env["INPUT_WAIT-FOR-INDEX"] = "true", "30"
	e := s.ends(cli.Done, "that file stays")
	expect.Lacks(t, "the log", e.log, "attested: ")
	expect.Lacks(t, "the summary", e.summary, "log entry")
	expect.Lacks(t, "the manifest", e.outputs["manifest"], "log-index")
	// Nothing of this run is at the index, so that there is nothing to compare: neither after the index said so nor where the plan knew it.
	for range 2 {
		e.expectOutputs(t, "verified", "not-asked")
		expect.Lacks(t, "the log", e.log, "serves every file")
		e = s.ends(cli.Done, "that file stays")
	}
}

// TestProvenance_Unavailable is waited for, and then reported: the file is published. One that the index has turned off is not
// waited for.
func TestProvenance_Unavailable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault    string
		times    int
		says     string
		requests int // how often at least
	}{
		"down": {
			"status-503", fault.Forever, "accepted every file, but did not yet serve the provenance of " + besideWheel, 6,
		},
		"down for a moment":  {"status-503", 2, " serves every file", 3},
		"a page of a proxy":  {"html-200", 2, " serves every file", 3},
		"a permanent proxy":  {"html-200", fault.Forever, "accepted every file, but did not yet serve the provenance of " + besideWheel, 2},
		"it was turned off":  {"html-403", fault.Forever, "no-provenance::", 2},
		"the answer is lost": {"truncated-answer", 1, " serves every file", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSigningStep(t, fakepypi.Run{})
			s.env["INPUT_WAIT-FOR-INDEX"] = "30"
			if strings.Contains(c.says, "did not yet serve") {
				s.waitsForIndex(4)
			}
			s.injectFault("provenance", c.fault, 0, c.times)
			e := s.ends(cli.Done, c.says)
			e.expectOutputs(t, "result", "published")
			expect.Lacks(t, "the log", e.log, "::error")
			if s.requests("provenance") < c.requests {
				t.Errorf("provenance was asked for %d times\n%s", s.requests("provenance"), e.log)
			}
			// Every file was seen with its digest, in each of these cases.
			e.expectOutputs(t, "verified", "true")
			if strings.Contains(e.summary, "serve every file twice") {
				t.Errorf("the summary says that a file was not seen:\n%s", e.summary)
			}
		})
	}
}

// TestSecrets_IDTokens, also in the files that a user asks for.
func TestSecrets_IDTokens(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	folder := t.TempDir()
	s.env["INPUT_ATTESTATIONS-DIR"], s.env["INPUT_MANIFEST-FILE"] = filepath.Join(folder, "attestations"),
		filepath.Join(folder, "manifest.json")
	e := s.ends(cli.Done) // which checks the log and the summary
	texts := map[string]string{"outputs": strings.Join([]string{e.outputs["manifest"], e.outputs["files"], e.outputs["releases"]}, "\n")}
	for _, pattern := range []string{"*", "*/*"} {
		paths, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				texts[path] = string(readFile(t, path))
			}
		}
	}
	if len(texts) != 4 {
		t.Fatalf("the run left %d texts", len(texts))
	}
	sent := 0
	for _, secret := range append(s.servers.Secrets(), s.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]) {
		sent++
		for where, text := range texts {
			if shows(text, secret) {
				t.Errorf("%s shows %s", where, secret)
			}
		}
		if strings.Count(secret, ".") == 2 && !strings.Contains(e.log, "::add-mask::"+secret) {
			t.Errorf("an ID token was never masked: %s", secret)
		}
	}
	expect.Equal(t, "ID tokens to see, to sign and to mint", s.requests("id-token"), 3)
	if sent < 5 { // with the upload token as it was minted, and restricted
		t.Errorf("%d secrets were sent", sent)
	}
}

// TestAttest_PrivateRepositoryAdopted where all is taken from an earlier step: what the log holds, it holds.
func TestAttest_PrivateRepositoryAdopted(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{Visibility: "private"})
	s.beside(besideWheel, ".publish.attestation", s.signs(besideWheel, signer.Publish))
	s.beside(besideSdist, ".publish.attestation", s.signs(besideSdist, signer.Publish))
	if e := s.ends(cli.Done, "attested: 2 files"); strings.Contains(e.log, "attestation-private-repository") {
		t.Errorf("reported for a run that signs nothing:\n%s", e.log)
	}
}
