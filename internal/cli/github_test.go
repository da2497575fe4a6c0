package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
)

// gitHub is the GitHub of a step's stage, with one release for its tag v1.0.0.
type gitHub struct {
	*releases.GitHub
	release releases.Release
}

// withGitHub lets the step attach to the release of its tag, with a token that has the right.
func (s *step) withGitHub(right releases.Right, release *releases.Release) *gitHub {
	s.t.Helper()
	g, token := s.stage.GitHub, s.stage.Env[fakepypi.GitHubToken]
	g.Grant(token, right)
	s.t.Cleanup(func() {
		if leaks := g.Leaks(); len(leaks) > 0 {
			s.t.Errorf("the token was seen at %v", leaks)
		}
	})
	s.env["INPUT_GITHUB-RELEASE"], s.env["INPUT_GITHUB-TOKEN"] = "auto", token
	return &gitHub{g, g.Publish(*release)}
}

// names are the assets of the release.
func (g *gitHub) names() []string {
	var names []string
	for _, a := range g.Assets(g.release.ID) {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	return names
}

// withoutIDToken takes the runner's right to ask for ID tokens from the step.
func (s *step) withoutIDToken() {
	delete(s.env, "ACTIONS_ID_TOKEN_REQUEST_URL")
	delete(s.env, "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
}

// summary is the job summary so far.
func (s *step) summary() string {
	s.t.Helper()
	text, err := os.ReadFile(s.path(".summary"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// run does the step, and checks what every run owes: the token of GitHub is nowhere but in the command that masks it.
func (s *step) run() (code int, outputs map[string]string) {
	s.t.Helper()
	s.log.Reset()
	code, outputs = s.end(s.start())
	token := s.stage.Env[fakepypi.GitHubToken]
	unmasked := strings.ReplaceAll(s.log.String(), "::add-mask::"+token, "")
	if strings.Contains(unmasked+s.summary()+outputs["manifest"], token) {
		s.t.Error("GitHub's token is in the log, the summary or the manifest")
	}
	return code, outputs
}

func (s *step) minted() int { return len(s.stage.Tokens()) }

var v1 = &releases.Release{Tag: "v1.0.0", Name: "One"}

// attachedNames are the assets of a release of alder 1.0: the files, their attestations, and the manifest.
func attachedNames() []string {
	return []string{
		"alder-1.0-py3-none-any.whl", "alder-1.0-py3-none-any.whl.publish.sigstore.json", "alder-1.0.manifest.json",
		"alder-1.0.tar.gz", "alder-1.0.tar.gz.publish.sigstore.json",
	}
}

// TestAttachInTheSameJob: one job publishes and attaches; the same job again finds everything there and changes nothing.
func TestAttachInTheSameJob(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	g := s.withGitHub(releases.Write, v1)
	code, outputs := s.run()
	if code != 0 || outputs["result"] != "published" || outputs["github-release"] != "attached" {
		t.Fatalf("exit code %d, %v\n%s", code, outputs, s.log.String())
	}
	if got := g.names(); !slices.Equal(got, attachedNames()) {
		t.Errorf("attached: %v", got)
	}
	for _, a := range g.Assets(g.release.ID) {
		switch {
		case strings.HasSuffix(a.Name, ".manifest.json"):
			var told struct {
				Result        string
				GitHubRelease string `json:"github-release"`
				Files         []struct{ Name, SHA256 string }
			}
			if err := json.Unmarshal(a.Bytes, &told); err != nil || told.Result != "published" || told.GitHubRelease != "" || len(told.Files) != 2 {
				t.Errorf("the manifest: %v %+v", err, told)
			}
		case strings.HasSuffix(a.Name, ".sigstore.json"):
			if !bytes.Contains(a.Bytes, []byte("application/vnd.dev.sigstore.bundle.v0.3+json")) {
				t.Errorf("%s is no bundle: %s", a.Name, a.Bytes)
			}
		default:
			local, err := os.ReadFile(s.path("dist/" + a.Name))
			if err != nil || !bytes.Equal(local, a.Bytes) {
				t.Errorf("%s has other bytes than the file, %v", a.Name, err)
			}
		}
	}
	if page := "https://github.example/" + s.env["GITHUB_REPOSITORY"] + "/releases/tag/v1.0.0"; !strings.Contains(s.summary(), `<a href="`+page+`">`) {
		t.Errorf("the summary has no link to the release:\n%s", s.summary())
	}

	before, uploads := g.Assets(g.release.ID), g.Asked(releases.Upload)
	code, outputs = s.run()
	if code != 0 || outputs["result"] != "unchanged" || outputs["github-release"] != "attached" || g.Asked(releases.Upload) != uploads || s.minted() != 1 {
		t.Errorf("the second run: exit code %d, %v, %d uploads\n%s", code, outputs, g.Asked(releases.Upload)-uploads, s.log.String())
	}
	if after := g.Assets(g.release.ID); len(after) != len(before) {
		t.Errorf("assets before %d, after %d", len(before), len(after))
	}
}

// TestAttachInAJobOfItsOwn: the job that publishes has no right to the release, and the one that attaches has none to publish. The
// attestations come from the index.
func TestAttachInAJobOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	if code, outputs := s.run(); code != 0 || outputs["github-release"] != "" {
		t.Fatalf("exit code %d, %v\n%s", code, outputs, s.log.String())
	}
	g := s.withGitHub(releases.Write, &releases.Release{Tag: "v1.0.0", Draft: true})
	s.withoutIDToken()
	code, outputs := s.run()
	if code != 0 || outputs["result"] != "unchanged" || outputs["github-release"] != "attached" || outputs["token-burned"] != "not-minted" || s.minted() != 1 {
		t.Fatalf("exit code %d, %v\n%s", code, outputs, s.log.String())
	}
	if got := g.names(); !slices.Equal(got, attachedNames()) {
		t.Errorf("attached: %v", got)
	}
	for _, a := range g.Assets(g.release.ID) {
		if strings.HasSuffix(a.Name, ".manifest.json") && strings.Count(string(a.Bytes), `"served": true`) != 2 {
			t.Errorf("the manifest does not tell the attestations that the index has:\n%s", a.Bytes)
		}
	}
}

// TestAttachBeforeTheIndexShows: the page of the index comes from a cache, and does not have the files yet, when the job that attaches
// looks at it. It waits for a while; it never asks for the right to publish as if that were the only way.
func TestAttachBeforeTheIndexShows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		looks int64 // that do not show it
		wait  string
		index string
		code  int
	}{
		{"it shows them soon", 3, "60", "", 0},
		{"it does not", 1 << 40, "2", "", 1},
		{"nobody may look", 0, "60", "none", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
			if code, _ := s.run(); code != 0 {
				t.Fatal(s.log.String())
			}
			g := s.withGitHub(releases.Write, v1)
			s.withoutIDToken()
			s.hasty, s.env["INPUT_WAIT-FOR-INDEX"], s.env["INPUT_INDEX-URL"] = true, c.wait, c.index
			s.env["INPUT_ATTESTATIONS"] = "false" // their address on the page is not that of the front
			s.looks("/simple/", func(n int64) http.HandlerFunc { return when(n <= c.looks, http.NotFound) })
			code, outputs := s.run()
			log := s.log.String()
			if code != c.code || s.minted() != 1 {
				t.Errorf("exit code %d, %v\n%s", code, outputs, log)
			}
			if c.code == 0 {
				if outputs["github-release"] != "attached" || len(g.names()) != 3 {
					t.Errorf("%v, %v\n%s", outputs, g.names(), log)
				}
				return
			}
			if outputs["github-release"] != "failed" || len(g.names()) > 0 || !strings.Contains(log, "title=pypi-oidc-publish%3A github-release-unpublished::this job cannot publish files, and these may not be published yet") ||
				!strings.Contains(log, "run this job again in a few minutes") {
				t.Errorf("%v\n%s", outputs, log)
			}
		})
	}
}

// looks has the looks at pages of the index, counted from one, answered by what is given for each; for nil, by the index itself.
func (s *step) looks(under string, given func(n int64) http.HandlerFunc) *atomic.Int64 {
	s.t.Helper()
	var looks atomic.Int64
	s.front(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, under) {
				if answer := given(looks.Add(1)); answer != nil {
					answer(w, r)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	})
	return &looks
}

// when is the answer where the condition holds, and none else.
func when(holds bool, answer http.HandlerFunc) http.HandlerFunc {
	if holds {
		return answer
	}
	return nil
}

// hangs answers nothing, until nobody waits any more.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// TestWhatWasToldBeforeTheWaitIsToldOnce: the plan that is made again after it says nothing twice.
func TestWhatWasToldBeforeTheWaitIsToldOnce(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "birch-1.0-py3-none-any.whl")
	s.stage.Trust(fakepypi.Publisher{Project: "birch"})
	if code, _ := s.run(); code != 0 {
		t.Fatal(s.log.String())
	}
	s.build("alder-1.0-py3-none-any.whl", "rebuilt")
	s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.hasty, s.env["INPUT_WAIT-FOR-INDEX"], s.env["INPUT_SKIP-EXISTING"], s.env["INPUT_ATTESTATIONS"] = true, "60", "true", "false"
	looks := s.looks("/simple/birch/", func(n int64) http.HandlerFunc { return when(n == 1, http.NotFound) })
	code, outputs := s.run()
	if log := s.log.String(); code != 0 || looks.Load() < 2 || strings.Count(log, "::warning ") != 1 || strings.Count(outputs["manifest"], `"id":"skipped"`) != 1 {
		t.Errorf("exit code %d, %d looks, %v\n%s", code, looks.Load(), outputs, log)
	}
}

// TestAttachWhatTheIndexHadBefore, and the run could not know: it signs, and the index keeps the attestations that it has. Those are attached,
// so that another run, which knows only them, finds nothing else there.
func TestAttachWhatTheIndexHadBefore(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	if code, _ := s.run(); code != 0 {
		t.Fatal(s.log.String())
	}
	g := s.withGitHub(releases.Write, v1)
	s.hasty, s.env["INPUT_WAIT-FOR-INDEX"] = true, "30"
	f, _ := fault.ByName("status-503")
	if err := s.stage.Break("look", f, 0, 3); err != nil {
		t.Fatal(err)
	}
	code, outputs := s.run()
	if code != 0 || outputs["github-release"] != "attached" || len(g.names()) != 3 || !strings.Contains(s.log.String(), "provenance-earlier") {
		t.Errorf("exit code %d, %v, %v\n%s", code, outputs, g.names(), s.log.String())
	}
	if m := outputs["manifest"]; strings.Count(m, `"log-index"`) != 1 || strings.Count(m, `"served":true`) != 1 {
		t.Errorf("the manifest tells of attestations that nobody has: %s", m)
	}
	code, outputs = s.run()
	if code != 0 || outputs["result"] != "unchanged" || outputs["github-release"] != "attached" || len(g.names()) != 3 {
		t.Errorf("the run after it: exit code %d, %v\n%s", code, outputs, s.log.String())
	}
}

// TestAttachAndTheLastLookIsCutOff, since the time is up: what is told is what was seen before.
func TestAttachAndTheLastLookIsCutOff(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.hasty, s.env["INPUT_WAIT-FOR-INDEX"] = true, "1"
	looks := s.looks("/simple/", func(n int64) http.HandlerFunc { return when(n > 2, hangs) })
	code, _ := s.run()
	if log := s.log.String(); code != 1 || looks.Load() != 3 || !strings.Contains(log, " does not list them)") || strings.Contains(log, "could not be queried") {
		t.Errorf("exit code %d after %d looks\n%s", code, looks.Load(), log)
	}
}

// TestAttachFromAnOldPage: the page that is asked for attestations comes from another cache than the one that showed the files, and does not
// have them. That is no page of files without attestations.
func TestAttachFromAnOldPage(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	if code, _ := s.run(); code != 0 {
		t.Fatal(s.log.String())
	}
	g := s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.env["INPUT_ATTESTATIONS"] = "true"
	looks := s.looks("/simple/", func(n int64) http.HandlerFunc { return when(n > 1, http.NotFound) })
	code, outputs := s.run()
	if code != 0 || looks.Load() != 2 || outputs["github-release"] != "failed" || !slices.Equal(g.names(), []string{"alder-1.0-py3-none-any.whl"}) {
		t.Errorf("exit code %d after %d looks, %v, %v", code, looks.Load(), outputs, g.names())
	}
	if !strings.Contains(s.log.String(), "github-release-attestations::") || !strings.Contains(s.log.String(), "does not list the file") {
		t.Error(s.log.String())
	}
}

// TestASignalBeforeAttaching tells once that nothing was attached, and not for every file that its attestations could not be had.
func TestASignalBeforeAttaching(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	if code, _ := s.run(); code != 0 {
		t.Fatal(s.log.String())
	}
	g := s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.env["INPUT_WAIT-FOR-INDEX"] = "60"
	reading := make(chan struct{})
	s.looks("/simple/", func(n int64) http.HandlerFunc {
		return when(n == 2, func(w http.ResponseWriter, r *http.Request) { close(reading); hangs(w, r) })
	})
	s.log.Reset()
	command := s.start()
	waitFor(t, reading, s)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	code, outputs := s.end(command)
	if code != 0 || outputs["result"] != "unchanged" || outputs["github-release"] != "failed" || len(g.names()) > 0 {
		t.Errorf("exit code %d, %v, %v", code, outputs, g.names())
	}
	if log := s.log.String(); strings.Count(log, "not all of them are attached") != 1 || strings.Contains(log, "could not be fetched") || !strings.Contains(log, "the GitHub release has only 0 of") {
		t.Error(log)
	}
}

// TestAttachIsRefusedBeforeAnythingIsMinted: whatever can be known to fail does so before the release is at the index.
func TestAttachIsRefusedBeforeAnythingIsMinted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		right   releases.Right
		release *releases.Release
		code    int
		says    string
		before  func(*step, *gitHub)
	}{
		{"without the right", releases.Read, v1, 2, "contents: write", nil},
		{"with a token of another repository", releases.Outside, v1, 2, "contents: write", nil},
		{"no such release", releases.Write, &releases.Release{Tag: "v0.9"}, 1, "v1.0.0", nil},
		{"an immutable release", releases.Write, &releases.Release{Tag: "v1.0.0", Immutable: true}, 1, "immutable", nil},
		{"other bytes there", releases.Write, v1, 1, "alder-1.0.tar.gz", func(s *step, g *gitHub) {
			g.Hold(releases.Asset{Release: g.release.ID, Name: "alder-1.0.tar.gz", Bytes: []byte("another sdist")})
		}},
		{"auto on a branch", releases.Write, v1, 2, "neither a release nor a tag", func(s *step, _ *gitHub) {
			s.env["GITHUB_REF_TYPE"], s.env["GITHUB_REF"] = "branch", "refs/heads/main"
		}},
		{"no token", releases.Write, v1, 2, "github-token is empty", func(s *step, _ *gitHub) { s.env["INPUT_GITHUB-TOKEN"] = "" }},
		{"no repository", releases.Write, v1, 2, "GITHUB_REPOSITORY", func(s *step, _ *gitHub) { s.env["GITHUB_REPOSITORY"] = "" }},
		{"an API in clear text", releases.Write, v1, 2, "GITHUB_API_URL is no https URL", func(s *step, _ *gitHub) {
			s.env["GITHUB_API_URL"] = "http://api.github.example"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
			g := s.withGitHub(c.right, c.release)
			if c.before != nil {
				c.before(s, g)
			}
			code, outputs := s.run()
			if code != c.code || outputs["result"] != "failed" || s.minted() != 0 || len(s.holds()) > 0 || g.Asked(releases.Upload) > 0 {
				t.Errorf("exit code %d, %v, %d tokens", code, outputs, s.minted())
			}
			if !strings.Contains(s.log.String(), "::error title=") || !strings.Contains(s.log.String(), c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, s.log.String())
			}
			if got := outputs["github-release"]; c.code == 1 && got != "failed" {
				t.Errorf("github-release is %q", got)
			}
		})
	}
}

// TestAFailureAfterThePublication is a warning and an output, and another run finishes it.
func TestAFailureAfterThePublication(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	g := s.withGitHub(releases.Write, v1)
	g.Say(releases.Upload, releases.Answer{Status: 422, Body: `{"message":"Validation Failed","errors":[{"code":"custom","message":"too many assets"}]}`})
	code, outputs := s.run()
	if code != 0 || outputs["result"] != "published" || outputs["github-release"] != "failed" {
		t.Errorf("exit code %d, %v\n%s", code, outputs, s.log.String())
	}
	if !strings.Contains(s.log.String(), "the GitHub release has only 1 of 3 files of this run") || !strings.Contains(s.summary(), "1 of 3 files") {
		t.Errorf("what is there is not counted:\n%s", s.log.String())
	}
	for _, name := range g.names() {
		if strings.HasSuffix(name, ".manifest.json") {
			t.Error("a manifest of a release that is not whole is attached")
		}
	}
	if log := s.log.String(); !strings.Contains(log, "::warning ") || strings.Contains(log, "::error") || !strings.Contains(log, "the files are published, but not all of them are attached") {
		t.Errorf("it is not told as a warning:\n%s", log)
	}
	code, outputs = s.run()
	if code != 0 || outputs["result"] != "unchanged" || outputs["github-release"] != "attached" || len(g.names()) != 3 {
		t.Errorf("the second run: exit code %d, %v, %v\n%s", code, outputs, g.names(), s.log.String())
	}
}

// TestWhatIsNotPublishedIsNotAttached: a file whose name the index gives other bytes, and a release that is not whole.
func TestWhatIsNotPublishedIsNotAttached(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	if code, _ := s.run(); code != 0 {
		t.Fatal(s.log.String())
	}
	s.build("alder-1.0-py3-none-any.whl", "rebuilt")
	s.build("alder-1.0.tar.gz", "")
	g := s.withGitHub(releases.Write, v1)

	code, outputs := s.run()
	if code != 1 || outputs["github-release"] != "failed" || len(g.names()) > 0 {
		t.Errorf("a conflict: exit code %d, %v, %v", code, outputs, g.names())
	}
	s.env["INPUT_SKIP-EXISTING"] = "true"
	code, outputs = s.run()
	want := []string{"alder-1.0.manifest.json", "alder-1.0.tar.gz", "alder-1.0.tar.gz.publish.sigstore.json"}
	if code != 0 || outputs["github-release"] != "attached" || !slices.Equal(g.names(), want) {
		t.Errorf("skipped: exit code %d, %v, %v\n%s", code, outputs, g.names(), s.log.String())
	}
}

// TestADryRunAttachesNothing, and tells what would fail.
func TestADryRunAttachesNothing(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	g := s.withGitHub(releases.Read, v1)
	s.env["INPUT_DRY-RUN"] = "true"
	code, outputs := s.run()
	if code != 0 || outputs["result"] != "dry-run" || outputs["github-release"] != "" || g.Asked(releases.Upload) > 0 || g.Edits() > 0 {
		t.Errorf("exit code %d, %v", code, outputs)
	}
	if !strings.Contains(s.log.String(), "a real run would fail here") || !strings.Contains(s.log.String(), "contents: write") {
		t.Errorf("it does not tell what would fail:\n%s", s.log.String())
	}
}

// TestAttachWithoutAttestations: with attestations: false, and where the index has turned provenance off, the rest is attached.
func TestAttachWithoutAttestations(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	g := s.withGitHub(releases.Write, v1)
	s.env["INPUT_ATTESTATIONS"] = "false"
	code, outputs := s.run()
	if code != 0 || outputs["github-release"] != "attached" || !slices.Equal(g.names(), []string{"alder-1.0-py3-none-any.whl", "alder-1.0.manifest.json"}) {
		t.Errorf("exit code %d, %v, %v\n%s", code, outputs, g.names(), s.log.String())
	}
}
