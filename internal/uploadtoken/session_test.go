package uploadtoken_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// run is a session with its dependencies.
type run struct {
	*uploadtoken.Session
	mu       sync.Mutex
	events   []ledger.Event
	redactor *secret.Redactor
}

func (r *run) record(e ledger.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// unmatched is what was reported of the publisher that the index would need, or nil.
func (r *run) unmatched() *ledger.Publisher {
	for _, e := range r.events {
		if reported, ok := e.(ledger.Unmatched); ok {
			return &reported.Publisher
		}
	}
	return nil
}

func client() *wire.Client {
	return wire.New(wire.Options{
		UserAgent: "pypi-oidc-publish/test", Now: time.Now,
		Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	})
}

// idTokenAvailable: there is always an ID token here.
func idTokenAvailable() error { return nil }

// noSleep does not wait.
func noSleep(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }

func permit(audience string) error {
	if audience == "pypi" || audience == "sigstore" {
		return errors.New("the index asks for another service's ID token")
	}
	return nil
}

// newRun returns a session at the test server, as a run on GitHub has it.
func newRun(t *testing.T, s *fakepypi.Servers) *run {
	t.Helper()
	return newRunOf(t, s, false)
}

// newPublicRun is [newRun], where the test server stands for a public index.
func newPublicRun(t *testing.T, s *fakepypi.Servers) *run {
	t.Helper()
	return newRunOf(t, s, true)
}

func newRunOf(t *testing.T, s *fakepypi.Servers, public bool) *run {
	t.Helper()
	return newRunAt(t, s, s.Upload, public)
}

// newRunAt is newRunOf for a test server that is reached at another upload URL.
func newRunAt(t *testing.T, s *fakepypi.Servers, at *url.URL, public bool) *run {
	t.Helper()
	r := &run{}
	console, redactor := runner.New(func(name string) string { return s.Env[name] }, io.Discard)
	r.redactor = redactor
	r.Session = uploadtoken.New(uploadtoken.Options{
		At:           at,
		Wire:         client(),
		IDTokens:     console.IDTokens(client()),
		Redactor:     redactor,
		Now:          time.Now,
		Record:       r.record,
		Permit:       permit,
		Sleep:        noSleep,
		Warehouse:    true,
		Public:       public,
		CheckIDToken: idTokenAvailable,
	})
	return r
}

func startServers(t *testing.T, projects ...pep.Project) *fakepypi.Servers {
	t.Helper()
	s := pypitest.Start(t, fakepypi.Options{})
	for _, p := range projects {
		s.AddPublisher(fakepypi.Publisher{Project: p})
	}
	return s
}

// post sends an upload with a wrong digest, and returns how the index answers to the credential.
func post(t *testing.T, s *fakepypi.Servers, r *run, project string) (status int, message string) {
	t.Helper()
	user, pass, err := r.Token(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pass.Value(s.Upload)
	if err != nil {
		t.Fatal(err)
	}
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	for _, field := range [][2]string{
		{":action", "file_upload"},
		{"protocol_version", "1"},
		{"name", project},
		{"version", "1.0"},
		{"metadata_version", "2.1"},
		{"filetype", "sdist"},
		{"sha256_digest", strings.Repeat("0", 64)},
	} {
		if err := parts.WriteField(field[0], field[1]); err != nil {
			t.Fatal(err)
		}
	}
	if w, err := parts.CreateFormFile("content", project+"-1.0.tar.gz"); err != nil {
		t.Fatal(err)
	} else if _, err := w.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Upload.String(), &form)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(user, raw)
	request.Header.Set("Content-Type", parts.FormDataContentType())
	request.Header.Set("User-Agent", "test")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, answer.Status
}

func TestTokens_MintToRevoke(t *testing.T) {
	t.Parallel()
	s := startServers(t, "mine", "other")
	r := newRun(t, s)
	if got := r.Burn(t.Context()); got != ledger.NotMinted {
		t.Errorf("a burn before the mint: %s", got)
	}
	claims, err := r.Identify(t.Context())
	if err != nil || claims.Repository != "octo-org/rehearsal" {
		t.Fatal(claims, err)
	}
	if len(s.Tokens()) != 0 {
		t.Fatal("asking who we are minted a token")
	}
	if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
		t.Fatal(err)
	}
	// The index reads what was narrowed: the project of the run passes, and another one of the same publisher does not.
	if status, message := post(t, s, r, "mine"); status != 400 || !strings.Contains(message, "digest supplied does not match") {
		t.Errorf("%d %s", status, message)
	}
	status, message := post(t, s, r, "other")
	if status != 403 || !strings.Contains(message, "project-scoped token is not valid for project: 'other'") {
		t.Errorf("%d %s", status, message)
	}
	if got := r.Burn(t.Context()); got != ledger.BurnProven {
		t.Errorf("burned: %s", got)
	}
	if got := r.Burn(t.Context()); got != ledger.BurnProven {
		t.Errorf("burned again: %s", got)
	}
	if tokens := s.Tokens(); len(tokens) != 1 || !tokens[0].Burned {
		t.Errorf("%+v", tokens)
	}
	if status, _ := post(t, s, r, "mine"); status != 403 {
		t.Errorf("a burned token is answered %d", status)
	}
}

// TestRevoke_AfterUpload: an upload that the index accepted shows that the token works, so that nothing is asked before the revocation. An
// answer afterwards that says nothing of the token is no proof.
func TestRevoke_AfterUpload(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set      func(*fakepypi.Behavior)
		accepted bool
		want     ledger.Burned
		requests string
	}{
		"an upload was accepted": {func(*fakepypi.Behavior) {}, true, ledger.BurnProven, "burn probe"},
		"none was":               {func(*fakepypi.Behavior) {}, false, ledger.BurnProven, "probe burn probe"},
		"nothing was revoked":    {func(b *fakepypi.Behavior) { b.Burn = fakepypi.BurnIdle }, true, ledger.BurnAccepted, "burn probe"},
		"the index is read-only": {func(b *fakepypi.Behavior) { b.ReadOnly = true }, true, ledger.BurnAccepted, "burn probe"},
		"no such address":        {func(b *fakepypi.Behavior) { b.Burn = fakepypi.BurnMissing }, true, ledger.BurnUnsupported, "burn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServers(t, "mine")
			r := newRun(t, s)
			if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
				t.Fatal(err)
			}
			_, used, err := r.Token(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			r.Release(t.Context(), used, c.accepted)
			s.Switch(c.set)
			before := len(s.Requests())
			if got := r.Burn(t.Context()); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			var ops []string
			for _, request := range s.Requests()[before:] {
				ops = append(ops, request.Op)
			}
			if strings.Join(ops, " ") != c.requests {
				t.Errorf("requests: %v, want %v", ops, c.requests)
			}
		})
	}
}

func TestRestrict_ServerClock(t *testing.T) {
	t.Parallel()
	// The index is an hour ahead of us: by our own clock the token would be dead before its first use.
	ahead := func() time.Time { return time.Now().Add(time.Hour) }
	s := pypitest.Start(t, fakepypi.Options{Now: ahead})
	s.AddPublisher(fakepypi.Publisher{Project: "mine"})
	for life, want := range map[time.Duration]time.Duration{
		0: 5 * time.Minute, 8 * time.Minute: 8 * time.Minute, time.Hour: 15 * time.Minute,
	} {
		r := newRun(t, s)
		if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}, Life: life}); err != nil {
			t.Fatal(err)
		}
		minted, ok := r.events[len(r.events)-1].(ledger.Minted)
		if got := minted.Expires.Sub(ahead()); !ok || (got-want).Abs() > 10*time.Second {
			t.Errorf("life %v: narrowed to %v", life, got)
		}
		if status, message := post(t, s, r, "mine"); status != 400 {
			t.Errorf("%d %s", status, message)
		}
		r.Burn(t.Context())
	}
}

// TestRestrict_LyingDate: a time in the index's answer that is not within the token's own window changes nothing: the restricted token is
// valid now and for as long as was asked, and never for longer than the token.
func TestRestrict_LyingDate(t *testing.T) {
	t.Parallel()
	header := func(at time.Time) string { return at.UTC().Format(http.TimeFormat) }
	now := time.Now()
	for name, date := range map[string]string{
		"an hour ago": header(now.Add(-time.Hour)), "in an hour": header(now.Add(time.Hour)),
		"long ago": header(time.Unix(0, 0)), "in a century": header(now.AddDate(100, 0, 0)),
		"some minutes ago": header(now.Add(-7 * time.Minute)), "none": "", "no time": "tomorrow",
	} {
		for life, want := range map[time.Duration]time.Duration{
			0: 5 * time.Minute, 8 * time.Minute: 8 * time.Minute, time.Hour: 15 * time.Minute,
		} {
			for _, ahead := range []time.Duration{0, 2 * time.Hour, -2 * time.Hour} { // the index's clock
				if ahead != 0 && date != "" {
					continue // only without the header it is unknown
				}
				t.Run(fmt.Sprintf("%s, for %v, %v ahead", name, life, ahead), func(t *testing.T) {
					t.Parallel()
					now := func() time.Time { return time.Now().Add(ahead) }
					s := pypitest.Start(t, fakepypi.Options{Now: now})
					s.AddPublisher(fakepypi.Publisher{Project: "mine"})
					index := *s.Upload
					index.Path = ""
					proxy := httptest.NewServer(&httputil.ReverseProxy{
						Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&index) },
						ModifyResponse: func(answer *http.Response) error {
							answer.Header.Del("Date")
							if date != "" {
								answer.Header.Set("Date", date)
							}
							return nil
						},
					})
					t.Cleanup(proxy.Close)
					at, err := url.Parse(proxy.URL + "/legacy/")
					if err != nil {
						t.Fatal(err)
					}
					r := newRunAt(t, s, at, false)
					if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}, Life: life}); err != nil {
						t.Fatal(err)
					}
					minted, ok := r.events[len(r.events)-1].(ledger.Minted)
					if got := minted.Expires.Sub(now()); !ok || (got-want).Abs() > time.Minute {
						t.Errorf("restricted to %v", got)
					}
					user, pass, err := r.Token(t.Context(), 0)
					if err != nil || user != "__token__" || pass.Empty() {
						t.Errorf("%v", err)
					}
					if got := r.Burn(t.Context()); got != ledger.BurnProven {
						t.Errorf("the token was not valid: %s", got)
					}
				})
			}
		}
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		set  func(*fakepypi.Behavior)
		want ledger.Burned
	}{
		{"proven", func(*fakepypi.Behavior) {}, ledger.BurnProven},
		{"accepted and not done", func(s *fakepypi.Behavior) { s.Burn = "idle" }, ledger.BurnAccepted},
		{"no such endpoint", func(s *fakepypi.Behavior) { s.Burn = "missing" }, ledger.BurnUnsupported},
		{"not allowed", func(s *fakepypi.Behavior) { s.Burn = "not-allowed" }, ledger.BurnUnsupported},
		{"broken", func(s *fakepypi.Behavior) { s.Burn = "broken" }, ledger.BurnFailed},
		{"a 403 for another reason proves nothing", func(s *fakepypi.Behavior) { s.Burn, s.ReadOnly = "idle", true }, ledger.BurnAccepted},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := startServers(t, "mine")
			r := newRun(t, s)
			if err := errors.Join(
				r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}),
				r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}),
			); err != nil {
				t.Fatal(err)
			}
			s.Switch(c.set)
			if got := r.Burn(t.Context()); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			for _, token := range s.Tokens() {
				if token.Burned != (c.want == ledger.BurnProven) {
					t.Errorf("%+v", token)
				}
			}
		})
	}
	// The answer, with its head, has some 500 bytes.
	slow := fault.Fault{Kind: fault.SlowAnswer, Point: fault.AfterStore, BytesPerSecond: 100 * time.Millisecond, Piece: 16, Pieces: 15}
	hang, _ := fault.ByName("hang")
	busy := map[string]struct {
		op    string
		fault fault.Fault
		skip  int
		times int
		want  ledger.Burned
	}{
		"the proof takes more than a second": {"probe", slow, 1, 1, ledger.BurnProven},
		"the probe before it hangs":          {"probe", hang, 0, 1, ledger.BurnProven},
		"the burn takes more than a second":  {"burn", slow, 0, 1, ledger.BurnProven},
		"both probes hang":                   {"probe", hang, 0, 2, ledger.BurnAccepted},
		"the burn hangs":                     {"burn", hang, 0, 9, ledger.BurnFailed},
	}
	for name, c := range busy {
		t.Run("a busy index: "+name, func(t *testing.T) {
			if testing.Short() {
				t.Skip("it takes seconds: left out with -short")
			}
			t.Parallel()
			s := startServers(t, "mine")
			r := newRun(t, s)
			if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
				t.Fatal(err)
			}
			if err := s.InjectFault(c.op, c.fault, c.skip, c.times); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second) // as a run has it
			defer stop()
			if got := r.Burn(ctx); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	t.Run("a limit before the burn says nothing of the token", func(t *testing.T) {
		t.Parallel()
		s := startServers(t, "mine")
		r := newRun(t, s)
		if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"status-429", "html-403"} {
			f, _ := fault.ByName(name)
			if err := s.InjectFault("probe", f, 0, 1); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.Burn(t.Context()); got != ledger.BurnAccepted {
			t.Error(got)
		}
	})
	t.Run("no time left", func(t *testing.T) {
		t.Parallel()
		r := newRun(t, startServers(t, "mine"))
		if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got := r.Burn(ctx); got != ledger.BurnFailed {
			t.Error(got)
		}
		if got := r.Burn(t.Context()); got != ledger.BurnProven {
			t.Errorf("a second burn does not try again: %s", got)
		}
	})
}

func TestMint_Refused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		id   finding.ID
		says string
		set  func(*fakepypi.Servers)
	}{
		{"no such publisher", "invalid-publisher", "owner octo-org, repository rehearsal, workflow release.yml", func(s *fakepypi.Servers) {
			s.Claims(func(c map[string]any) { c["repository_owner_id"] = "1" })
		}},
		{"pull_request_target", "event-refused", "tag", func(s *fakepypi.Servers) {
			s.Claims(func(c map[string]any) { c["event_name"] = "pull_request_target" })
		}},
		{"another repository's reusable workflow", "reusable-workflow", "octo-org/shared", func(s *fakepypi.Servers) {
			s.Claims(func(c map[string]any) {
				c["job_workflow_ref"] = "octo-org/shared/.github/workflows/x.yml@refs/heads/main"
			})
		}},
		{
			"turned off", "trusted-publishing-off", "not enabled",
			func(s *fakepypi.Servers) { s.Switch(func(w *fakepypi.Behavior) { w.NoOIDC = true }) },
		},
		{
			"GitHub turned off", "not-enabled", "status page",
			func(s *fakepypi.Servers) { s.Switch(func(w *fakepypi.Behavior) { w.NoGitHub = true }) },
		},
		{"an account that was made again", "invalid-publisher", "the index has no Trusted Publisher for this", func(s *fakepypi.Servers) {
			s.Claims(func(c map[string]any) { c["repository_owner_id"] = "2" })
		}},
		{
			"a job without environment", "invalid-publisher", "this job has none, so a publisher that requires one never matches",
			func(s *fakepypi.Servers) {
				s.Claims(func(c map[string]any) { delete(c, "environment"); c["repository_owner_id"] = "2" })
			},
		},
		{
			"a workflow at another ref than the run's", "invalid-publisher", "move the publish job into the workflow that is triggered",
			func(s *fakepypi.Servers) {
				s.Claims(func(c map[string]any) {
					c["job_workflow_ref"] = "octo-org/rehearsal/.github/workflows/release.yml@refs/heads/other"
				})
			},
		},
		{"a new project while none are created", "invalid-payload", "run the job again later", func(s *fakepypi.Servers) {
			s.AddPublisher(fakepypi.Publisher{Project: "new", Pending: true})
			s.Switch(func(w *fakepypi.Behavior) { w.NoProjects = true })
		}},
		{"expired", "invalid-token", "clock", func(s *fakepypi.Servers) { s.Claims(func(c map[string]any) { c["exp"] = 1000 }) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := startServers(t, "mine")
			c.set(s)
			r := newRun(t, s)
			_, err := r.Identify(t.Context())
			if err == nil {
				err = r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}})
			}
			all := finding.Of(err)
			if len(all) != 1 || all[0].ID != c.id || all[0].Fix == "" || !strings.Contains(all[0].Error(), c.says) {
				t.Errorf("%+v", all)
			}
			if len(s.Tokens()) != 0 || r.Burn(t.Context()) != ledger.NotMinted {
				t.Error("there is a token")
			}
		})
	}
}

// TestMint_Reasons: each code and reason of the index (docs/reference/pypi-server.md §4.2) has what it means and a fix,
// and those that a publisher's settings can mend come with what they must be.
func TestMint_Reasons(t *testing.T) {
	t.Parallel()
	fixes := map[string]string{}
	for _, c := range []struct {
		code, description, means, fix string
		unmatched                     bool
	}{
		{
			"invalid-publisher", "Publisher with matching claims was not found", "the index has no Trusted Publisher for",
			"on the index to owner",
			true,
		},
		{"invalid-publisher", "Missing claim 'ref'", "lacks a claim", "between the runner and GitHub", false},
		{"invalid-publisher", "Check failed for required claim 'repository_owner'", "an earlier account", "add it again", true},
		{"invalid-publisher", "Check failed for required claim 'repository_owner_id'", "an earlier account", "add it again", true},
		{"invalid-publisher", "Check failed for optional claim 'environment'", "different environment", "on the index to owner", true},
		{"invalid-publisher", "Could not job extract workflow filename from OIDC claims", ".yml", ".github/workflows", false},
		{
			"invalid-publisher", "The job_workflow_ref claim does not match, expecting one of ['a'], got 'b'", "a different workflow",
			"at the ref",
			false,
		},
		{"invalid-publisher", "The job_workflow_ref claim is empty", "does not say which workflow", ".github/workflows", false},
		{"invalid-publisher", "The ref and sha claims are empty", "neither a ref nor a commit", "from a tag", false},
		{
			"invalid-publisher", "Publishing from a workflow invoked via 'pull_request_target' is not supported.", "anyone can trigger",
			"from a tag", false,
		},
		{"invalid-publisher", "JWT issuer 'a' does not match expected issuer 'b'", "issuer", "github.com", false},
		{
			"invalid-pending-publisher", "valid token, but project already exists", "the index has removed the pending publisher",
			"must add a Trusted Publisher", true,
		},
		{"invalid-reuse-token", "invalid token: already used", "once", "a new ID token", false},
		{"invalid-token", "malformed or invalid token", "did not accept", "run the job again", false},
		{"not-enabled", "github trusted publishing functionality not enabled", "turned off Trusted Publishing", "status page", false},
		{"invalid-payload", "unknown trusted publishing issuer", "the issuer of", "github.com", false},
		{"invalid-payload", "malformed JWT", "not an ID token", "between the runner and the index", false},
		{"invalid-payload", "1 validation error for TokenPayload", "did not receive what", "between the runner and the index", false},
		{
			"invalid-payload", "New project registration temporarily disabled. See https://index.example/help/",
			"creates no new projects at the moment", "run the job again later", false,
		},
		{"invalid-payload", "The name 'x' is too similar to an existing project.", "cannot create its project", "another name", false},
	} {
		body, err := json.Marshal(map[string]any{
			"message": "Token request failed", "errors": []any{map[string]string{"code": c.code, "description": c.description}},
		})
		if err != nil {
			t.Fatal(err)
		}
		r := newRunAgainst(t, mints(says(422, "application/json", string(body))))
		all := finding.Of(r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}))
		if len(all) != 1 || string(all[0].ID) != c.code || !strings.Contains(all[0].Message, c.description+"; this means that ") ||
			!strings.Contains(all[0].Message, c.means) || !strings.Contains(all[0].Fix, c.fix) {
			t.Errorf("%s, %s: %+v", c.code, c.description, all)
			continue
		}
		if reported := r.unmatched() != nil; reported != c.unmatched {
			t.Errorf("%s: what the publisher must say is reported: %v", c.description, reported)
		}
		fixes[c.means] = all[0].Fix
	}
	if len(fixes) < 15 {
		t.Errorf("only %d explanations", len(fixes))
	}
}

// TestMint_PendingPublisherProjectExists: the index removes it with its answer, so that only the first answer says what
// happened, and only the project's owner can help.
func TestMint_PendingPublisherProjectExists(t *testing.T) {
	t.Parallel()
	const (
		first  = "invalid-pending-publisher: valid token, but project already exists"
		second = "invalid-publisher: valid token, but no corresponding publisher (Publisher with matching claims was not found)"
		values = "owner octo-org, repository rehearsal, workflow release.yml, environment pypi or none"
	)
	for name, c := range map[string]struct {
		order   uploadtoken.MintRequest
		says    string
		pending []bool // of the order's projects, in their order: whether a pending publisher is still what it needs
	}{
		"the index was seen to have it": {
			uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}, "the owner of the project mine must add", []bool{false},
		},
		"made since the index was queried": {
			uploadtoken.MintRequest{
				Projects: []pep.Project{"mine"}, New: []pep.Project{"mine"},
			}, "the owner of the project mine must add", []bool{false},
		},
		"beside one that exists": {
			uploadtoken.MintRequest{Projects: []pep.Project{"other", "mine"}, New: []pep.Project{"mine"}},
			"the owner of the project mine must add",
			[]bool{false, false},
		},
		"one of two": {
			uploadtoken.MintRequest{Projects: []pep.Project{"mine", "new"}, New: []pep.Project{"mine", "new"}},
			"the owner of the project (one of mine, new) must add",
			[]bool{true, true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServers(t)
			s.AddPublisher(fakepypi.Publisher{Project: "mine", Pending: true})
			s.AddPublisher(fakepypi.Publisher{Project: "mine", Repository: "elsewhere"}) // its owner made it meanwhile
			s.Claims(func(c map[string]any) { c["environment"] = "pypi" })
			r := newRun(t, s)
			all := finding.Of(r.Mint(t.Context(), c.order))
			if len(all) != 1 || all[0].ID != "invalid-pending-publisher" || all[0].Severity != finding.Error {
				t.Fatalf("%+v", all)
			}
			for _, text := range []string{first, second, "the index has removed the pending publisher"} {
				if !strings.Contains(all[0].Message, text) {
					t.Errorf("the message lacks %q: %s", text, all[0].Message)
				}
			}
			if fix := all[0].Fix; !strings.Contains(fix, c.says) || !strings.Contains(fix, values) || strings.Contains(fix, "pending") {
				t.Errorf("the next step is %s", fix)
			}
			needed := r.unmatched()
			if needed == nil || needed.Finding != finding.InvalidPendingPublisher || len(needed.Pages) != len(c.pending) ||
				!strings.Contains(needed.Next, c.says) ||
				strings.Contains(needed.Next, values) || strings.Contains(needed.Next, "pending") {
				t.Fatalf("what the publisher must say: %+v", needed)
			}
			for i, pending := range c.pending {
				if needed.Pages[i].New != pending {
					t.Errorf("%+v", needed.Pages[i])
				}
			}
			mints := slices.DeleteFunc(s.Requests(), func(r fakepypi.Request) bool { return r.Op != "mint" })
			if len(mints) != 2 {
				t.Errorf("mints: %+v", mints)
			}
			// What it says helps.
			s.AddPublisher(fakepypi.Publisher{Project: "mine"})
			s.AddPublisher(fakepypi.Publisher{Project: "other"})
			s.AddPublisher(fakepypi.Publisher{Project: "new"})
			if err := newRun(t, s).Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMint_PendingPublisherUsedByOtherJob: then there is a publisher by now, and the second mint has it.
func TestMint_PendingPublisherUsedByOtherJob(t *testing.T) {
	t.Parallel()
	s := startServers(t, "mine")
	s.AddPublisher(fakepypi.Publisher{Project: "mine", Pending: true})
	r := newRun(t, s)
	if err := r.Mint(
		t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}, New: []pep.Project{"mine"}},
	); err != nil || r.unmatched() != nil {
		t.Error(err, r.unmatched())
	}
}

// TestMint_FirstAnswerReported: it is what the index said, and the publisher page does not show it any more.
func TestMint_FirstAnswerReported(t *testing.T) {
	t.Parallel()
	refusal := func(code, description string) string {
		return fmt.Sprintf(`{"message":"Token request failed","errors":[{"code":%q,"description":%q}]}`, code, description)
	}
	pending := says(422, "application/json", refusal("invalid-pending-publisher", "valid token, but project already exists"))
	for name, c := range map[string]struct {
		second http.HandlerFunc
		id     finding.ID
		fix    string
	}{
		"unavailable":      {says(503, "text/plain", "down"), "mint-unavailable", "again later"},
		"of the operators": {says(422, "application/json", refusal("not-enabled", "off")), "not-enabled", "status page"},
		"a reason of another kind": {
			says(422, "application/json", refusal("invalid-publisher", "The job_workflow_ref claim is empty")), "invalid-publisher",
			".github/workflows",
		},
		"the same":                  {pending, "invalid-pending-publisher", "must add a Trusted Publisher"},
		"an answer without a token": {says(200, "application/json", "{}"), "mint-answer", "again later"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			r := newRunAgainst(t, mints(func(w http.ResponseWriter, r *http.Request) {
				if n++; n == 1 {
					pending(w, r)
					return
				}
				c.second(w, r)
			}))
			all := finding.Of(r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}))
			if len(all) != 1 || all[0].ID != c.id || !strings.Contains(all[0].Fix, c.fix) || strings.Count(
				all[0].Message, "project already exists",
			) != 1 {
				t.Errorf("%+v", all)
			}
		})
	}
}

// TestMint_ClockSkew: an ID token that is not valid by the index's clock is reported before the mint.
func TestMint_ClockSkew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead time.Duration // the issue of the ID token before the index's clock
		says  string
	}{
		"right":                   {0, ""},
		"within the leeway":       {25 * time.Second, ""},
		"issued in the future":    {3 * time.Minute, "issued 3m0s in the future"},
		"expired for the index":   {-20 * time.Minute, "expired 15m0s ago"},
		"the index sends no time": {time.Hour, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
			r := newRunAgainst(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Date"] = []string{at.Format(http.TimeFormat)}
				if name == "the index sends no time" {
					w.Header()["Date"] = nil
				}
				mints(says(503, "", ""))(w, r)
			}, func(c2 *oidc.Claims) { c2.Issued, c2.Expires = at.Add(c.ahead), at.Add(c.ahead+5*time.Minute) })
			if _, err := r.Identify(t.Context()); err != nil {
				t.Fatal(err)
			}
			var problems []finding.Finding
			for _, e := range r.events {
				if noted, ok := e.(ledger.Noted); ok {
					problems = append(problems, noted.Finding)
				}
			}
			if c.says == "" && len(problems) > 0 || c.says != "" && (len(problems) != 1 || problems[0].ID != "clock-skew" ||
				problems[0].Severity != finding.Warning || !strings.Contains(problems[0].Message, c.says)) {
				t.Errorf("%+v", problems)
			}
		})
	}
}

func TestMint_TooFewProjects(t *testing.T) {
	t.Parallel()
	s := startServers(t, "mine")
	r := newRun(t, s)
	err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine", "another"}})
	if all := finding.Of(err); len(all) != 1 || all[0].ID != "token-projects" {
		t.Errorf("%+v", all)
	}
	if got := r.Burn(t.Context()); got != ledger.BurnProven {
		t.Errorf("the token that was not enough is %s", got)
	}
}

// newRunAgainst is an index of a test's own, for answers that no test server gives.
func newRunAgainst(t *testing.T, handler http.HandlerFunc, claims ...func(*oidc.Claims)) *run {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL + "/legacy/")
	if err != nil {
		t.Fatal(err)
	}
	r := &run{redactor: secret.NewRedactor(nil)}
	n := 0
	ids := func(_ context.Context, audience string, to *url.URL) (oidc.Token, error) {
		n++
		got := oidc.Claims{Audience: audience}
		for _, change := range claims {
			change(&got)
		}
		return oidc.Token{Text: r.redactor.New(fmt.Sprintf("id.token.%d", n), to), Claims: got}, nil
	}
	r.Session = uploadtoken.New(uploadtoken.Options{
		At: at, Wire: client(), IDTokens: ids, Redactor: r.redactor, Now: time.Now, Record: r.record, Permit: permit, Sleep: noSleep,
		Warehouse: true, CheckIDToken: idTokenAvailable,
	})
	return r
}

func says(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func TestAudience_UnexpectedAnswers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		id      finding.ID
		handler http.HandlerFunc
	}{
		{"no such endpoint", finding.NoTrustedPublishing, says(404, "text/html", "<html>not found</html>")},
		{"not allowed", finding.NoTrustedPublishing, says(405, "text/plain", "")},
		{"off", "trusted-publishing-off", says(403, "application/json", `{"message":"Trusted publishing functionality not enabled"}`)},
		{"another service's: pypi", "audience-foreign", says(200, "application/json", `{"audience":"pypi"}`)},
		{"another service's: sigstore", "audience-foreign", says(200, "application/json", `{"audience":"sigstore"}`)},
		{"HTML", "audience-answer", says(200, "text/html", "<html>log in</html>")},
		{"empty", "audience-answer", says(200, "", "")},
		{"an error", "audience-answer", says(200, "application/json", `{"audience":"mine","error":"the issuer is unknown"}`)},
		{"blank", "audience-answer", says(200, "application/json", `{"audience":" "}`)},
		{"of another shape", "audience-answer", says(200, "application/json", `{"audience":{"x":1}}`)},
		{"endless", "audience-unavailable", says(200, "application/json", strings.Repeat("x", 1<<20))},
		{"who asks must log in, as at most private indexes", finding.NoTrustedPublishing, says(401, "text/html", "<html>log in</html>")},
		{"down", "audience-unavailable", says(503, "text/html", "<html>down</html>")},
		{"a redirect", "audience-redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := newRunAgainst(t, c.handler).Identify(t.Context())
			if all := finding.Of(err); len(all) != 1 || all[0].ID != c.id || all[0].Fix == "" {
				t.Errorf("%+v", all)
			}
		})
	}
}

// TestAudience_LoginPage is what a private index shows to a client that asks for its audience: it is no address to publish to, and what
// helps is a token.
func TestAudience_LoginPage(t *testing.T) {
	t.Parallel()
	for id, handler := range map[finding.ID]http.HandlerFunc{
		"audience-redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/users/sign_in", http.StatusFound)
		},
		"audience-answer":           says(203, "text/html", "<html>log in</html>"),
		finding.NoTrustedPublishing: says(401, "text/html", "<html>log in</html>"),
	} {
		_, err := newRunAgainst(t, handler).Identify(t.Context())
		if all := finding.Of(err); len(all) != 1 || all[0].ID != id || !strings.Contains(all[0].Fix, "`password`") {
			t.Errorf("%+v", all)
		}
	}
}

// TestRevoke_ErrorInSuccess: an index that reports an error with its 200 has accepted no revocation; what it then does with the token
// decides.
func TestRevoke_ErrorInSuccess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body  string
		after int // the status of a probe after the burn
		want  ledger.Burned
	}{
		"an error":                        {`{"errors":[{"code":"busy"}]}`, 400, ledger.BurnFailed},
		"an error, and a token that died": {`{"errors":[{"code":"busy"}]}`, 403, ledger.BurnProven},
		"no error":                        {`{"success":true,"errors":[]}`, 400, ledger.BurnAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var burned atomic.Bool
			r := newRunAgainst(t, mints(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/mint-token"):
					says(200, "application/json", `{"token":"a-token-of-some-length"}`)(w, r)
				case strings.HasSuffix(r.URL.Path, "/burn-token"):
					burned.Store(true)
					says(200, "application/json", c.body)(w, r)
				case burned.Load():
					says(c.after, "text/plain", "no")(w, r)
				default:
					says(400, "text/plain", "no content")(w, r)
				}
			}))
			if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
				t.Fatal(err)
			}
			if got := r.Burn(t.Context()); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestMint_OtherAudience: a later ID token that is for another audience than the index asked for is not sent, at the first mint and at a
// renewal alike.
func TestMint_OtherAudience(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int{"at the mint": 2, "at a renewal": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens := 0
			var sent atomic.Int64
			r := newRunAgainst(t, mints(func(w http.ResponseWriter, r *http.Request) {
				sent.Add(1)
				says(200, "application/json", `{"token":"a-token-of-some-length"}`)(w, r)
			}), func(c *oidc.Claims) {
				if tokens++; tokens >= first {
					c.Audience = "sigstore"
				}
			})
			if _, err := r.Identify(t.Context()); err != nil {
				t.Fatal(err)
			}
			var err error
			for range 2 {
				if err = r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
					break
				}
			}
			all := finding.Of(err)
			if len(all) != 1 || all[0].ID != "audience-mismatch" || !strings.Contains(all[0].Message, `"sigstore"`) {
				t.Errorf("%+v", all)
			}
			if n := sent.Load(); n != int64(first-2) {
				t.Errorf("%d ID tokens were sent", n)
			}
		})
	}
}

// mints answers the audience, and a mint with the given handler.
func mints(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/audience") {
			says(200, "application/json", `{"audience":"mine"}`)(w, r)
			return
		}
		handler(w, r)
	}
}

func TestMint_UnexpectedAnswers(t *testing.T) {
	t.Parallel()
	cut := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			conn.Close()
		}
	}
	const every = -1
	cases := []struct {
		name    string
		id      finding.ID
		lost    int // answers, which are one event; every: those of all tries
		handler http.HandlerFunc
	}{
		{"HTML instead of a token", "mint-answer", 1, says(200, "text/html", "<html>welcome</html>")},
		{"empty", "mint-answer", 1, says(200, "application/json", "")},
		{"no token in it", "mint-answer", 1, says(200, "application/json", `{"success":true}`)},
		{
			"a token that would redact the tags of a summary", "mint-answer", 1,
			says(200, "application/json", `{"success":true,"token":"<details><summary><code>"}`),
		},
		{
			"a token that a terminal would obey", "mint-answer", 1,
			says(200, "application/json", `{"success":true,"token":"0123456789abcdef\u001b[2K"}`),
		},
		{"a token that would redact everything", "mint-answer", 1, says(200, "application/json", `{"success":true,"token":"e"}`)},
		{
			"an error with success", "mint-refused", 1,
			says(200, "application/json", `{"success":true,"error":"no publisher is configured here"}`),
		},
		{
			"an error beside a token", "mint-refused", 0,
			says(200, "application/json", `{"token":"a-token-of-some-length","errors":["over quota"]}`),
		},
		{"endless", "mint-unavailable", 1, says(200, "application/json", strings.Repeat("x", 1<<20))},
		{"down", "mint-unavailable", 0, says(503, "text/html", "<html>down</html>")},
		{"broken", "mint-unavailable", every, says(500, "text/html", "<html>")},
		{"a gateway that lost the answer", "mint-unavailable", every, says(504, "text/html", "<html>")},
		{"a gateway that got a bad answer", "mint-unavailable", every, says(502, "text/html", "<html>")},
		{"a front whose client has gone", "mint-unavailable", every, says(499, "text/html", "<html>")},
		{"a front that got a strange answer", "mint-unavailable", every, says(520, "text/html", "<html>")},
		{"a front that got no answer in time", "mint-unavailable", every, says(524, "text/html", "<html>")},
		{"a front, and the index is down", "mint-unavailable", 0, says(521, "text/html", "<html>")},
		{"a front that could not connect in time", "mint-unavailable", 0, says(522, "text/html", "<html>")},
		{"a front that could not reach the index", "mint-unavailable", 0, says(523, "text/html", "<html>")},
		{"a front that could not shake hands", "mint-unavailable", 0, says(525, "text/html", "<html>")},
		{"a front that does not trust the index", "mint-unavailable", 0, says(526, "text/html", "<html>")},
		{"a front with an error of its own", "mint-unavailable", 0, says(530, "text/html", "<html>")},
		{"cut off", "mint-unavailable", every, cut},
		{"too many requests", "mint-unavailable", 0, says(429, "text/plain", "slower")},
		{"too slow", "mint-unavailable", 0, says(408, "text/plain", "")},
		{
			"when it expires is no number", "", 0,
			says(200, "application/json", `{"success":true,"token":"a-token-long-enough","expires":"soon"}`),
		},
		{
			"when it expires is a fraction", "", 0,
			says(200, "application/json", `{"success":true,"token":"a-token-long-enough","expires":1790000900.5}`),
		},
		{"refused in plain words", "mint-refused", 0, says(400, "text/plain", "not like this")},
		{
			"an unknown code", "mint-refused", 0,
			says(422, "application/json", `{"message":"x","errors":[{"code":"too-many-projects","description":"at most 3"}]}`),
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			r := newRunAgainst(t, mints(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				_, _ = io.Copy(io.Discard, r.Body) // an index that has no ID token yet cannot make an upload token of it
				c.handler(w, r)
			}))
			err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}})
			if all := finding.Of(err); c.id == "" && err != nil || c.id != "" && (len(all) != 1 || all[0].ID != c.id || all[0].Fix == "") {
				t.Errorf("%+v", all)
			}
			var lost []ledger.Event
			for _, e := range r.events {
				if _, ok := e.(ledger.MintLost); ok {
					lost = append(lost, e)
				}
			}
			tries := int(requests.Load())
			var want []ledger.Event
			switch {
			case c.lost == every && tries > 40:
				want = []ledger.Event{ledger.MintLost{Count: tries}}
			case c.lost != 0:
				want = []ledger.Event{ledger.MintLost{Count: c.lost}}
			}
			if !slices.Equal(lost, want) {
				t.Errorf("%d tries: %v, want %v", tries, lost, want)
			}
		})
	}
}

// TestStatusPage: after an outage the next step names the status page, where one is known.
func TestStatusPage(t *testing.T) {
	t.Parallel()
	const again = "run the job again later"
	for status, begins := range map[string]string{"": again, "https://status.example": "check https://status.example, and " + again} {
		down := says(503, "text/plain", "busy")
		for id, handler := range map[finding.ID]http.HandlerFunc{"mint-unavailable": mints(down), "audience-unavailable": down} {
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			at, err := url.Parse(server.URL + "/legacy/")
			if err != nil {
				t.Fatal(err)
			}
			redactor := secret.NewRedactor(nil)
			tokens := uploadtoken.New(uploadtoken.Options{
				At: at, Wire: client(), Redactor: redactor, Now: time.Now, Record: func(ledger.Event) {}, Permit: permit, Sleep: noSleep,
				CheckIDToken: idTokenAvailable, Status: status,
				IDTokens: func(_ context.Context, audience string, to *url.URL) (oidc.Token, error) {
					return oidc.Token{Text: redactor.New("an id token", to), Claims: oidc.Claims{Audience: audience}}, nil
				},
			})
			problems := finding.Of(tokens.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}))
			if len(problems) != 1 || problems[0].ID != id || !strings.HasPrefix(problems[0].Fix, begins) {
				t.Errorf("%s, status page %q: %+v", id, status, problems)
			}
		}
	}
}

// TestMint_TemporaryRefusal: a wait says what it waits for.
func TestMint_TemporaryRefusal(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 503} {
		r := newRunAgainst(t, mints(says(status, "text/plain", "ten publishers an hour")))
		problems := finding.Of(r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}))
		if len(problems) != 1 || problems[0].ID != "mint-unavailable" ||
			!strings.HasSuffix(problems[0].Message, " tries: ten publishers an hour") {
			t.Errorf("%+v", problems)
		}
	}
}

func TestMint_FreshIDToken(t *testing.T) {
	t.Parallel()
	var seen []string
	r := newRunAgainst(t, mints(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if seen = append(seen, string(body)); len(seen) < 3 {
			w.WriteHeader(502)
			return
		}
		fmt.Fprint(w, `{"success":true,"token":"not-a-macaroon-but-a-token","expires":1790000900}`)
	}))
	if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != `{"token":"id.token.1"} {"token":"id.token.2"} {"token":"id.token.3"}` {
		t.Error(got)
	}
	minted, ok := r.events[len(r.events)-1].(ledger.Minted)
	if !ok || minted.Restricted {
		t.Errorf("a token of unknown form: %+v", r.events)
	}
	if got := r.redactor.Redact("x not-a-macaroon-but-a-token y"); got != "x *** y" {
		t.Errorf("the token is not known to the vault: %s", got)
	}
}

func TestRestrict_UnrestrictedFallback(t *testing.T) {
	t.Parallel()
	cases := map[string]bool{
		"Invalid API Token: caveat has unknown tag: 1":                                                     true,
		"Invalid API Token: invalid values for fields":                                                     true,
		"Invalid API Token: Not enough values":                                                             true,
		"Invalid API Token: signatures do not match":                                                       true,
		"Invalid API Token: token is expired":                                                              false,
		"Invalid API Token: project-scoped token is not valid for project: 'x'":                            false,
		"Invalid API Token: OIDC scoped token is not valid for project 'x'":                                false,
		"Invalid API Token: caveat has unknown tag: 1, project-scoped token is not valid for project: 'x'": false,
		"The given token isn't allowed to upload to project 'x'":                                           false,
		"Invalid or non-existent authentication information":                                               false,
	}
	for message, again := range cases {
		s := startServers(t, "mine")
		r := newRun(t, s)
		if err := r.Mint(t.Context(), uploadtoken.MintRequest{Projects: []pep.Project{"mine"}}); err != nil {
			t.Fatal(err)
		}
		_, used, err := r.Token(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Rejected(t.Context(), used, message); got != again {
			t.Errorf("%s: again %v", message, got)
		}
		_, next, err := r.Token(t.Context(), 0)
		if err != nil || next.Same(used) == again {
			t.Errorf("%s: %v, the same token %v", message, err, next.Same(used))
		}
		if again {
			// An upload denied at the same moment retries with the new one; one denied with the new one does not.
			if !r.Rejected(t.Context(), used, message) || r.Rejected(t.Context(), next, message) {
				t.Errorf("%s: a second fall-back", message)
			}
		}
		if got := r.Burn(t.Context()); got != ledger.BurnProven {
			t.Error(got)
		}
	}
}
