package e2e_test

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
	g, token := s.servers.GitHub, s.servers.Env[fakepypi.GitHubToken]
	g.AllowToken(token, right)
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

var v1 = &releases.Release{Tag: "v1.0.0", Name: "One"}

// attachedNames are the assets of a release of alder 1.0: the files, their attestations, and the manifest.
func attachedNames() []string {
	return []string{
		"alder-1.0-py3-none-any.whl", "alder-1.0-py3-none-any.whl.publish.sigstore.json", "alder-1.0.manifest.json",
		"alder-1.0.tar.gz", "alder-1.0.tar.gz.publish.sigstore.json",
	}
}

// TestGitHubRelease_SameJob: one job publishes and attaches; the same job again finds everything there and changes nothing.
func TestGitHubRelease_SameJob(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	g := s.withGitHub(releases.Write, v1)
	e := s.run()
	if e.code != 0 || e.outputs["result"] != "published" || e.outputs["github-release"] != "attached" {
		t.Fatalf("exit code %d, %v\n%s", e.code, e.outputs, e.log)
	}
	if got := g.names(); !slices.Equal(got, attachedNames()) {
		t.Errorf("attached: %v", got)
	}
	for _, a := range g.Assets(g.release.ID) {
		switch {
		case strings.HasSuffix(a.Name, ".manifest.json"):
			var decoded struct {
				Result        string
				GitHubRelease string `json:"github-release"`
				Files         []struct{ Name, SHA256 string }
			}
			if err := json.Unmarshal(a.Bytes, &decoded); err != nil || decoded.Result != "published" || decoded.GitHubRelease != "" || len(decoded.Files) != 2 {
				t.Errorf("the manifest: %v %+v", err, decoded)
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
	if page := "https://github.example/" + s.env["GITHUB_REPOSITORY"] + "/releases/tag/v1.0.0"; !strings.Contains(e.summary, `<a href="`+page+`">`) {
		t.Errorf("the summary has no link to the release:\n%s", e.summary)
	}

	before, uploads := g.Assets(g.release.ID), g.Asked(releases.Upload)
	e = s.run()
	if e.code != 0 || e.outputs["result"] != "unchanged" || e.outputs["github-release"] != "attached" || g.Asked(releases.Upload) != uploads || len(s.servers.Tokens()) != 1 {
		t.Errorf("the second run: exit code %d, %v, %d uploads\n%s", e.code, e.outputs, g.Asked(releases.Upload)-uploads, e.log)
	}
	if after := g.Assets(g.release.ID); len(after) != len(before) {
		t.Errorf("assets before %d, after %d", len(before), len(after))
	}
}

// TestGitHubRelease_SeparateJob: the job that publishes has no right to the release, and the one that attaches has none to publish. The
// attestations come from the index.
func TestGitHubRelease_SeparateJob(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	if e := s.run(); e.code != 0 || e.outputs["github-release"] != "" {
		t.Fatalf("exit code %d, %v\n%s", e.code, e.outputs, e.log)
	}
	g := s.withGitHub(releases.Write, &releases.Release{Tag: "v1.0.0", Draft: true})
	s.withoutIDToken()
	e := s.run()
	if e.code != 0 || e.outputs["result"] != "unchanged" || e.outputs["github-release"] != "attached" || e.outputs["token-burned"] != "not-minted" || len(s.servers.Tokens()) != 1 {
		t.Fatalf("exit code %d, %v\n%s", e.code, e.outputs, e.log)
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

// TestGitHubRelease_WaitForIndex: the page of the index comes from a cache, and does not have the files yet, when the job that attaches
// looks at it. It waits for a while; it never asks for the right to publish as if that were the only way.
func TestGitHubRelease_WaitForIndex(t *testing.T) {
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
			if e := s.run(); e.code != 0 {
				t.Fatal(e.log)
			}
			g := s.withGitHub(releases.Write, v1)
			s.withoutIDToken()
			s.noWait, s.env["INPUT_WAIT-FOR-INDEX"], s.env["INPUT_INDEX-URL"] = true, c.wait, c.index
			s.env["INPUT_ATTESTATIONS"] = "false" // their address on the page is not that of the front
			s.looks("/simple/", func(n int64) http.HandlerFunc { return when(n <= c.looks, http.NotFound) })
			e := s.run()
			log := e.log
			if e.code != c.code || len(s.servers.Tokens()) != 1 {
				t.Errorf("exit code %d, %v\n%s", e.code, e.outputs, log)
			}
			if c.code == 0 {
				if e.outputs["github-release"] != "attached" || len(g.names()) != 3 {
					t.Errorf("%v, %v\n%s", e.outputs, g.names(), log)
				}
				return
			}
			if e.outputs["github-release"] != "failed" || len(g.names()) > 0 || !strings.Contains(log, "title=pypi-oidc-publish%3A github-release-unpublished::this job cannot publish files, and these may not be published yet") ||
				!strings.Contains(log, "run this job again in a few minutes") {
				t.Errorf("%v\n%s", e.outputs, log)
			}
		})
	}
}

// looks has the looks at pages of the index, counted from one, answered by what is given for each; for nil, by the index itself.
func (s *step) looks(under string, given func(n int64) http.HandlerFunc) *atomic.Int64 {
	s.t.Helper()
	var queries atomic.Int64
	s.front(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, under) {
				if answer := given(queries.Add(1)); answer != nil {
					answer(w, r)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	})
	return &queries
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

// TestGitHubRelease_FindingsOnceAfterWait: the plan that is made again after it says nothing twice.
func TestGitHubRelease_FindingsOnceAfterWait(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "birch-1.0-py3-none-any.whl")
	s.servers.Trust(fakepypi.Publisher{Project: "birch"})
	if e := s.run(); e.code != 0 {
		t.Fatal(e.log)
	}
	s.build("alder-1.0-py3-none-any.whl", "rebuilt")
	s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.noWait, s.env["INPUT_WAIT-FOR-INDEX"], s.env["INPUT_SKIP-EXISTING"], s.env["INPUT_ATTESTATIONS"] = true, "60", "true", "false"
	queries := s.looks("/simple/birch/", func(n int64) http.HandlerFunc { return when(n == 1, http.NotFound) })
	e := s.run()
	if log := e.log; e.code != 0 || queries.Load() < 2 || strings.Count(log, "::warning ") != 1 || strings.Count(e.outputs["manifest"], `"id":"skipped"`) != 1 {
		t.Errorf("exit code %d, %d looks, %v\n%s", e.code, queries.Load(), e.outputs, log)
	}
}

// TestGitHubRelease_FileAlreadyPresent, and the run could not know: it signs, and the index keeps the attestations that it has. Those are attached,
// so that another run, which knows only them, finds nothing else there.
func TestGitHubRelease_FileAlreadyPresent(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	if e := s.run(); e.code != 0 {
		t.Fatal(e.log)
	}
	g := s.withGitHub(releases.Write, v1)
	s.inProcess, s.noWait, s.env["INPUT_WAIT-FOR-INDEX"] = true, true, "30"
	s.down("status-503", longerThanLookUp, "look", 0)
	e := s.run()
	if e.code != 0 || e.outputs["github-release"] != "attached" || len(g.names()) != 3 || !strings.Contains(e.log, "provenance-earlier") {
		t.Errorf("exit code %d, %v, %v\n%s", e.code, e.outputs, g.names(), e.log)
	}
	if m := e.outputs["manifest"]; strings.Count(m, `"log-index"`) != 1 || strings.Count(m, `"served":true`) != 1 {
		t.Errorf("the manifest tells of attestations that nobody has: %s", m)
	}
	e = s.run()
	if e.code != 0 || e.outputs["result"] != "unchanged" || e.outputs["github-release"] != "attached" || len(g.names()) != 3 {
		t.Errorf("the run after it: exit code %d, %v\n%s", e.code, e.outputs, e.log)
	}
}

// TestGitHubRelease_WaitTimeout, since the time is up: what is told is what was seen before.
func TestGitHubRelease_WaitTimeout(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.inProcess, s.noWait, s.env["INPUT_WAIT-FOR-INDEX"] = true, true, "6" // the first look is waited for 5 seconds, of which none pass
	queries := s.looks("/simple/", func(n int64) http.HandlerFunc { return when(n > 2, hangs) })
	e := s.run()
	if log := e.log; e.code != 1 || queries.Load() != 3 || !strings.Contains(log, " does not list them)") || strings.Contains(log, "could not be queried") {
		t.Errorf("exit code %d after %d looks\n%s", e.code, queries.Load(), log)
	}
}

// TestGitHubRelease_StalePage: the page that is asked for attestations comes from another cache than the one that showed the files, and does not
// have them. That is no page of files without attestations.
func TestGitHubRelease_StalePage(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	if e := s.run(); e.code != 0 {
		t.Fatal(e.log)
	}
	g := s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.env["INPUT_ATTESTATIONS"] = "true"
	queries := s.looks("/simple/", func(n int64) http.HandlerFunc { return when(n > 1, http.NotFound) })
	e := s.run()
	if e.code != 0 || queries.Load() != 2 || e.outputs["github-release"] != "failed" || !slices.Equal(g.names(), []string{"alder-1.0-py3-none-any.whl"}) {
		t.Errorf("exit code %d after %d looks, %v, %v", e.code, queries.Load(), e.outputs, g.names())
	}
	if !strings.Contains(e.log, "github-release-attestations::") || !strings.Contains(e.log, "does not list the file") {
		t.Error(e.log)
	}
}

// TestCancel_BeforeAttaching tells once that nothing was attached, and not for every file that its attestations could not be had.
func TestCancel_BeforeAttaching(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	if e := s.run(); e.code != 0 {
		t.Fatal(e.log)
	}
	g := s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.env["INPUT_WAIT-FOR-INDEX"] = "60"
	reading := make(chan struct{})
	s.looks("/simple/", func(n int64) http.HandlerFunc {
		return when(n == 2, func(w http.ResponseWriter, r *http.Request) { close(reading); hangs(w, r) })
	})
	command := s.start()
	waitFor(t, reading)
	if err := command.signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	e := command.end()
	if e.code != 0 || e.outputs["result"] != "unchanged" || e.outputs["github-release"] != "failed" || len(g.names()) > 0 {
		t.Errorf("exit code %d, %v, %v", e.code, e.outputs, g.names())
	}
	if log := e.log; strings.Count(log, "not all of them are attached") != 1 || strings.Contains(log, "could not be fetched") || !strings.Contains(log, "the GitHub release has only 0 of") {
		t.Error(log)
	}
}

// TestGitHubRelease_RefusedBeforeMint: whatever can be known to fail does so before the release is at the index.
func TestGitHubRelease_RefusedBeforeMint(t *testing.T) {
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
		{"auto on a branch", releases.Write, v1, 2, "not for a release or a tag", func(s *step, _ *gitHub) {
			s.env["GITHUB_REF_TYPE"], s.env["GITHUB_REF"] = "branch", "refs/heads/main"
		}},
		{"no token", releases.Write, v1, 2, "github-token is empty", func(s *step, _ *gitHub) { s.env["INPUT_GITHUB-TOKEN"] = "" }},
		{"no repository", releases.Write, v1, 2, "GITHUB_REPOSITORY", func(s *step, _ *gitHub) { s.env["GITHUB_REPOSITORY"] = "" }},
		{"an API in clear text", releases.Write, v1, 2, "GITHUB_API_URL is not an https URL", func(s *step, _ *gitHub) {
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
			e := s.run()
			if e.code != c.code || e.outputs["result"] != "failed" || len(s.servers.Tokens()) != 0 || len(s.indexed()) > 0 || g.Asked(releases.Upload) > 0 {
				t.Errorf("exit code %d, %v, %d tokens", e.code, e.outputs, len(s.servers.Tokens()))
			}
			if !strings.Contains(e.log, "::error title=") || !strings.Contains(e.log, c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, e.log)
			}
			if got := e.outputs["github-release"]; c.code == 1 && got != "failed" {
				t.Errorf("github-release is %q", got)
			}
		})
	}
}

// TestGitHubRelease_FailureAfterPublication is a warning and an output, and another run finishes it.
func TestGitHubRelease_FailureAfterPublication(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	g := s.withGitHub(releases.Write, v1)
	g.Say(releases.Upload, releases.Answer{Status: 422, Body: `{"message":"Validation Failed","errors":[{"code":"custom","message":"too many assets"}]}`})
	e := s.run()
	if e.code != 0 || e.outputs["result"] != "published" || e.outputs["github-release"] != "failed" {
		t.Errorf("exit code %d, %v\n%s", e.code, e.outputs, e.log)
	}
	if !strings.Contains(e.log, "the GitHub release has only 1 of 3 files of this run") || !strings.Contains(e.summary, "1 of 3 files") {
		t.Errorf("what is there is not counted:\n%s", e.log)
	}
	for _, name := range g.names() {
		if strings.HasSuffix(name, ".manifest.json") {
			t.Error("a manifest of a release that is not whole is attached")
		}
	}
	if log := e.log; !strings.Contains(log, "::warning ") || strings.Contains(log, "::error") || !strings.Contains(log, "the files are published, but not all of them are attached") {
		t.Errorf("it is not told as a warning:\n%s", log)
	}
	e = s.run()
	if e.code != 0 || e.outputs["result"] != "unchanged" || e.outputs["github-release"] != "attached" || len(g.names()) != 3 {
		t.Errorf("the second run: exit code %d, %v, %v\n%s", e.code, e.outputs, g.names(), e.log)
	}
}

// TestGitHubRelease_NotPublished: a file whose name the index gives other bytes, and a release that is not whole.
func TestGitHubRelease_NotPublished(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	if e := s.run(); e.code != 0 {
		t.Fatal(e.log)
	}
	s.build("alder-1.0-py3-none-any.whl", "rebuilt")
	s.build("alder-1.0.tar.gz", "")
	g := s.withGitHub(releases.Write, v1)

	e := s.run()
	if e.code != 1 || e.outputs["github-release"] != "failed" || len(g.names()) > 0 {
		t.Errorf("a conflict: exit code %d, %v, %v", e.code, e.outputs, g.names())
	}
	s.env["INPUT_SKIP-EXISTING"] = "true"
	e = s.run()
	want := []string{"alder-1.0.manifest.json", "alder-1.0.tar.gz", "alder-1.0.tar.gz.publish.sigstore.json"}
	if e.code != 0 || e.outputs["github-release"] != "attached" || !slices.Equal(g.names(), want) {
		t.Errorf("skipped: exit code %d, %v, %v\n%s", e.code, e.outputs, g.names(), e.log)
	}
}

// TestGitHubRelease_DryRun, and tells what would fail.
func TestGitHubRelease_DryRun(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	g := s.withGitHub(releases.Read, v1)
	s.env["INPUT_DRY-RUN"] = "true"
	e := s.run()
	if e.code != 0 || e.outputs["result"] != "dry-run" || e.outputs["github-release"] != "" || g.Asked(releases.Upload) > 0 || g.Edits() > 0 {
		t.Errorf("exit code %d, %v", e.code, e.outputs)
	}
	if !strings.Contains(e.log, "a real run would fail here") || !strings.Contains(e.log, "contents: write") {
		t.Errorf("it does not tell what would fail:\n%s", e.log)
	}
}

// TestGitHubRelease_WithoutAttestations: with attestations: false, and where the index has turned provenance off, the rest is attached.
func TestGitHubRelease_WithoutAttestations(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	g := s.withGitHub(releases.Write, v1)
	s.env["INPUT_ATTESTATIONS"] = "false"
	e := s.run()
	if e.code != 0 || e.outputs["github-release"] != "attached" || !slices.Equal(g.names(), []string{"alder-1.0-py3-none-any.whl", "alder-1.0.manifest.json"}) {
		t.Errorf("exit code %d, %v, %v\n%s", e.code, e.outputs, g.names(), e.log)
	}
}
