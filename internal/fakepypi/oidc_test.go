package fakepypi_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/issuer"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// refusedMint wants the code and the description in the one error of a 422.
func (r reply) refusedMint(t *testing.T, code, description string) {
	t.Helper()
	body := r.json(t)
	list, _ := body["errors"].([]any)
	if r.status != 422 || body["message"] != "Token request failed" || len(list) != 1 {
		t.Errorf("answer %d %s", r.status, r.body)
		return
	}
	got := list[0].(map[string]any)
	if got["code"] != code || !strings.HasPrefix(got["description"].(string), description) {
		t.Errorf("refused with\n %v: %v\nwant\n %s: %s", got["code"], got["description"], code, description)
	}
}

// TestMint_Payload is docs/reference/pypi-server.md §4.2 as far as it is about the request.
func TestMint_Payload(t *testing.T) {
	t.Parallel()
	th := opened(t)
	const (
		invalid = "1 validation error for TokenPayload\n"
		site    = "\n    For further information visit https://errors.pydantic.dev/2.13/v/"
	)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"aud":"rehearsal"}`))
	other := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://example.com"}`))
	for name, c := range map[string]struct{ body, description string }{
		"empty": {"", invalid + "  Invalid JSON: EOF while parsing a value at line 1 column 0 " +
			"[type=json_invalid, input_value=b'', input_type=bytes]" + site + "json_invalid"},
		"no JSON": {"token", invalid + "  Invalid JSON: expected value at line 1 column 1 " +
			"[type=json_invalid, input_value=b'token', input_type=bytes]" + site + "json_invalid"},
		"a list": {"[1]", invalid + "  Input should be an object " +
			"[type=model_type, input_value=[1], input_type=list]" + site + "model_type"},
		"no token": {`{"a":null,"b":true}`, invalid + "token\n  Field required " +
			"[type=missing, input_value={'a': None, 'b': True}, input_type=dict]" + site + "missing"},
		"a number": {`{"token":1}`, invalid + "token\n  Input should be a valid string " +
			"[type=string_type, input_value=1, input_type=int]" + site + "string_type"},
		"a long text": {`{"x":"` + strings.Repeat("x", 90) + `"}`, invalid + "token\n  Field required [type=missing, input_value={'x': '" +
			strings.Repeat("x", 18) + "..." + strings.Repeat("x", 22) + "'}, input_type=dict]" + site + "missing"},
		"no JWT":          {`{"token":"abc"}`, "malformed JWT"},
		"two parts":       {`{"token":"` + none + "." + none + `"}`, "malformed JWT"},
		"no issuer":       {`{"token":"` + none + "." + none + `.AA"}`, "malformed JWT"},
		"unknown issuer":  {`{"token":"` + none + "." + other + `.AA"}`, "unknown trusted publishing issuer"},
		"null signature":  {`{"token":"` + none + "." + other + `.!"}`, "malformed JWT"},
		"payload no JSON": {`{"token":"` + none + ".AA.AA" + `"}`, "malformed JWT"},
		"payload null":    {`{"token":"` + none + ".bnVsbA.AA" + `"}`, "malformed JWT"},
		"header no JSON":  {`{"token":"AA.` + other + ".AA" + `"}`, "malformed JWT"},
		"four parts":      {`{"token":"` + none + "." + other + `.AA.AA"}`, "malformed JWT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/_/oidc/mint-token", "/_/oidc/github/mint-token"} {
				th.do("POST", path, strings.NewReader(c.body)).refusedMint(t, "invalid-payload", c.description)
			}
		})
	}
	if r := th.get("/_/oidc/mint-token"); r.status != 405 {
		t.Errorf("GET: %+v", r)
	}
}

// TestMint_BadIDToken is §4.3: what is wrong with an ID token.
func TestMint_BadIDToken(t *testing.T) {
	t.Parallel()
	at := func(claim string, d time.Duration) func(*harness) {
		return func(th *harness) {
			th.Claims(func(c map[string]any) { c[claim] = th.clock.now().Add(d).Unix() })
		}
	}
	set := func(claim string, value any) func(*harness) {
		return func(th *harness) { th.Claims(func(c map[string]any) { c[claim] = value }) }
	}
	forge := func(f fakepypi.TokenDefect) func(*harness) { return func(th *harness) { th.Forge(f) } }
	for name, c := range map[string]struct {
		change func(*harness)
		code   string // empty: the token is good
	}{
		"as issued":             {func(*harness) {}, ""},
		"expired":               {at("exp", -31*time.Second), "invalid-token"},
		"expired just now":      {at("exp", -29*time.Second), ""},
		"expired by the leeway": {at("exp", -30*time.Second), "invalid-token"},
		"early":                 {at("nbf", 31*time.Second), "invalid-token"},
		"a little early":        {at("nbf", 29*time.Second), ""},
		"early by the leeway":   {at("nbf", 30*time.Second), ""},
		"from the future":       {at("iat", 31*time.Second), "invalid-token"},
		"ahead by the leeway":   {at("iat", 30*time.Second), ""},
		"exp of another kind":   {set("exp", "2030"), "invalid-token"},
		"iat of another kind":   {set("iat", true), "invalid-token"},
		"nbf of another kind":   {set("nbf", "soon"), "invalid-token"},
		"null nbf":              {set("nbf", nil), "invalid-token"},
		"no nbf":                {func(th *harness) { th.Claims(func(c map[string]any) { delete(c, "nbf") }) }, ""},
		"no exp":                {func(th *harness) { th.Claims(func(c map[string]any) { delete(c, "exp") }) }, "invalid-token"},
		"no iat":                {func(th *harness) { th.Claims(func(c map[string]any) { delete(c, "iat") }) }, "invalid-token"},
		"other audience":        {set("aud", "pypi"), "invalid-token"},
		"several audiences":     {set("aud", []string{"rehearsal"}), "invalid-token"},
		"no audience":           {set("aud", nil), "invalid-token"},
		"aud of another kind":   {set("aud", 1), "invalid-token"},
		"other issuer":          {set("iss", "https://token.actions.githubusercontent.com"), "invalid-payload"},
		"issuer with a slash": {
			func(th *harness) { th.Claims(func(c map[string]any) { c["iss"] = c["iss"].(string) + "/" }) }, "invalid-payload",
		},
		"foreign key":           {forge(issuer.ForeignKey), "invalid-token"},
		"unknown key":           {forge(issuer.UnknownKey), "invalid-token"},
		"no key id":             {forge(issuer.NoKeyID), "invalid-token"},
		"unsigned":              {forge(issuer.Unsigned), "invalid-token"},
		"symmetric":             {forge(issuer.Symmetric), "invalid-token"},
		"broken seal":           {forge(issuer.BadSignature), "invalid-token"},
		"two parts":             {forge(issuer.TwoParts), "invalid-payload"},
		"changes can be undone": {func(th *harness) { set("aud", "x")(th); th.Claims(nil) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := opened(t)
			c.change(th)
			answer := th.mint(th.idToken("rehearsal"))
			if c.code == "" {
				if answer.status != 200 {
					t.Errorf("refused: %+v", answer)
				}
				return
			}
			description := "malformed or invalid token"
			if c.code == "invalid-payload" {
				description = "" // TestMint_Payload has the texts
			}
			answer.refusedMint(t, c.code, description)
		})
	}
}

// TestMint_Claims is §4.4: which publisher a token is for, and the reasons for a refusal.
func TestMint_Claims(t *testing.T) {
	t.Parallel()
	const (
		unfound = "Publisher with matching claims was not found"
		here    = "octo-org/rehearsal/.github/workflows/release.yml@"
	)
	registered := fakepypi.Publisher{Project: "demo"}
	for name, c := range map[string]struct {
		publisher fakepypi.Publisher
		run       fakepypi.Run
		claim     string // set to value, or deleted where value is nil
		value     any
		reason    string // empty: it matches
	}{
		"the same":                 {publisher: registered},
		"owner":                    {publisher: fakepypi.Publisher{Project: "demo", Owner: "other"}, reason: unfound},
		"owner's id":               {publisher: fakepypi.Publisher{Project: "demo", OwnerID: "1"}, reason: unfound},
		"repository":               {publisher: fakepypi.Publisher{Project: "demo", Repository: "other"}, reason: unfound},
		"repository's letter case": {publisher: fakepypi.Publisher{Project: "demo", Repository: "Rehearsal"}, reason: unfound},
		"workflow":                 {publisher: fakepypi.Publisher{Project: "demo", Workflow: "ci.yml"}, reason: unfound},
		"environment missing":      {publisher: fakepypi.Publisher{Project: "demo", Environment: "pypi"}, reason: unfound},
		"environment other": {
			publisher: fakepypi.Publisher{Project: "demo", Environment: "pypi"}, run: fakepypi.Run{Environment: "test"}, reason: unfound,
		},
		"environment": {
			publisher: fakepypi.Publisher{Project: "demo", Environment: "pypi"}, run: fakepypi.Run{Environment: "pypi"},
		},
		"environment's letter case": {
			publisher: fakepypi.Publisher{Project: "demo", Environment: "PyPI"}, run: fakepypi.Run{Environment: "pYpI"},
		},
		"any environment": {publisher: registered, run: fakepypi.Run{Environment: "anything"}},
		"pull_request_target": {
			publisher: registered, run: fakepypi.Run{Event: "pull_request_target"},
			reason: "Publishing from a workflow invoked via 'pull_request_target' is not supported.",
		},
		"another event": {publisher: registered, run: fakepypi.Run{Event: "schedule"}},
		"reusable workflow elsewhere": {
			publisher: registered, run: fakepypi.Run{Called: "other/flows/.github/workflows/release.yml@refs/heads/main"},
			reason: "The job_workflow_ref claim does not match, expecting one of ['" + here +
				"1f2e3d4c5b6a79880716253443526170a9b8c7d6', '" + here +
				"refs/tags/v1.0.0'], got 'other/flows/.github/workflows/release.yml@refs/heads/main'",
		},
		"reusable workflow elsewhere, other name": {
			publisher: registered, run: fakepypi.Run{Called: "other/flows/.github/workflows/pub.yml@refs/heads/main"}, reason: unfound,
		},
		"reusable workflow here": {
			publisher: fakepypi.Publisher{Project: "demo", Workflow: "pub.yml"},
			run:       fakepypi.Run{Called: "octo-org/rehearsal/.github/workflows/pub.yml@refs/tags/v1.0.0"},
		},
		"ref by sha": {
			publisher: registered, claim: "job_workflow_ref", value: here + "1f2e3d4c5b6a79880716253443526170a9b8c7d6",
		},
		"no workflow file": {
			publisher: registered, claim: "job_workflow_ref", value: "octo-org/rehearsal",
			reason: "Could not job extract workflow filename from OIDC claims",
		},
		"no job_workflow_ref": {publisher: registered, claim: "job_workflow_ref", reason: "Missing claim 'job_workflow_ref'"},
		"no repository":       {publisher: registered, claim: "repository", reason: "Missing claim 'repository'"},
		"no jti":              {publisher: registered, claim: "jti", reason: "Missing claim 'jti'"},
		"no sub":              {publisher: registered, claim: "sub"},
		"empty ref": {
			publisher: registered, claim: "ref", value: "",
			reason: "The job_workflow_ref claim does not match, expecting one of ['" + here +
				"1f2e3d4c5b6a79880716253443526170a9b8c7d6'], got '" + here + "refs/tags/v1.0.0'",
		},
		"owner differs from repository": {
			publisher: registered,
			claim:     "repository_owner",
			value:     "Octo-Org",
			reason:    "Check failed for required claim 'repository_owner'",
		},
		"empty event": {publisher: registered, claim: "event_name", value: ""},
		"no event":    {publisher: registered, claim: "event_name", reason: "Missing claim 'event_name'"},
		"a number as ref": {
			publisher: registered, claim: "ref", value: 7,
			reason: "The job_workflow_ref claim does not match, expecting one of ['" + here +
				"1f2e3d4c5b6a79880716253443526170a9b8c7d6', '" + here + "7'], got '" + here + "refs/tags/v1.0.0'",
		},
		"unchecked claims": {publisher: registered, claim: "repository_visibility", value: "private"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := open(t, fakepypi.Options{Run: c.run})
			th.AddPublisher(c.publisher)
			if c.claim != "" {
				th.Claims(func(claims map[string]any) {
					delete(claims, c.claim)
					if c.value != nil {
						claims[c.claim] = c.value
					}
				})
			}
			answer := th.mint(th.idToken("rehearsal"))
			if c.reason != "" {
				answer.refusedMint(t, "invalid-publisher", "valid token, but no corresponding publisher ("+c.reason+")")
			} else if answer.status != 200 {
				t.Errorf("refused: %+v", answer)
			}
		})
	}
}

func TestMint_EmptyRefAndSHA(t *testing.T) {
	t.Parallel()
	th := opened(t)
	th.Claims(func(c map[string]any) { c["ref"], c["sha"] = "", "" })
	th.mint(th.idToken("rehearsal")).refusedMint(
		t, "invalid-publisher", "valid token, but no corresponding publisher (The ref and sha claims are empty)",
	)
}

// TestMint_EnvironmentPreferred: of two publishers, the one that names the environment is taken.
func TestMint_EnvironmentPreferred(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{Run: fakepypi.Run{Environment: "pypi"}})
	th.AddPublisher(fakepypi.Publisher{Project: "loose"})
	th.AddPublisher(fakepypi.Publisher{Project: "demo", Environment: "pypi"})
	th.accepted(th.minted(), wheel())
	if got := th.Tokens()[0].Projects; len(got) != 1 || got[0] != "demo" {
		t.Errorf("the token is for %v", got)
	}
}

// TestMint_IDTokenReuse: an ID token mints once.
func TestMint_IDTokenReuse(t *testing.T) {
	t.Parallel()
	th := opened(t)
	jwt := th.idToken("rehearsal")
	if r := th.mint(jwt); r.status != 200 {
		t.Fatalf("%+v", r)
	}
	th.mint(jwt).refusedMint(t, "invalid-reuse-token", "invalid token: already used")
	if n := len(th.Tokens()); n != 1 {
		t.Errorf("%d tokens were minted", n)
	}
}

func TestMint_Disabled(t *testing.T) {
	t.Parallel()
	th := opened(t)
	jwt := th.idToken("rehearsal")
	th.Switch(func(s *fakepypi.Behavior) { s.NoGitHub = true })
	th.mint(jwt).refusedMint(t, "not-enabled", "github trusted publishing functionality not enabled")
	if r := th.get("/_/oidc/audience"); r.status != 200 {
		t.Errorf("audience: %+v", r)
	}
	th.Switch(func(s *fakepypi.Behavior) { *s = fakepypi.Behavior{NoOIDC: true} })
	th.mint(jwt).refusedMint(t, "not-enabled", "github trusted publishing functionality not enabled")
	if r := th.get("/_/oidc/audience"); r.status != 403 || r.body != `{"message":"Trusted publishing functionality not enabled"}` {
		t.Errorf("audience: %+v", r)
	}
}

// TestPendingPublisher_FirstMint is §4.5.
func TestPendingPublisher_FirstMint(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{})
	th.AddPublisher(fakepypi.Publisher{Project: "demo", Pending: true})
	if r := th.get("/simple/demo/"); r.status != 404 {
		t.Fatalf("a pending publisher made a project: %+v", r)
	}
	token := th.minted()
	if r := th.get("/simple/demo/", "Accept", simpleJSON); r.status != 200 || len(r.json(t)["files"].([]any)) != 0 {
		t.Errorf("the mint made no project: %+v", r)
	}
	th.accepted(token, wheel())
	th.accepted(th.minted(), sdist()) // it is a publisher like any other now
}

// TestPendingPublisher_Second: the index takes one pending publisher with the same four values, until that has created its project.
func TestPendingPublisher_Second(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{})
	pending := func(project pep.Project, environment string) error {
		return th.AddPublisher(fakepypi.Publisher{Project: project, Environment: environment, Pending: true})
	}
	for _, project := range []pep.Project{"demo", "other"} {
		if err := pending(project, "pypi-"+string(project)); err != nil {
			t.Errorf("with an environment of its own: %v", err)
		}
	}
	if err := pending("demo", ""); err != nil {
		t.Fatal(err)
	}
	err := pending("other", "")
	if err == nil || !strings.Contains(err.Error(), "for the project demo") {
		t.Errorf("a second one with the same values: %v", err)
	}
	if err := pending("another", "PyPI-Demo"); err == nil {
		t.Error("the letter case of an environment counts")
	}
	first := th.minted()
	if err := pending("other", ""); err != nil {
		t.Errorf("after the first mint: %v", err)
	}
	th.accepted(first, wheel())
	th.minted()
	if last := th.Tokens()[1]; !slices.Equal(last.Projects, []pep.Project{"demo", "other"}) {
		t.Errorf("the second token is for %v", last.Projects)
	}
}

func TestPendingPublisher_Refused(t *testing.T) {
	t.Parallel()
	t.Run("project exists", func(t *testing.T) {
		t.Parallel()
		th := open(t, fakepypi.Options{})
		th.AddPublisher(fakepypi.Publisher{Project: "demo", Pending: true})
		th.accepted(th.apiToken(), wheel())
		th.mint(th.idToken("rehearsal")).refusedMint(t, "invalid-pending-publisher", "valid token, but project already exists")
		// It is deleted by that, so the next mint finds nothing at all.
		th.mint(th.idToken("rehearsal")).refusedMint(
			t, "invalid-publisher", "valid token, but no corresponding publisher (Publisher with matching claims was not found)",
		)
	})
	t.Run("too similar", func(t *testing.T) {
		t.Parallel()
		th := open(t, fakepypi.Options{})
		th.AddPublisher(fakepypi.Publisher{Project: "dem0", Pending: true})
		th.accepted(th.apiToken(), wheel())
		th.mint(th.idToken("rehearsal")).refusedMint(t, "invalid-payload", "The name 'dem0' is too similar to an existing project.")
	})
	t.Run("standard library", func(t *testing.T) {
		t.Parallel()
		th := open(t, fakepypi.Options{})
		th.AddPublisher(fakepypi.Publisher{Project: "asyncio", Pending: true})
		th.mint(th.idToken("rehearsal")).refusedMint(
			t, "invalid-payload", "The name 'asyncio' isn't allowed (conflict with Python Standard Library module name).",
		)
	})
	t.Run("used ID token", func(t *testing.T) {
		t.Parallel()
		th := opened(t)
		jwt := th.idToken("rehearsal")
		th.mint(jwt)
		th.AddPublisher(fakepypi.Publisher{Project: "other", Pending: true})
		if r := th.mint(jwt); r.status != 500 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("two for one name", func(t *testing.T) {
		t.Parallel()
		th := open(t, fakepypi.Options{})
		th.AddPublisher(fakepypi.Publisher{Project: "demo", Pending: true})
		th.AddPublisher(fakepypi.Publisher{Project: "Demo", Pending: true, Workflow: "other.yml"})
		th.minted()
		th.Claims(func(c map[string]any) {
			c["job_workflow_ref"] = "octo-org/rehearsal/.github/workflows/other.yml@refs/tags/v1.0.0"
		})
		th.mint(th.idToken("rehearsal")).refusedMint(t, "invalid-publisher", "")
	})
}

// slow is a request whose body is held back until the test lets it go.
type slow struct {
	pipe *io.PipeWriter
	body string
	done chan reply
}

// begin sends the head of a request; when it returns, the server has begun to answer.
func (th *harness) begin(method, path, body string, header ...string) *slow {
	th.t.Helper()
	reader, writer := io.Pipe()
	s := &slow{pipe: writer, body: body, done: make(chan reply, 1)}
	seen := len(th.Requests())
	var wait sync.WaitGroup
	wait.Go(func() { s.done <- th.do(method, path, reader, header...) })
	th.t.Cleanup(wait.Wait)
	for len(th.Requests()) == seen {
		select {
		case <-th.t.Context().Done():
			th.t.Fatal("the request did not arrive")
		case <-time.After(time.Millisecond):
		}
	}
	return s
}

// finish sends the body and returns the answer.
func (s *slow) finish(t *testing.T) reply {
	t.Helper()
	if _, err := io.WriteString(s.pipe, s.body); err != nil {
		t.Fatal(err)
	}
	if err := s.pipe.Close(); err != nil {
		t.Fatal(err)
	}
	return <-s.done
}

// TestMint_Race: of two mints side by side with one pending publisher, one finds the database in its way.
func TestMint_Race(t *testing.T) {
	t.Parallel()
	th := open(t, fakepypi.Options{})
	th.AddPublisher(fakepypi.Publisher{Project: "demo", Pending: true})
	body, err := json.Marshal(map[string]string{"token": th.idToken("rehearsal")})
	if err != nil {
		t.Fatal(err)
	}
	first := th.begin("POST", "/_/oidc/mint-token", string(body))
	th.minted() // begins later and ends first
	if r := first.finish(t); r.status != 500 {
		t.Errorf("the slower one: %+v", r)
	}
	th.minted()
}

// TestUpload_Race: of two first files of one release side by side, one is refused by the database; sent again, it is
// taken. So is the same file twice.
func TestUpload_Race(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, slow, quick upload }{
		"first files of a release": {upload{}, sdist(), wheel()},
		"the same first file":      {upload{}, wheel(), wheel()},
		"the same later file":      {sdist(), wheel(), wheel()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := opened(t)
			token := th.minted()
			if c.before.filename != "" {
				th.accepted(token, c.before)
			}
			kind, body := c.slow.body(t)
			first := th.begin("POST", "/legacy/", string(body), "Content-Type", kind, "Authorization", basic("__token__", token))
			th.accepted(token, c.quick)
			if r := first.finish(t); r.status != 500 {
				t.Errorf("the slower one: %+v", r)
			}
			th.accepted(token, c.slow)
		})
	}
	t.Run("other files of a release that exists", func(t *testing.T) {
		t.Parallel()
		th := opened(t)
		token := th.minted()
		th.accepted(token, wheel())
		kind, body := sdist().body(t)
		first := th.begin("POST", "/legacy/", string(body), "Content-Type", kind, "Authorization", basic("__token__", token))
		th.accepted(token, wheel().called("demo-1.0-1-py3-none-any.whl").holding("other"))
		first.finish(t).want(t, 200, "OK")
	})
}

// TestRevoke_BurnToken is §4.7.
func TestRevoke_BurnToken(t *testing.T) {
	t.Parallel()
	burn := func(th *harness, token string) reply {
		return th.do("POST", "/_/oidc/burn-token", strings.NewReader(`{"token":"`+token+`"}`))
	}
	for name, c := range map[string]struct {
		behaviour fakepypi.Burn
		status    int
		burned    bool
	}{
		"works":       {fakepypi.BurnWorks, 202, true},
		"idle":        {fakepypi.BurnIdle, 202, false},
		"missing":     {fakepypi.BurnMissing, 404, false},
		"not allowed": {fakepypi.BurnNotAllowed, 405, false},
		"broken":      {fakepypi.BurnBroken, 500, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := opened(t)
			token := th.minted()
			th.Switch(func(s *fakepypi.Behavior) { s.Burn = c.behaviour })
			if r := burn(th, token); r.status != c.status {
				t.Errorf("%+v", r)
			}
			if state := th.Tokens()[0]; state.Burned != c.burned || state.BurnedAt.IsZero() == c.burned {
				t.Errorf("%+v", state)
			}
			// The proof of a burn: a request without content, which a living token gets past the door.
			r := th.do("POST", "/legacy/", strings.NewReader("%3Aaction=file_upload"), "Content-Type", "application/x-www-form-urlencoded",
				"Authorization", basic("__token__", token))
			if c.burned {
				r.want(t, 403, unfit)
			} else {
				r.want(t, 400, "'' is an invalid value for Name. Error: This field is required."+spec)
			}
		})
	}
	th := opened(t)
	api := th.apiToken()
	for _, body := range []string{"", "nonsense", `{"token":"pypi-x"}`, `{"token":"` + api + `"}`} {
		if r := th.do("POST", "/_/oidc/burn-token", strings.NewReader(body)); r.status != 202 {
			t.Errorf("%q: %+v", body, r)
		}
	}
	th.accepted(api, wheel()) // a user's token is not burned
}

// TestIDToken_RequestProtocol is the runner's side of the issuer.
func TestIDToken_RequestProtocol(t *testing.T) {
	t.Parallel()
	th := opened(t)
	at, token := th.Env["ACTIONS_ID_TOKEN_REQUEST_URL"], th.Env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
	good := th.get(at+"&audience=rehearsal", "Authorization", "bearer "+token)
	if body := good.json(t); good.status != 200 || int(body["count"].(float64)) != len(body["value"].(string)) {
		t.Errorf("%+v", good)
	}
	for name, c := range map[string]struct {
		url, authorization string
		status             int
	}{
		"no token":    {at + "&audience=x", "", 401},
		"wrong token": {at + "&audience=x", "bearer x", 401},
		"basic":       {at + "&audience=x", "Basic " + token, 401},
		"capital":     {at + "&audience=x", "Bearer " + token, 200},
		"query lost":  {strings.Split(at, "?")[0] + "?audience=x", "bearer " + token, 400},
	} {
		if r := th.get(c.url, "Authorization", c.authorization); r.status != c.status {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := th.do("POST", at, nil, "Authorization", "bearer "+token); r.status != 405 {
		t.Errorf("POST: %+v", r)
	}
}

// TestIDToken_Claims: a token says what GitHub's say.
func TestIDToken_Claims(t *testing.T) {
	t.Parallel()
	claimsOf := func(th *harness, audience string) map[string]any {
		raw, err := base64.RawURLEncoding.DecodeString(strings.Split(th.idToken(audience), ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		var claims map[string]any
		if err := json.Unmarshal(raw, &claims); err != nil {
			t.Fatal(err)
		}
		return claims
	}
	th := open(t, fakepypi.Options{})
	got := claimsOf(th, "a%20b")
	now := float64(th.clock.now().Unix())
	for claim, want := range map[string]any{
		"aud": "a b", "iat": now, "nbf": now - 600, "exp": now + 300,
		"sub": "repo:octo-org/rehearsal:ref:refs/tags/v1.0.0", "repository": "octo-org/rehearsal", "repository_owner": "octo-org",
		"repository_owner_id": "65432100", "ref": "refs/tags/v1.0.0", "ref_type": "tag", "event_name": "push",
		"workflow_ref": "octo-org/rehearsal/.github/workflows/release.yml@refs/tags/v1.0.0", "runner_environment": "github-hosted",
		"job_workflow_ref": "octo-org/rehearsal/.github/workflows/release.yml@refs/tags/v1.0.0", "repository_visibility": "public",
	} {
		if got[claim] != want {
			t.Errorf("%s is %v, want %v", claim, got[claim], want)
		}
	}
	if _, there := got["environment"]; there || got["jti"] == claimsOf(th, "x")["jti"] {
		t.Errorf("claims: %v", got)
	}
	if claimsOf(th, "")["aud"] != "https://github.com/octo-org" {
		t.Error("default audience")
	}
	th = open(t, fakepypi.Options{Run: fakepypi.Run{Repository: "o/r", Environment: "pypi", Ref: "refs/heads/main", Event: "pull_request"}})
	got = claimsOf(th, "x")
	if got["environment"] != "pypi" || got["sub"] != "repo:o/r:environment:pypi" || got["ref_type"] != "branch" {
		t.Errorf("claims: %v", got)
	}
	for name, want := range map[string]string{
		"GITHUB_REPOSITORY": "o/r", "GITHUB_REPOSITORY_OWNER": "o", "GITHUB_REF_NAME": "main", "GITHUB_EVENT_NAME": "pull_request",
		"GITHUB_ACTIONS":      "true",
		"GITHUB_WORKFLOW_REF": "o/r/.github/workflows/release.yml@refs/heads/main",
	} {
		if th.Env[name] != want {
			t.Errorf("%s is %q, want %q", name, th.Env[name], want)
		}
	}
}

// TestIssuer_KeySet: the documents that the index reads.
func TestIssuer_KeySet(t *testing.T) {
	t.Parallel()
	th := opened(t)
	base := strings.SplitN(th.Env["ACTIONS_ID_TOKEN_REQUEST_URL"], "/85/", 2)[0]
	discovery := th.get(base + "/.well-known/openid-configuration").json(t)
	if discovery["issuer"] != base {
		t.Errorf("discovery: %v", discovery)
	}
	keys := th.get(discovery["jwks_uri"].(string)).json(t)["keys"].([]any)
	if key := keys[0].(map[string]any); len(keys) != 1 || key["kty"] != "RSA" || key["kid"] == "" || key["e"] != "AQAB" {
		t.Errorf("keys: %v", keys)
	}
	if base == "http://"+th.Upload.Host {
		t.Error("index and issuer share an origin")
	}
}

// TestIssuer_KeyRefresh: an unknown key makes the index fetch the key set again, but at most once a minute; a known one never does.
func TestIssuer_KeyRefresh(t *testing.T) {
	t.Parallel()
	th := opened(t)
	fetches := func() (n int) {
		for _, r := range th.Requests() {
			if strings.HasSuffix(r.Path, "/jwks") {
				n++
			}
		}
		return n
	}
	th.minted()
	th.clock.pass(time.Hour)
	th.minted()
	if n := fetches(); n != 1 {
		t.Errorf("the keys were fetched %d times for two mints", n)
	}
	th.Forge(issuer.UnknownKey)
	th.mint(th.idToken("rehearsal"))
	if n := fetches(); n != 2 {
		t.Errorf("the keys were fetched %d times after an unknown key", n)
	}
	th.mint(th.idToken("rehearsal"))
	if n := fetches(); n != 2 {
		t.Errorf("the keys were fetched %d times within a minute", n)
	}
	th.clock.pass(time.Minute)
	th.mint(th.idToken("rehearsal"))
	if n := fetches(); n != 3 {
		t.Errorf("the keys were fetched %d times after a minute", n)
	}
}

var _ http.Handler = (*issuer.Issuer)(nil)
