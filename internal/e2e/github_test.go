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
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// gitHub is the GitHub of a step's test server, with one release for its tag v1.0.0.
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
	e := s.run().require(t, 0, "result", "published", "github-release", "attached")
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
			if err := json.Unmarshal(a.Bytes, &decoded); err != nil {
				t.Errorf("the manifest: %v\n%s", err, a.Bytes)
			}
			expect.Equal(t, "result in the manifest", decoded.Result, "published")
			expect.Equal(t, "GitHub release in the manifest", decoded.GitHubRelease, "")
			expect.Equal(t, "files in the manifest", len(decoded.Files), 2)
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
	page := "https://github.example/" + s.env["GITHUB_REPOSITORY"] + "/releases/tag/v1.0.0"
	if !strings.Contains(e.summary, `<a href="`+page+`">`) {
		t.Errorf("the summary has no link to the release:\n%s", e.summary)
	}

	before, uploads := g.Assets(g.release.ID), g.RequestCount(releases.Upload)
	e = s.run()
	e.expect(t, 0, "result", "unchanged", "github-release", "attached")
	expect.Equal(t, "uploads of assets", g.RequestCount(releases.Upload), uploads)
	expect.Equal(t, "upload tokens", len(s.servers.Tokens()), 1)
	if after := g.Assets(g.release.ID); len(after) != len(before) {
		t.Errorf("assets before %d, after %d", len(before), len(after))
	}
}

// TestGitHubRelease_SeparateJob: the job that publishes has no right to the release, and the one that attaches has none to publish. The
// attestations come from the index.
func TestGitHubRelease_SeparateJob(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	s.run().require(t, 0, "github-release", "")
	g := s.withGitHub(releases.Write, &releases.Release{Tag: "v1.0.0", Draft: true})
	s.withoutIDToken()
	s.run().require(t, 0, "result", "unchanged", "github-release", "attached", "token-burned", "not-minted")
	expect.Equal(t, "upload tokens", len(s.servers.Tokens()), 1)
	if got := g.names(); !slices.Equal(got, attachedNames()) {
		t.Errorf("attached: %v", got)
	}
	for _, a := range g.Assets(g.release.ID) {
		if strings.HasSuffix(a.Name, ".manifest.json") && strings.Count(string(a.Bytes), `"served": true`) != 2 {
			t.Errorf("the manifest does not list the attestations that the index has:\n%s", a.Bytes)
		}
	}
}

// TestGitHubRelease_WaitForIndex: the page of the index comes from a cache, and does not have the files yet, when the job that attaches
// looks at it. It waits for a while; it never asks for the right to publish as if that were the only way.
func TestGitHubRelease_WaitForIndex(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		queries int64 // that do not show it
		wait    string
		index   string
		code    int
	}{
		{"it shows them soon", 3, "60", "", 0},
		{"it does not", 1 << 40, "2", "", 1},
		{"nobody may look", 0, "60", "none", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
			s.run().require(t, 0)
			g := s.withGitHub(releases.Write, v1)
			s.withoutIDToken()
			s.noWait, s.env["INPUT_WAIT-FOR-INDEX"], s.env["INPUT_INDEX-URL"] = true, c.wait, c.index
			s.env["INPUT_ATTESTATIONS"] = "false" // their address on the page is not that of the front
			s.answerQueries("/simple/", func(n int64) http.HandlerFunc { return answerIf(n <= c.queries, http.NotFound) })
			e := s.run()
			log := e.log
			e.expect(t, c.code)
			expect.Equal(t, "upload tokens", len(s.servers.Tokens()), 1)
			if c.code == 0 {
				e.expectOutputs(t, "github-release", "attached")
				expect.Equal(t, "assets", len(g.names()), 3)
				return
			}
			e.expectOutputs(t, "github-release", "failed")
			expect.Equal(t, "assets", len(g.names()), 0)
			expect.Contains(t, "the log", log,
				"title=pypi-oidc-publish%3A github-release-unpublished::this job cannot publish files, and these may not be published yet")
			expect.Contains(t, "the log", log, "run this job again in a few minutes")
		})
	}
}

// answerQueries answers the queries of index pages, counted from one, with what is given for each; for nil, the index answers.
func (s *step) answerQueries(under string, given func(n int64) http.HandlerFunc) *atomic.Int64 {
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

// answerIf is the answer where the condition holds, and none else.
func answerIf(holds bool, answer http.HandlerFunc) http.HandlerFunc {
	if holds {
		return answer
	}
	return nil
}

// hangs sends no answer until the client has gone.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// TestGitHubRelease_FindingsOnceAfterWait: the plan that is made again after it says nothing twice.
func TestGitHubRelease_FindingsOnceAfterWait(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "birch-1.0-py3-none-any.whl")
	s.servers.AddPublisher(fakepypi.Publisher{Project: "birch"})
	s.run().require(t, 0)
	s.build("alder-1.0-py3-none-any.whl", "rebuilt")
	s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.noWait, s.env["INPUT_WAIT-FOR-INDEX"], s.env["INPUT_SKIP-EXISTING"], s.env["INPUT_ATTESTATIONS"] = true, "60", "true", "false"
	queries := s.answerQueries("/simple/birch/", func(n int64) http.HandlerFunc { return answerIf(n == 1, http.NotFound) })
	e := s.run()
	log := e.log
	e.expect(t, 0)
	expect.Equal(t, `number of "::warning "`, strings.Count(log, "::warning "), 1)
	expect.Equal(t, `number of "id":"skipped"`, strings.Count(e.outputs["manifest"], `"id":"skipped"`), 1)
	if queries.Load() < 2 {
		t.Errorf("%d queries\n%s", queries.Load(), log)
	}
}

// TestGitHubRelease_FileAlreadyPresent, and the run could not know: it signs, and the index keeps the attestations that it has. Those are
// attached, so that another run, which knows only them, finds nothing else there.
func TestGitHubRelease_FileAlreadyPresent(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.run().require(t, 0)
	g := s.withGitHub(releases.Write, v1)
	s.noWait, s.env["INPUT_WAIT-FOR-INDEX"] = true, "30"
	s.down("status-503", longerThanLookUp, "look", 0)
	e := s.run().expect(t, 0, "github-release", "attached")
	expect.Equal(t, "assets", len(g.names()), 3)
	expect.Contains(t, "the log", e.log, "provenance-earlier")
	m := e.outputs["manifest"]
	expect.Equal(t, `number of "log-index"`, strings.Count(m, `"log-index"`), 1)
	expect.Equal(t, "number of "+`"served":true`, strings.Count(m, `"served":true`), 1)
	e = s.run().expect(t, 0, "result", "unchanged", "github-release", "attached")
	expect.Equal(t, "assets", len(g.names()), 3)
}

// TestGitHubRelease_WaitTimeout: when the time is up, the report has what was seen before.
func TestGitHubRelease_WaitTimeout(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.noWait, s.env["INPUT_WAIT-FOR-INDEX"] = true, "6" // the first query is waited for 5 seconds, of which none pass
	queries := s.answerQueries("/simple/", func(n int64) http.HandlerFunc { return answerIf(n > 2, hangs) })
	e := s.run()
	log := e.log
	e.expect(t, 1)
	expect.Equal(t, "looks", queries.Load(), 3)
	expect.Contains(t, "the log", log, " does not list them)")
	expect.Lacks(t, "the log", log, "could not be queried")
}

// TestGitHubRelease_StalePage: the page that is asked for attestations comes from another cache than the one that showed the files, and
// does not have them. That is no page of files without attestations.
func TestGitHubRelease_StalePage(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.run().require(t, 0)
	g := s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.env["INPUT_ATTESTATIONS"] = "true"
	queries := s.answerQueries("/simple/", func(n int64) http.HandlerFunc { return answerIf(n > 1, http.NotFound) })
	e := s.run()
	e.expect(t, 0, "github-release", "failed")
	expect.Equal(t, "looks", queries.Load(), 2)
	expect.Equal(t, "assets", g.names(), []string{"alder-1.0-py3-none-any.whl"})
	expect.Contains(t, "the log", e.log, "github-release-attestations::", "does not list the file")
}

// TestCancel_BeforeAttaching: one message says that nothing was attached, and not one for every file without its attestations.
func TestCancel_BeforeAttaching(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz").asProcess()
	s.run().require(t, 0)
	g := s.withGitHub(releases.Write, v1)
	s.withoutIDToken()
	s.env["INPUT_WAIT-FOR-INDEX"] = "60"
	reading := make(chan struct{})
	s.answerQueries("/simple/", func(n int64) http.HandlerFunc {
		return answerIf(n == 2, func(w http.ResponseWriter, r *http.Request) { close(reading); hangs(w, r) })
	})
	command := s.start()
	waitFor(t, reading)
	if err := command.signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	e := command.end().expect(t, 0, "result", "unchanged", "github-release", "failed")
	expect.Equal(t, "assets", g.names(), nil)
	log := e.log
	expect.Equal(t, `number of "not all of them are attached"`, strings.Count(log, "not all of them are attached"), 1)
	expect.Lacks(t, "the log", log, "could not be fetched")
	expect.Contains(t, "the log", log, "the GitHub release has only 0 of")
}

// TestGitHubRelease_RefusedBeforeMint: what is known to fail does so before the release is at the index.
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
			g.AddAsset(releases.Asset{Release: g.release.ID, Name: "alder-1.0.tar.gz", Bytes: []byte("another sdist")})
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
			e.expect(t, c.code, "result", "failed")
			expect.Equal(t, "upload tokens", len(s.servers.Tokens()), 0)
			expect.Equal(t, "files of the index", len(s.indexed()), 0)
			expect.Equal(t, "uploads of assets", g.RequestCount(releases.Upload), 0)
			expect.Contains(t, "the log", e.log, "::error title=", c.says)
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
	g.Say(releases.Upload,
		releases.Answer{Status: 422, Body: `{"message":"Validation Failed","errors":[{"code":"custom","message":"too many assets"}]}`})
	e := s.run()
	e.expect(t, 0, "result", "published", "github-release", "failed")
	expect.Contains(t, "the log", e.log, "the GitHub release has only 1 of 3 files of this run")
	expect.Contains(t, "the summary", e.summary, "1 of 3 files")
	for _, name := range g.names() {
		if strings.HasSuffix(name, ".manifest.json") {
			t.Error("a manifest of a release that is not whole is attached")
		}
	}
	log := e.log
	expect.Contains(t, "the log", log, "::warning ")
	expect.Lacks(t, "the log", log, "::error")
	expect.Contains(t, "the log", log, "the files are published, but not all of them are attached")
	e = s.run().expect(t, 0, "result", "unchanged", "github-release", "attached")
	expect.Equal(t, "assets", len(g.names()), 3)
}

// TestGitHubRelease_NotPublished: a file whose name the index gives other bytes, and a release that is not whole.
func TestGitHubRelease_NotPublished(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.run().require(t, 0)
	s.build("alder-1.0-py3-none-any.whl", "rebuilt")
	s.build("alder-1.0.tar.gz", "")
	g := s.withGitHub(releases.Write, v1)

	s.run().expect(t, 1, "github-release", "failed")
	expect.Equal(t, "assets where a file is in conflict", g.names(), nil)
	s.env["INPUT_SKIP-EXISTING"] = "true"
	e := s.run()
	want := []string{"alder-1.0.manifest.json", "alder-1.0.tar.gz", "alder-1.0.tar.gz.publish.sigstore.json"}
	e.expect(t, 0, "github-release", "attached")
	expect.Equal(t, "assets where a file is skipped", g.names(), want)
}

// TestGitHubRelease_DryRun: it reports what would fail.
func TestGitHubRelease_DryRun(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	g := s.withGitHub(releases.Read, v1)
	s.env["INPUT_DRY-RUN"] = "true"
	e := s.run().expect(t, 0, "result", "dry-run", "github-release", "")
	expect.Equal(t, "uploads of assets", g.RequestCount(releases.Upload), 0)
	expect.Equal(t, "edits of the release", g.Edits(), 0)
	expect.Contains(t, "the log", e.log, "a real run would fail here", "contents: write")
}

// TestGitHubRelease_WithoutAttestations: with attestations: false, and where the index has turned provenance off, the rest is attached.
func TestGitHubRelease_WithoutAttestations(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	g := s.withGitHub(releases.Write, v1)
	s.env["INPUT_ATTESTATIONS"] = "false"
	s.run().expect(t, 0, "github-release", "attached")
	expect.Equal(t, "assets", g.names(), []string{"alder-1.0-py3-none-any.whl", "alder-1.0.manifest.json"})
}
