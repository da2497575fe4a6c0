package e2e_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

func TestAttest_EveryFileOnce(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	s.env["INPUT_WAIT-FOR-INDEX"] = "30"
	e := s.ends(cli.Done, "attested alder-1.0.tar.gz", "attested: 2 files")
	expect.Equal(t, "attested files", s.attested(), []string{"alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz"})
	expect.Equal(t, "requests of provenance", s.requests("provenance"), 2)
	expect.Equal(t, "requests of certificate", s.requests("certificate"), 1)
	e.expectOutputs(t, "verified", "true")
	expect.Contains(t, "the manifest", e.outputs["manifest"], `"log-index":`)
	expect.Contains(t, "the summary", e.summary, "log entry")
	size := s.servers.LogSize()
	s.ends(cli.Done)
	expect.Equal(t, "entries of the transparency log", s.servers.LogSize(), size)
	expect.Equal(t, "requests of certificate", s.requests("certificate"), 1)
	s.build("alder-1.0-cp312-cp312-win32.whl", "")
	e = s.ends(cli.Done, "attested: 1 file")
	e.expectOutputs(t, "unchanged-count", "2")
	expect.Equal(t, "entries of the transparency log", s.servers.LogSize(), size+1)
	expect.Equal(t, "attested files", len(s.attested()), 3)
	if n := len(s.listed()); n != 3 {
		t.Errorf("beside the files: %v", s.listed())
	}
}

// TestAttest_UnsupportedWorkflow: what no index would accept is reported before anything is in a public log.
func TestAttest_UnsupportedWorkflow(t *testing.T) {
	t.Parallel()
	called := fakepypi.Run{Called: "octo-org/rehearsal/.github/workflows/publish.yml@refs/tags/v1.0.0"}
	for name, c := range map[string]struct {
		run   fakepypi.Run
		input string
		code  int
		says  string
	}{
		"a reusable workflow, auto": {
			called, "auto", cli.Done, "::notice title=pypi-oidc-publish%3A attestation-reusable-workflow::not signed",
		},
		"a reusable workflow, best effort": {
			called, "best-effort", cli.Done, "::notice title=pypi-oidc-publish%3A attestation-reusable-workflow::not signed",
		},
		"a reusable workflow, true": {
			called, "true", cli.Misconfigured, "::error title=pypi-oidc-publish%3A attestation-reusable-workflow::",
		},
		"as asked": {fakepypi.Run{}, "false", cli.Done, "published alder 1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSigningStep(t, c.run)
			s.servers.AddPublisher(fakepypi.Publisher{Project: "alder", Workflow: "publish.yml"})
			s.env["INPUT_ATTESTATIONS"] = c.input
			e := s.ends(c.code, c.says)
			expect.Equal(t, "requests of trust-root", s.requests("trust-root"), 0)
			expect.Equal(t, "requests of certificate", s.requests("certificate"), 0)
			expect.Equal(t, "requests of log-entry", s.requests("log-entry"), 0)
			expect.Equal(t, "entries of the transparency log", s.servers.LogSize(), 0)
			expect.Equal(t, "attested files", len(s.attested()), 0)
			if n := strings.Count(e.log, "attestation-reusable-workflow::"); n > 1 {
				t.Errorf("it is reported %d times\n%s", n, e.log)
			}
			if c.code != cli.Done {
				expect.Equal(t, "upload tokens", len(s.servers.Tokens()), 0)
				expect.Equal(t, "files of the index", len(s.servers.Files()), 0)
				expect.Equal(t, "ID tokens", s.requests("id-token"), 1)
				return
			}
			expect.Equal(t, "files of the index", len(s.servers.Files()), 2)
		})
	}
}

// TestAttest_UnknownIndex gets none; another Sigstore is heeded on this machine alone.
func TestAttest_UnknownIndex(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	delete(s.env, "PYPI_OIDC_PUBLISH_TUF_URL")
	s.ends(cli.Done, "attestations-off::not signed: this index is not known to support attestations")
	s = newSigningStep(t, fakepypi.Run{})
	delete(s.env, "PYPI_OIDC_PUBLISH_TUF_URL")
	s.env["INPUT_ATTESTATIONS"] = "true"
	s.ends(cli.Misconfigured, "::error title=pypi-oidc-publish%3A attestations-off::")
	s = newSigningStep(t, fakepypi.Run{})
	s.env["PYPI_OIDC_PUBLISH_TUF_URL"] = "https://tuf.example.com/"
	s.ends(cli.Misconfigured, "the variable PYPI_OIDC_PUBLISH_TUF_URL is not a URL on this machine")
}

// TestAttest_APIToken: an index takes them from Trusted Publishers alone.
func TestAttest_APIToken(t *testing.T) {
	t.Parallel()
	for mode, c := range map[string]struct {
		code int
		says string
	}{
		"auto": {
			cli.Done, "::notice title=pypi-oidc-publish%3A attestations-off::not signed: " +
				"an index accepts attestations only from Trusted Publishers",
		},
		"best-effort": {cli.Done, "::notice title=pypi-oidc-publish%3A attestations-off::"},
		"false":       {cli.Done, "published alder 1.0"},
		"true":        {cli.Misconfigured, "inputs attestations and password contradict each other"},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSigningStep(t, fakepypi.Run{})
			token, err := s.servers.APIToken("alder")
			if err != nil {
				t.Fatal(err)
			}
			s.env["INPUT_PASSWORD"], s.env["INPUT_ATTESTATIONS"] = token, mode
			e := s.ends(c.code, c.says)
			expect.Equal(t, "requests of trust-root", s.requests("trust-root"), 0)
			expect.Equal(t, "requests of id-token", s.requests("id-token"), 0)
			if strings.Contains(e.log, "attestations-off") != (mode == "auto" || mode == "best-effort") {
				t.Errorf("it is reported where it should not be, or not where it should be:\n%s", e.log)
			}
			if c.code != cli.Done && len(s.servers.Requests()) != 0 {
				t.Error("a request was sent")
			}
		})
	}
}

// TestAttest_DryRun, with and without attestations beside the files.
func TestAttest_DryRun(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	s.env["INPUT_DRY-RUN"], s.env["INPUT_ATTESTATIONS"] = "true", "true"
	s.write("dist/alder-1.0.tar.gz.publish.attestation", "{}")
	s.run().expect(t, cli.Done, "result", "dry-run")
	expect.Equal(t, "requests of trust-root", s.requests("trust-root"), 0)
	expect.Equal(t, "requests of certificate", s.requests("certificate"), 0)
	expect.Equal(t, "entries of the transparency log", s.servers.LogSize(), 0)
}

// leavesNothing checks that nothing was uploaded, and that there is no upload token, or one that was revoked if the run came so far as to
// request one.
func (s *step) leavesNothing(e ending, minted bool) {
	s.t.Helper()
	if files := s.servers.Files(); len(files) != 0 {
		s.t.Errorf("the index has %v", files)
	}
	burned, tokens := "not-minted", s.servers.Tokens()
	if minted {
		burned = "true"
	}
	if minted != (len(tokens) == 1 && tokens[0].Burned) {
		s.t.Errorf("the run may mint: %v, tokens %v", minted, tokens)
	}
	if e.outputs["token-burned"] != burned {
		s.t.Errorf("token-burned: got %q, want %q", e.outputs["token-burned"], burned)
	}
}

// TestAttest_SigstoreDown: nothing is uploaded before everything is signed, and only best-effort goes on without.
func TestAttest_SigstoreDown(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"trust-root", "certificate", "log-entry"} {
		for _, mode := range []string{"auto", "true", "best-effort"} {
			t.Run(op+", "+mode, func(t *testing.T) {
				t.Parallel()
				s := newSigningStep(t, fakepypi.Run{})
				s.env["INPUT_ATTESTATIONS"] = mode
				s.outage(op, 0, fault.Forever)
				if mode != "best-effort" {
					e := s.ends(cli.Failed, "::error title=pypi-oidc-publish%3A attestation-outage::")
					s.leavesNothing(e, op != "trust-root")
					return
				}
				e := s.ends(cli.Done,
					"::warning title=pypi-oidc-publish%3A attestation-outage::the files are published without attestations")
				expect.Equal(t, "files of the index", len(s.servers.Files()), 2)
				expect.Equal(t, "attested files", len(s.attested()), 0)
				expect.Lacks(t, "the manifest", e.outputs["manifest"], "log-index")
				expect.Lacks(t, "the summary", e.summary, "log entry")
			})
		}
		t.Run(op+", while it was working", func(t *testing.T) {
			t.Parallel()
			s := newSigningStep(t, fakepypi.Run{})
			s.env["INPUT_ATTESTATIONS"], s.env["INPUT_PARALLEL-UPLOADS"] = "best-effort", "1"
			s.outage(op, 1, fault.Forever)
			if op == "certificate" { // one is all that a run needs
				s.ends(cli.Done, "attested: 2 files")
				return
			}
			e := s.ends(cli.Done, "uploading the files without attestations")
			expect.Equal(t, "files of the index", len(s.servers.Files()), 2)
			expect.Equal(t, "attested files", len(s.attested()), 0)
			expect.Lacks(t, "the manifest", e.outputs["manifest"], "log-index")
			expect.Lacks(t, "the summary", e.summary, "log entry")
		})
		t.Run(op+", for a moment", func(t *testing.T) {
			t.Parallel()
			s := newSigningStep(t, fakepypi.Run{})
			s.outage(op, 0, 2)
			s.ends(cli.Done)
			if len(s.attested()) != 2 {
				t.Errorf("attested %v", s.attested())
			}
		})
	}
}

// TestAttest_VerificationFailure: it may mean that the connection is intercepted. It is no outage, and no mode goes on without.
func TestAttest_VerificationFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wrong func(*fakepypi.SigstoreBehavior)
		says  string
	}{
		"certificate timestamp": {
			func(w *fakepypi.SigstoreBehavior) { w.BadSCT = true }, "attestation-certificate::fulcio's certificate does not verify",
		},
		"no timestamp": {func(w *fakepypi.SigstoreBehavior) { w.NoSCT = true }, "attestation-certificate::"},
		"promise": {
			func(w *fakepypi.SigstoreBehavior) { w.BadSET = true }, "attestation-unverified::the attestation of alder-1.0",
		},
		"proof": {
			func(w *fakepypi.SigstoreBehavior) { w.BadProof = true }, "attestation-unverified::the attestation of alder-1.0",
		},
		"log": {
			func(w *fakepypi.SigstoreBehavior) { w.WrongLogID = true }, "attestation-unverified::the attestation of alder-1.0",
		},
		"certificate's time": {func(w *fakepypi.SigstoreBehavior) { w.ExpiredCertificate = true }, "attestation-certificate::"},
		"trust root": {
			func(w *fakepypi.SigstoreBehavior) { w.TrustRoot = "wrong-signature" }, "attestation-trust-root::sigstore's trust root",
		},
	} {
		for _, mode := range []string{"auto", "best-effort"} {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				s := newSigningStep(t, fakepypi.Run{})
				s.servers.SwitchSigstore(c.wrong)
				s.env["INPUT_ATTESTATIONS"] = mode
				e := s.ends(cli.Failed, "pypi-oidc-publish%3A "+c.says)
				s.leavesNothing(e, name != "trust root")
			})
		}
	}
}

// TestAttest_RefusedByIndex: the index sees another workflow in the certificate than in the upload token.
func TestAttest_RefusedByIndex(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"auto", "best-effort"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSigningStep(t, fakepypi.Run{})
			s.env["INPUT_ATTESTATIONS"] = mode
			s.servers.Claims(func(claims map[string]any) {
				if claims["aud"] == "sigstore" {
					for _, name := range []string{"workflow_ref", "job_workflow_ref"} {
						claims[name] = strings.Replace(claims[name].(string), "release.yml", "other.yml", 1)
					}
				}
			})
			e := s.ends(cli.Failed, "pypi-oidc-publish%3A upload-attestations::", "Build Config URI")
			e.expectOutputs(t, "token-burned", "true", "result", "failed")
			expect.Equal(t, "requests of upload", s.requests("upload"), 1)
			expect.Equal(t, "files of the index", len(s.servers.Files()), 0)
		})
	}
}

func TestAttest_AttestationsDirRefused(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	for _, folder := range []string{s.path("dist"), s.path("dist/attestations")} {
		s.env["INPUT_ATTESTATIONS-DIR"] = folder
		s.ends(cli.Misconfigured, "other tools would mistake the attestations for distributions")
	}
	if n := len(s.servers.Requests()); n != 0 {
		t.Errorf("%d requests were made before", n)
	}
}

func TestAttest_PrivateRepository(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	s.servers.Claims(func(claims map[string]any) { claims["repository_visibility"] = "private" })
	e := s.ends(cli.Done, "attestation-private-repository::")
	if n := strings.Count(e.log, "attestation-private-repository::"); n != 1 {
		t.Errorf("reported %d times", n)
	}
	// Where nothing is signed, nothing is disclosed.
	s.build("alder-1.1.tar.gz", "")
	s.env["INPUT_ATTESTATIONS"] = "false"
	if e := s.ends(cli.Done); strings.Contains(e.log, "attestation-private-repository") {
		t.Errorf("reported for a run that signs nothing:\n%s", e.log)
	}
}

// TestAttest_DisabledByIndex: the files are accepted, and what the index does not serve is reported.
func TestAttest_DisabledByIndex(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	s.env["INPUT_WAIT-FOR-INDEX"] = "30"
	s.servers.Switch(func(w *fakepypi.Behavior) { w.NoAttestations = true })
	e := s.ends(cli.Done, "::warning title=pypi-oidc-publish%3A no-provenance::"+s.servers.Upload.Host+
		" accepted alder-1.0-py3-none-any.whl with its attestations, "+
		"but serves no provenance for it (the same for 1 more file: alder-1.0.tar.gz)")
	e.expectOutputs(t, "verified", "true", "result", "published")
}
