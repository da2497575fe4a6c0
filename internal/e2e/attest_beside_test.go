package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/signer"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// Attestations that stand beside the files, or that are to be written somewhere.

const (
	besideWheel = "alder-1.0-py3-none-any.whl"
	besideSdist = "alder-1.0.tar.gz"
)

// signWithoutUpload does a run that signs everything and whose uploads the index then turns away, and returns the folder in which its
// attestations are kept: what an earlier step of the job leaves.
func (s *step) signWithoutUpload() string {
	s.t.Helper()
	folder := filepath.Join(s.t.TempDir(), "attestations")
	s.env["INPUT_ATTESTATIONS-DIR"] = folder
	s.servers.Switch(func(w *fakepypi.Behavior) { w.ReadOnly = true })
	s.ends(cli.Failed, "Read-only mode")
	s.servers.Switch(func(w *fakepypi.Behavior) { w.ReadOnly = false })
	delete(s.env, "INPUT_ATTESTATIONS-DIR")
	return folder
}

// beside puts a text beside a distribution.
func (s *step) beside(file, suffix string, text []byte) {
	s.t.Helper()
	s.write("dist/"+file+suffix, string(text))
}

// adopts copies the attestations in folder next to the files.
func (s *step) adopts(folder string, files ...string) {
	s.t.Helper()
	for _, name := range files {
		s.beside(name, ".publish.attestation", readFile(s.t, filepath.Join(folder, name+".publish.attestation")))
	}
}

// served are the statements that the index serves of a file, in their order.
func (s *step) served(name string) (statements []string) {
	s.t.Helper()
	text, err := s.servers.Provenance(name)
	if err != nil || len(text) == 0 {
		s.t.Fatalf("no provenance of %s: %v", name, err)
	}
	var p struct {
		Bundles []struct {
			Attestations []struct {
				Envelope struct {
					Statement []byte `json:"statement"`
				} `json:"envelope"`
			} `json:"attestations"`
		} `json:"attestation_bundles"`
	}
	if err := json.Unmarshal(text, &p); err != nil || len(p.Bundles) != 1 {
		s.t.Fatalf("%v: %s", err, text)
	}
	for _, a := range p.Bundles[0].Attestations {
		statements = append(statements, string(a.Envelope.Statement))
	}
	return statements
}

// signs makes an attestation of a file as another tool of the same job does.
func (s *step) signs(name, predicate string) []byte {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.env["ACTIONS_ID_TOKEN_REQUEST_URL"]+"&audience=sigstore",
		nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "bearer "+s.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var token struct {
		Value string `json:"value"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil {
		s.t.Fatal(err)
	}
	base := url.URL{Scheme: s.servers.TUF.Scheme, Host: s.servers.TUF.Host}
	other, err := signer.New(s.t.Context(), http.DefaultClient, base.String(), token.Value)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := other.Attest(s.t.Context(), signer.Statement(name, []byte(s.fileText("dist/"+name)), predicate))
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := json.Marshal(a)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// TestAttest_EarlierStep and nothing is logged again: not even an outage of signing matters then.
func TestAttest_EarlierStep(t *testing.T) {
	t.Parallel()
	for name, paths := range map[string]string{"of the folder": "", "of a glob": "*.[tw]*[lz]", "of files": "files"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSigningStep(t, fakepypi.Run{})
			s.adopts(s.signWithoutUpload(), besideWheel, besideSdist)
			size, certificates := s.servers.LogSize(), s.requests("certificate")
			s.outage("certificate", 0, fault.Forever)
			s.outage("log-entry", 0, fault.Forever)
			s.env["INPUT_ATTESTATIONS"], s.env["INPUT_WAIT-FOR-INDEX"] = "true", "30"
			switch paths {
			case "files":
				s.env["INPUT_PACKAGES-DIR"] = filepath.Join(s.path("dist"), besideWheel) + "\n" + filepath.Join(s.path("dist"), besideSdist)
			case "":
			default:
				s.env["INPUT_PACKAGES-DIR"] = filepath.Join(s.path("dist"), paths)
			}
			e := s.ends(cli.Done, "using the existing attestation of "+besideWheel, "using the existing attestation of "+besideSdist,
				"attested: 2 files")
			expect.Equal(t, "entries of the transparency log", s.servers.LogSize(), size)
			expect.Equal(t, "requests of certificate", s.requests("certificate"), certificates)
			e.expectOutputs(t, "verified", "true")
			expect.Equal(t, "attested files", s.attested(), []string{besideWheel, besideSdist})
			expect.Lacks(t, "the log", e.log, "left")
			if !strings.Contains(e.outputs["manifest"], `"adopted":true`) {
				t.Errorf("manifest %s", e.outputs["manifest"])
			}
		})
	}
}

// TestAttest_Leftover: it is reported, and never an error.
func TestAttest_Leftover(t *testing.T) {
	t.Parallel()
	type story struct {
		leave func(s *step) // leaves something beside the wheel
		says  string
	}
	stories := map[string]story{
		"of another workflow": {func(s *step) {
			s.servers.Claims(func(c map[string]any) {
				for _, name := range []string{"workflow_ref", "job_workflow_ref"} {
					c[name] = strings.Replace(c[name].(string), "release.yml", "nightly.yml", 1)
				}
			})
			text := s.signs(besideWheel, signer.Publish)
			s.servers.Claims(nil)
			s.beside(besideWheel, ".publish.attestation", text)
		}, "names a different identity"},
		"of another build": {func(s *step) {
			s.beside(besideWheel, ".publish.attestation", s.signs(besideWheel, signer.Publish))
			s.build(besideWheel, "again")
		}, "it is about a different file"},
		"of another file": {func(s *step) {
			s.beside(besideWheel, ".publish.attestation", s.signs(besideSdist, signer.Publish))
		}, "not about " + besideWheel},
		"of another Sigstore": {func(s *step) {
			other := newSigningStep(s.t, fakepypi.Run{})
			s.beside(besideWheel, ".publish.attestation", other.signs(besideWheel, signer.Publish))
		}, ""},
		"of another kind": {func(s *step) {
			s.beside(besideWheel, ".publish.attestation", s.signs(besideWheel, signer.SLSA))
		}, "its predicate does not match its file name"},
		"changed": {func(s *step) {
			text := string(s.signs(besideWheel, signer.Publish))
			other := string(s.signs(besideWheel, signer.Publish))
			_, rest, _ := strings.Cut(other, `"verification_material"`)
			head, _, _ := strings.Cut(text, `"verification_material"`)
			s.beside(besideWheel, ".publish.attestation", []byte(head+`"verification_material"`+rest))
		}, "its log entry is about another signature"},
		"cut short": {func(s *step) {
			text := s.signs(besideWheel, signer.Publish)
			s.beside(besideWheel, ".publish.attestation", text[:len(text)/2])
		}, ""},
		"garbage": {func(s *step) {
			s.beside(besideWheel, ".publish.attestation", []byte("::set-output name=result::published\n"))
		}, ""},
		"an object": {func(s *step) { s.beside(besideWheel, ".publish.attestation", []byte("{}")) }, ""},
		"empty":     {func(s *step) { s.beside(besideWheel, ".publish.attestation", nil) }, ""},
		"too large": {func(s *step) { s.beside(besideWheel, ".publish.attestation", make([]byte, 5<<20)) }, "larger than"},
	}
	for name, c := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSigningStep(t, fakepypi.Run{})
			c.leave(s)
			s.remove(besideSdist)
			size, before := s.servers.LogSize(), s.listed()
			s.env["INPUT_ATTESTATIONS"], s.env["INPUT_WAIT-FOR-INDEX"] = "true", "30"
			e := s.ends(cli.Done, "::notice file=dist/"+besideWheel+".publish.attestation,title=pypi-oidc-publish%3A "+
				"attestation-left-over::this attestation does not match its file or this run, so the run makes a new one", c.says)
			if n := strings.Count(e.log, "attestation-left-over::"); n != 1 {
				t.Errorf("reported %d times\n%s", n, e.log)
			}
			e.expectOutputs(t, "verified", "true")
			expect.Equal(t, "entries of the transparency log", s.servers.LogSize(), size+1)
			expect.Equal(t, "attested files", s.attested(), []string{besideWheel})
			if !slices.Equal(s.listed(), before) {
				t.Errorf("beside the files: %v", s.listed())
			}
		})
	}
}

// TestAttest_SLSASecond, with any tool that makes the first.
func TestAttest_SLSASecond(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	s.beside(besideWheel, ".slsa.attestation", s.signs(besideWheel, signer.SLSA))
	s.beside(besideSdist, ".slsa.attestation", s.signs(besideSdist, signer.SLSA))
	s.beside(besideSdist, ".publish.attestation", s.signs(besideSdist, signer.Publish))
	size := s.servers.LogSize()
	s.env["INPUT_WAIT-FOR-INDEX"] = "30"
	e := s.ends(cli.Done, "attested: 2 files")
	e.expectOutputs(t, "verified", "true")
	expect.Equal(t, "entries of the transparency log", s.servers.LogSize(), size+1)
	for _, name := range []string{besideWheel, besideSdist} {
		all := s.served(name)
		if len(all) != 2 || !strings.Contains(all[0], signer.Publish) || !strings.Contains(all[1], signer.SLSA) {
			t.Errorf("the index serves of %s: %v", name, all)
		}
	}
}

// TestAttest_SLSALeftover: this run cannot make another one.
func TestAttest_SLSALeftover(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	s.beside(besideWheel, ".slsa.attestation", s.signs(besideSdist, signer.SLSA))
	s.ends(cli.Done, "::notice file=dist/"+besideWheel+".slsa.attestation,title=pypi-oidc-publish%3A attestation-left-over::this "+
		"attestation does not match its file or this run, so it is not uploaded")
	if all := s.served(besideWheel); len(all) != 1 || !strings.Contains(all[0], signer.Publish) {
		t.Errorf("the index serves %v", all)
	}
}

// TestAttest_IgnoredFiles, and it is reported.
func TestAttest_IgnoredFiles(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(s *step){
		"as asked": func(s *step) { s.env["INPUT_ATTESTATIONS"] = "false" },
		"no Sigstore is known": func(s *step) {
			delete(s.env, "PYPI_OIDC_PUBLISH_TUF_URL")
		},
		"signing is down": func(s *step) {
			s.env["INPUT_ATTESTATIONS"] = "best-effort"
			s.outage("certificate", 0, fault.Forever) // the sdist has none yet
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSigningStep(t, fakepypi.Run{})
			s.beside(besideWheel, ".publish.attestation", s.signs(besideWheel, signer.Publish))
			prepare(s)
			e := s.ends(cli.Done, "attestations-left-alone::these attestations are not uploaded: "+besideWheel+".publish.attestation")
			expect.Equal(t, "attested files", len(s.attested()), 0)
			expect.Equal(t, "files of the index", len(s.servers.Files()), 2)
			expect.Lacks(t, "the summary", e.summary, "log entry")
		})
	}
}

// TestAttest_TrustRootUnavailable: attestations beside the files are not reported as invalid for that reason.
func TestAttest_TrustRootUnavailable(t *testing.T) {
	t.Parallel()
	for mode, code := range map[string]int{"auto": cli.Failed, "best-effort": cli.Done} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSigningStep(t, fakepypi.Run{})
			s.adopts(s.signWithoutUpload(), besideWheel, besideSdist)
			before := s.requests("trust-root")
			s.outage("trust-root", 0, fault.Forever)
			s.env["INPUT_ATTESTATIONS"] = mode
			e := s.ends(code, "attestation-outage::")
			expect.Lacks(t, "the log", e.log, "attestation-left-over")
			expect.Equal(t, `number of "(2nd try"`, strings.Count(e.log, "(2nd try"), 1)
			if s.requests("trust-root") < before+12 {
				t.Errorf("asked %d times\n%s", s.requests("trust-root")-before, e.log)
			}
			if len(s.attested()) != 0 {
				t.Errorf("attested %v", s.attested())
			}
		})
	}
}

// TestAttest_TestPyPIThenPyPI in one job: two indexes with a Sigstore each, and one folder of files.
func TestAttest_TestPyPIThenPyPI(t *testing.T) {
	t.Parallel()
	first, second := newSigningStep(t, fakepypi.Run{}), newSigningStep(t, fakepypi.Run{})
	second.env["INPUT_PACKAGES-DIR"] = first.path("dist")
	before := first.listed()
	for _, s := range []*step{first, second} {
		s.env["INPUT_WAIT-FOR-INDEX"] = "30"
		e := s.ends(cli.Done, "attested: 2 files")
		e.expectOutputs(t, "verified", "true")
		expect.Equal(t, "attested files", s.attested(), []string{besideWheel, besideSdist})
		if !slices.Equal(first.listed(), before) {
			t.Errorf("beside the files: %v", first.listed())
		}
	}
}

// TestAttest_AttestationsDir, those that were made and those that were taken.
func TestAttest_AttestationsDir(t *testing.T) {
	t.Parallel()
	s := newSigningStep(t, fakepypi.Run{})
	folder := s.signWithoutUpload()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v: %v", err, entries)
	}
	for _, entry := range entries {
		var a struct {
			Version int `json:"version"`
		}
		if err := json.Unmarshal(readFile(s.t, filepath.Join(folder, entry.Name())), &a); err != nil || a.Version != 1 {
			t.Errorf("%s: %v", entry.Name(), err)
		}
	}
	// What was taken is folder as well, also where nothing new is made.
	s.adopts(folder, besideWheel, besideSdist)
	again := filepath.Join(t.TempDir(), "deep", "er")
	s.env["INPUT_ATTESTATIONS-DIR"] = again
	s.ends(cli.Done, "using the existing attestation of "+besideWheel)
	for _, name := range []string{besideWheel, besideSdist} {
		a, b := readFile(s.t, filepath.Join(folder, name+".publish.attestation")),
			readFile(s.t, filepath.Join(again, name+".publish.attestation"))
		if string(a) != string(b) {
			t.Errorf("%s: folder %s, and then %s", name, a, b)
		}
	}
}
