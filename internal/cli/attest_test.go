package cli_test

import (
	"crypto/rand"
	"crypto/rsa"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
)

// signing is a job whose files are in a folder of their own, and the stage that trusts it.
type signing struct {
	*job
	t    *testing.T
	dist string
}

// signingKey is of the issuers of these tests: making one takes a moment.
func signingKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newSigning(t *testing.T, key *rsa.PrivateKey, run fakepypi.Run) *signing {
	t.Helper()
	stage, err := fakepypi.Start(t.Context(), "127.0.0.1:0", fakepypi.Options{Now: time.Now, Key: key, Run: run})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stage.Close() })
	stage.Trust(fakepypi.Publisher{Project: "alder"})
	s := &signing{t: t, dist: t.TempDir()}
	s.job = newJob(stage, s.dist, t.TempDir())
	s.put("alder-1.0-py3-none-any.whl")
	s.put("alder-1.0.tar.gz")
	return s
}

func (s *signing) put(name string) {
	s.t.Helper()
	content, err := distribution(name, "")
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dist, name), content, 0o644)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// outage breaks an op until somebody mends it.
func (s *signing) outage(op string, times int) {
	s.t.Helper()
	f, known := fault.ByName("status-503")
	if !known {
		s.t.Fatal("no such fault")
	}
	if err := s.stage.Break(op, f, 0, times); err != nil {
		s.t.Fatal(err)
	}
}

// ends does the run and holds its exit code, and that it says all of these.
func (s *signing) ends(code int, says ...string) ending {
	s.t.Helper()
	e, err := s.run(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if err := e.wrong(s.stage); err != nil {
		s.t.Error(err)
	}
	if e.code != code {
		s.t.Errorf("exit code %d, not %d\n%s", e.code, code, e.log)
	}
	for _, text := range says {
		if !strings.Contains(e.log, text) {
			s.t.Errorf("it does not say %q:\n%s", text, e.log)
		}
	}
	return e
}

func (s *signing) asked(op string) int {
	n := 0
	for _, r := range s.stage.Requests() {
		if r.Op == op {
			n++
		}
	}
	return n
}

// attested are the files of which the index serves provenance.
func (s *signing) attested() (names []string) {
	for _, f := range s.stage.Files() {
		if text, err := s.stage.Provenance(f.Name); err == nil && len(text) > 0 {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return names
}

func TestEveryFileIsAttestedOnce(t *testing.T) {
	t.Parallel()
	s := newSigning(t, signingKey(t), fakepypi.Run{})
	s.env["INPUT_WAIT-FOR-INDEX"] = "30"
	e := s.ends(cli.Done, "attested alder-1.0.tar.gz", "attested: 2 files")
	if !slices.Equal(s.attested(), []string{"alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz"}) || s.asked("provenance") != 2 || s.asked("certificate") != 1 {
		t.Errorf("attested %v, provenance asked %d times, %d certificates", s.attested(), s.asked("provenance"), s.asked("certificate"))
	}
	if !strings.Contains(e.outputs["manifest"], `"log-index":`) || !strings.Contains(e.summary, "log entry") || e.outputs["verified"] != "true" {
		t.Errorf("outputs %v\n%s", e.outputs, e.summary)
	}
	size := s.stage.LogSize()
	s.ends(cli.Done)
	if s.stage.LogSize() != size {
		t.Errorf("a second run made %d entries", s.stage.LogSize()-size)
	}
	entries, err := os.ReadDir(s.dist)
	if err != nil || len(entries) != 2 {
		t.Errorf("beside the files: %v, %v", entries, err)
	}
}

// TestWhoIsNotAttested: what nobody would take is told before anything is in a public log.
func TestWhoIsNotAttested(t *testing.T) {
	t.Parallel()
	key := signingKey(t)
	called := fakepypi.Run{Called: "octo-org/rehearsal/.github/workflows/publish.yml@refs/tags/v1.0.0"}
	for name, c := range map[string]struct {
		run   fakepypi.Run
		input string
		code  int
		says  string
	}{
		"a reusable workflow, auto":        {called, "auto", cli.Done, "::notice title=pypi-oidc-publish%3A attestation-reusable-workflow::nothing is signed"},
		"a reusable workflow, best effort": {called, "best-effort", cli.Done, "::notice title=pypi-oidc-publish%3A attestation-reusable-workflow::nothing is signed"},
		"a reusable workflow, true":        {called, "true", cli.Misconfigured, "::error title=pypi-oidc-publish%3A attestation-reusable-workflow::"},
		"as asked":                         {fakepypi.Run{}, "false", cli.Done, "published alder 1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSigning(t, key, c.run)
			s.stage.Trust(fakepypi.Publisher{Project: "alder", Workflow: "publish.yml"})
			s.env["INPUT_ATTESTATIONS"] = c.input
			e := s.ends(c.code, c.says)
			if s.asked("trust-root")+s.asked("certificate")+s.asked("log-entry") != 0 || s.stage.LogSize() != 0 || len(s.attested()) != 0 {
				t.Errorf("Sigstore was asked: %v\n%s", s.attested(), e.log)
			}
			if c.code != cli.Done && len(s.stage.Tokens())+len(s.stage.Files()) != 0 {
				t.Error("something was minted or sent")
			}
		})
	}
}

// TestAnIndexThatIsNotKnownToTakeAttestations gets none; another Sigstore is heeded on this machine alone.
func TestAnIndexThatIsNotKnownToTakeAttestations(t *testing.T) {
	t.Parallel()
	key := signingKey(t)
	s := newSigning(t, key, fakepypi.Run{})
	delete(s.env, "PYPI_OIDC_PUBLISH_TUF_URL")
	s.ends(cli.Done, "attestations-off::nothing is signed: this index is not known to take attestations")
	s = newSigning(t, key, fakepypi.Run{})
	delete(s.env, "PYPI_OIDC_PUBLISH_TUF_URL")
	s.env["INPUT_ATTESTATIONS"] = "true"
	s.ends(cli.Misconfigured, "::error title=pypi-oidc-publish%3A attestations-off::")
	s = newSigning(t, key, fakepypi.Run{})
	s.env["PYPI_OIDC_PUBLISH_TUF_URL"] = "https://tuf.example.com/"
	s.ends(cli.Misconfigured, "the variable PYPI_OIDC_PUBLISH_TUF_URL is no address on this machine")
}

// TestSigningIsDown: nothing is minted before everything is signed, and only best-effort goes on without.
func TestSigningIsDown(t *testing.T) {
	t.Parallel()
	key := signingKey(t)
	for _, op := range []string{"trust-root", "certificate", "log-entry"} {
		for _, mode := range []string{"auto", "true", "best-effort"} {
			t.Run(op+", "+mode, func(t *testing.T) {
				t.Parallel()
				s := newSigning(t, key, fakepypi.Run{})
				s.env["INPUT_ATTESTATIONS"] = mode
				s.outage(op, fault.Forever)
				if mode != "best-effort" {
					e := s.ends(cli.Failed, "::error title=pypi-oidc-publish%3A attestation-outage::")
					if len(s.stage.Tokens())+len(s.stage.Files()) != 0 || e.outputs["token-burned"] != "not-minted" {
						t.Error("something was minted or sent")
					}
					return
				}
				e := s.ends(cli.Done, "::warning title=pypi-oidc-publish%3A attestation-outage::the files go without attestations")
				if len(s.stage.Files()) != 2 || len(s.attested()) != 0 || strings.Contains(e.outputs["manifest"], "log-index") || strings.Contains(e.summary, "log entry") {
					t.Errorf("%v\n%s", s.attested(), e.summary)
				}
			})
		}
		t.Run(op+", for a moment", func(t *testing.T) {
			t.Parallel()
			s := newSigning(t, key, fakepypi.Run{})
			s.outage(op, 2)
			s.ends(cli.Done)
			if len(s.attested()) != 2 {
				t.Errorf("attested %v", s.attested())
			}
		})
	}
}

// TestARefusedAttestationIsNeverLeftOut: it may mean that something was changed on its way.
func TestARefusedAttestationIsNeverLeftOut(t *testing.T) {
	t.Parallel()
	s := newSigning(t, signingKey(t), fakepypi.Run{})
	s.stage.SwitchSigstore(func(w *fakepypi.SigstoreSwitches) { w.BadSCT = true })
	s.ends(cli.Failed)
	if len(s.stage.Files()) != 0 {
		t.Errorf("the index holds %v", s.stage.Files())
	}
}

// TestAttestationsThatStandBesideTheFiles: what holds is sent, and what does not is told and made afresh.
func TestAttestationsThatStandBesideTheFiles(t *testing.T) {
	t.Parallel()
	key := signingKey(t)
	s := newSigning(t, key, fakepypi.Run{})
	kept := filepath.Join(t.TempDir(), "attestations")
	s.env["INPUT_ATTESTATIONS-DIR"] = kept
	s.ends(cli.Done)
	wheel, sdist := "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz"
	for _, name := range []string{wheel, sdist} {
		text, err := os.ReadFile(filepath.Join(kept, name+".publish.attestation"))
		if err == nil {
			err = os.WriteFile(filepath.Join(s.dist, name+".publish.attestation"), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	delete(s.env, "INPUT_ATTESTATIONS-DIR")
	// The index forgets; the wheel's attestation holds, the sdist's is another file's by now.
	for _, name := range []string{wheel, sdist} {
		if err := s.stage.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{wheel, sdist} {
		if err := os.Rename(filepath.Join(s.dist, name), filepath.Join(s.dist, strings.Replace(name, "1.0", "1.1", 1))); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(s.dist, strings.Replace(name, "1.0", "1.1", 1))); err != nil {
			t.Fatal(err)
		}
	}
	s.put("alder-1.1.tar.gz")
	if err := os.WriteFile(filepath.Join(s.dist, "alder-1.1.tar.gz.publish.attestation"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	size := s.stage.LogSize()
	s.ends(cli.Done, "attestation-left-over::this attestation does not hold for its file and this run, so a new one is made instead", "left alone")
	if s.stage.LogSize() != size+1 || !slices.Equal(s.attested(), []string{"alder-1.1.tar.gz"}) {
		t.Errorf("%d new entries, attested %v", s.stage.LogSize()-size, s.attested())
	}
}

// TestTestPyPIAndThenPyPI in one job: the first step keeps its attestations, and the second one takes them.
func TestTestPyPIAndThenPyPI(t *testing.T) {
	t.Parallel()
	s := newSigning(t, signingKey(t), fakepypi.Run{})
	kept := filepath.Join(t.TempDir(), "kept")
	s.env["INPUT_ATTESTATIONS-DIR"] = kept
	s.ends(cli.Done)
	s.ends(cli.Done, "nothing to upload of alder 1.0")
	for _, f := range s.stage.Files() {
		if err := s.stage.Remove(f.Name); err != nil {
			t.Fatal(err)
		}
	}
	s.put("alder-2.0-py3-none-any.whl")
	for _, old := range []string{"alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz"} {
		if err := os.Remove(filepath.Join(s.dist, old)); err != nil {
			t.Fatal(err)
		}
	}
	s.stage.Switch(func(w *fakepypi.Switches) { w.ReadOnly = true })
	s.ends(cli.Failed) // it is signed, and not taken
	s.stage.Switch(func(w *fakepypi.Switches) { w.ReadOnly = false })
	text, err := os.ReadFile(filepath.Join(kept, "alder-2.0-py3-none-any.whl.publish.attestation"))
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dist, "alder-2.0-py3-none-any.whl.publish.attestation"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	delete(s.env, "INPUT_ATTESTATIONS-DIR")
	s.env["INPUT_PACKAGES-DIR"] = filepath.Join(s.dist, "*.whl") // found beside the file, whatever the glob says
	size := s.stage.LogSize()
	s.ends(cli.Done, "took the attestation beside alder-2.0-py3-none-any.whl")
	if s.stage.LogSize() != size || !slices.Equal(s.attested(), []string{"alder-2.0-py3-none-any.whl"}) {
		t.Errorf("%d new entries, attested %v", s.stage.LogSize()-size, s.attested())
	}
}

func TestAttestationsGoNowhereNearTheFiles(t *testing.T) {
	t.Parallel()
	s := newSigning(t, signingKey(t), fakepypi.Run{})
	s.env["GITHUB_WORKSPACE"] = filepath.Dir(s.dist)
	for _, folder := range []string{s.dist, filepath.Join(s.dist, "attestations")} {
		s.env["INPUT_ATTESTATIONS-DIR"] = folder
		s.ends(cli.Misconfigured, "other tools would take the attestations for distributions")
	}
	if s.asked("audience")+len(s.stage.Tokens()) != 0 {
		t.Error("somebody was asked for a credential")
	}
}

func TestAPrivateRepositoryIsTold(t *testing.T) {
	t.Parallel()
	s := newSigning(t, signingKey(t), fakepypi.Run{})
	s.stage.Claims(func(claims map[string]any) { claims["repository_visibility"] = "private" })
	e := s.ends(cli.Done, "attestation-private-repository::")
	if n := strings.Count(e.log, "attestation-private-repository::"); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// TestAnIndexThatHasTurnedAttestationsOff takes the files, and what it does not serve is told.
func TestAnIndexThatHasTurnedAttestationsOff(t *testing.T) {
	t.Parallel()
	s := newSigning(t, signingKey(t), fakepypi.Run{})
	s.env["INPUT_WAIT-FOR-INDEX"] = "30"
	s.stage.Switch(func(w *fakepypi.Switches) { w.NoAttestations = true })
	s.ends(cli.Done, "no-provenance::the index took alder-1.0-py3-none-any.whl with its attestations and serves no provenance of it")
}
