package e2e_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// The contract with GitHub's runner: the program is started as the runner starts the action, and checked by what the runner
// makes of what it leaves behind (docs/reference/runner.md §1).

// metadataFile is the action's contract, as the runner reads it.
const metadataFile = "../../action.yml"

// declared are the inputs of action.yml with their defaults, and the names of its outputs. The file's form is held by a test
// of its own.
func declared(t *testing.T) (inputs map[string]string, outputs []string) {
	t.Helper()
	text, err := os.ReadFile(metadataFile)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\ninputs:\n")
	in, rest, _ := strings.Cut(rest, "\noutputs:\n")
	out, _, found := strings.Cut(rest, "\nruns:\n")
	inputs = map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z-]+):\n    description: .*\n    default: (".*")$`).FindAllStringSubmatch(in, -1) {
		if inputs[m[1]], err = strconv.Unquote(m[2]); err != nil {
			t.Fatal(err)
		}
	}
	name := regexp.MustCompile(`(?m)^  ([a-z-]+):$`)
	for _, m := range name.FindAllStringSubmatch(out, -1) {
		outputs = append(outputs, m[1])
	}
	if n := len(name.FindAllString(in, -1)); !found || len(inputs) == 0 || len(inputs) != n || len(outputs) == 0 {
		t.Fatalf("%s is not read whole: both sections %v, inputs %v of %d, outputs %v", metadataFile, found, inputs, n, outputs)
	}
	return inputs, outputs
}

// runtimeToken stands for the job's right to talk to GitHub's own services. The program has no business with it.
const runtimeToken = "eyJhbGciOiJIUzI1NiJ9.the-right-to-the-jobs-artifacts.c2VjcmV0" // of nothing

// fileCommands are the variables of the runner's file commands, with the name of the file of each.
func fileCommands() map[string]string {
	files := map[string]string{
		"GITHUB_OUTPUT":       "set_output_",
		"GITHUB_STEP_SUMMARY": "step_summary_",
		"GITHUB_STATE":        "save_state_",
		"GITHUB_ENV":          "set_env_",
		"GITHUB_PATH":         "add_path_",
		"GITHUB_ARTIFACTS":    "artifacts_",
	}
	for variable := range files {
		files[variable] += "3f1c0a4e-8a53-4c1f-9f0e-52a1f7f6c8d1"
	}
	return files
}

// asTheRunner is a step as the runner prepares it, with its own test server.
func asTheRunner(t *testing.T, options fakepypi.Options, event string) *step {
	t.Helper()
	servers := pypitest.Start(t, options)
	s := prepared(t, t.TempDir(), servers.Env, servers.Upload.String(), event)
	s.servers = servers
	return s
}

// prepared is a step with its folders, its file commands and its whole environment, of which run is what the runner knows of
// the workflow's run, below the folder root. dist has a wheel and an sdist.
func prepared(t *testing.T, root string, run map[string]string, upload, event string) *step {
	t.Helper()
	at := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	s := &step{t: t, dir: at("workspace"), env: maps.Clone(run)}
	for _, folder := range []string{"workspace/dist", "workspace/.git", "home", "workflow", "file_commands", "runner_temp"} {
		if err := os.MkdirAll(at(folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	payload, err := os.ReadFile(filepath.Join("testdata", "event", event))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"workflow/event.json":      payload,
		"workspace/.git/config":    []byte("[remote \"origin\"]\n\turl = https://github.com/octo-org/rehearsal\n"),
		"workspace/pyproject.toml": []byte("[project]\nname = \"alder\"\n"),
	}
	for variable, name := range fileCommands() {
		files["file_commands/"+name], s.env[variable] = nil, at("file_commands/"+name)
	}
	for name, content := range files {
		if err := os.WriteFile(at(name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range built() {
		s.build(name, "")
	}
	maps.Copy(s.env, map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": "b7c1f0a2d9e4", "HOME": at("home"),
		"GITHUB_WORKSPACE": s.dir, "GITHUB_EVENT_PATH": at("workflow/event.json"), "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
		"GITHUB_ACTION": "__org_pypi-oidc-publish", "GITHUB_ACTION_REPOSITORY": "org/pypi-oidc-publish", "GITHUB_ACTION_REF": "v1",
		"GITHUB_RETENTION_DAYS": "90",
		"RUNNER_NAME":           "GitHub Actions 1000000042", "RUNNER_TEMP": at("runner_temp"), "RUNNER_TOOL_CACHE": "/opt/hostedtoolcache",
		"RUNNER_WORKSPACE":    "/home/runner/work/rehearsal",
		"ACTIONS_RUNTIME_URL": "https://pipelines.actions.invalid/x/", "ACTIONS_RUNTIME_TOKEN": runtimeToken,
		"ACTIONS_CACHE_URL": "https://cache.actions.invalid/x/", "ACTIONS_RESULTS_URL": "https://results.actions.invalid/",
	})
	inputs, _ := declared(t)
	for name, value := range inputs {
		s.env["INPUT_"+strings.ToUpper(strings.ReplaceAll(name, " ", "_"))] = value
	}
	s.env["INPUT_REPOSITORY-URL"] = upload
	return s
}

// built are the distributions of a prepared step.
func built() []string { return []string{"alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz"} }

// inventory is what stands in the folders that the runner shares with the step: mode, time and digest of everything but the
// files of the commands.
func (s *step) inventory() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	root := filepath.Dir(s.dir)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		about, err := entry.Info()
		if err != nil || slices.Contains(s.commandFiles(), path) {
			return err
		}
		all[path] = about.Mode().String()
		if !about.Mode().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		all[path] += fmt.Sprintf(" %v %x", about.ModTime(), sha256.Sum256(content))
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// union has the keys of both.
func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func (s *step) commandFiles() []string {
	var paths []string
	for variable := range fileCommands() {
		paths = append(paths, s.env[variable])
	}
	return paths
}

func (s *step) content(variable string) string {
	s.t.Helper()
	text, err := os.ReadFile(s.env[variable])
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// ops are the requests that reached the test server, in their order.
func (s *step) ops() string {
	var ops []string
	for _, r := range s.servers.Requests() {
		ops = append(ops, r.Op)
	}
	return strings.Join(ops, " ")
}

// checkResult is what the runner makes of a step that has ended.
type checkResult struct {
	log     runLog
	outputs map[string]string
	summary string
}

// read reads all that the step left, and checks what is true of every step with any input and any result.
func (s *step) read(code int) checkResult {
	s.t.Helper()
	v := checkResult{log: readLog(s.log.String()), summary: s.content("GITHUB_STEP_SUMMARY")}
	for _, wrong := range v.log.wrong {
		s.t.Errorf("the runner: %s", wrong)
	}
	var err error
	if v.outputs, err = fileCommand(s.content("GITHUB_OUTPUT")); err != nil {
		s.t.Errorf("the runner fails the step: %v", err)
	}
	_, outputs := declared(s.t)
	if got := slices.Sorted(maps.Keys(v.outputs)); !slices.Equal(got, slices.Sorted(slices.Values(outputs))) {
		s.t.Errorf("outputs %v, but action.yml declares %v", got, outputs)
	}
	if n := len(v.summary); n == 0 || n > longestSummary {
		s.t.Errorf("a summary of %d bytes", n)
	}
	for _, variable := range []string{"GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_ARTIFACTS"} {
		if text := s.content(variable); text != "" {
			s.t.Errorf("%s: %q", variable, text)
		}
	}
	red := slices.ContainsFunc(v.log.annotations, func(a annotation) bool { return a.severity == "error" })
	if red != (code != 0) {
		s.t.Errorf("exit code %d with the annotations %+v", code, v.log.annotations)
	}
	s.checkSecrets(v)
	return v
}

// check is read, and holds that the step changed nothing of the runner's and points to files that there are.
func (s *step) check(code int, before map[string]string) checkResult {
	s.t.Helper()
	v := s.read(code)
	after := s.inventory()
	for _, path := range slices.Sorted(maps.Keys(union(before, after))) {
		if before[path] != after[path] {
			s.t.Errorf("the step changed the runner's folders: %s was %q and is %q", path, before[path], after[path])
		}
	}
	for _, a := range v.log.annotations {
		if _, err := os.Stat(filepath.Join(s.dir, a.file)); a.file != "" && err != nil {
			s.t.Errorf("an annotation of a file that the workspace has not: %+v", a)
		}
	}
	return v
}

// checkSecrets greps the log, the outputs and the summary for every secret that there was: only masks hold them, and they come
// first.
func (s *step) checkSecrets(v checkResult) {
	s.t.Helper()
	secrets := append(slices.Clone(v.log.masks), runtimeToken)
	if s.servers != nil {
		secrets = append(secrets, s.servers.Secrets()...)
	}
	if request := s.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]; request != "" {
		secrets = append(secrets, request)
	}
	visible := append(slices.Clone(v.log.lines), v.summary)
	for name, value := range v.outputs {
		visible = append(visible, name+"="+value)
	}
	for line := range strings.Lines(s.log.String()) {
		if c, ok := commandIn(line); !ok || c.name != "add-mask" {
			visible = append(visible, line)
		}
	}
	for _, secret := range secrets {
		forms := formsOf(secret)
		for _, text := range visible {
			if holdsAny(text, forms) {
				s.t.Errorf("a secret is seen: %s", text)
			}
		}
	}
}

// allMasked reports whether the step masked every token that there was. It hides a masked value's base64 by itself,
// which is what the index is shown.
func (s *step) allMasked(v checkResult) bool {
	return !slices.ContainsFunc(s.servers.Secrets(), func(token string) bool {
		plain := strings.HasPrefix(token, "pypi-") || strings.Count(token, ".") == 2
		return plain && !slices.Contains(v.log.masks, token)
	})
}

// contract is one event for which a workflow publishes, and what has to come of it.
type contract struct {
	name      string
	run       fakepypi.Run
	event     string            // the payload, in testdata/event
	env       map[string]string // what the runner sets for this event alone; an empty value removes the variable
	publisher string            // the workflow that the index trusts; empty means the one that is triggered
	errorID   string            // the title of the one error, by its id; empty means that the step succeeds
	says      string            // in its message
	notice    string            // the id of the one notice beside it, or empty
	code      int
	requests  string // those that reach the test server
}

// The requests of a run that publishes a wheel and an sdist, and of those that end earlier. The index reads the issuer's
// keys once.
const (
	untilMinted    = "look audience id-token"
	trustsSigstore = " trust-root trust-root trust-root trust-root trust-root trust-root id-token"
	untilRefused   = " id-token mint keys keys"
	attests        = " certificate keys keys log-entry log-entry"
	uploads        = " upload upload burn probe"
	untilPublished = untilMinted + trustsSigstore + untilRefused + attests + uploads + " look provenance provenance"
)

// lookLast returns the requests with the look that goes on while the token is revoked after the revocation: it may come before, between or
// after its requests.
func lookLast(ops string) string {
	before, after, revoked := strings.Cut(ops, " upload upload ")
	rest := strings.Fields(after)
	at, proven := slices.Index(rest, "look"), slices.Index(rest, "probe")
	if !revoked || at < 0 || at > proven {
		return ops
	}
	rest = slices.Insert(rest, proven+1, "look")
	return before + " upload upload " + strings.Join(slices.Delete(rest, at, at+1), " ")
}

func contracts() []contract {
	pull := map[string]string{"GITHUB_HEAD_REF": "branch", "GITHUB_BASE_REF": "main"}
	fork := maps.Clone(pull)
	fork["ACTIONS_ID_TOKEN_REQUEST_URL"], fork["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "", ""
	const same, other = "octo-org/rehearsal/.github/workflows/publish.yml@refs/tags/v1.0.0",
		"octo-org/workflows/.github/workflows/publish.yml@refs/tags/v3"
	return []contract{
		{name: "a tag is pushed", event: "push.json", requests: untilPublished},
		{
			name: "a tag is pushed, in a debug run", event: "push.json", env: map[string]string{"RUNNER_DEBUG": "1"},
			requests: untilPublished,
		},
		{
			name:     "a release is published",
			run:      fakepypi.Run{Event: "release", Environment: "pypi"},
			event:    "release.json",
			requests: untilPublished,
		},
		{
			name:     "a workflow is dispatched",
			run:      fakepypi.Run{Event: "workflow_dispatch", Ref: "refs/heads/main"},
			event:    "workflow_dispatch.json",
			requests: untilPublished,
		},
		{
			name:     "a pull request of the repository itself",
			run:      fakepypi.Run{Event: "pull_request", Ref: "refs/pull/7/merge"},
			event:    "pull_request.json",
			env:      pull,
			requests: untilPublished,
		},
		{
			name:     "a pull request of a fork",
			run:      fakepypi.Run{Event: "pull_request", Ref: "refs/pull/7/merge", Actor: "stranger"},
			event:    "fork.json",
			env:      fork,
			errorID:  "id-token-fork",
			says:     "a pull request from a fork",
			code:     2,
			requests: "look",
		},
		{
			name: "pull_request_target", run: fakepypi.Run{Event: "pull_request_target", Ref: "refs/heads/main"}, event: "fork.json",
			env: pull, errorID: "event-refused", says: "anyone can trigger such a run", code: 2, requests: untilMinted,
		},
		{
			name:      "a reusable workflow of the same repository",
			run:       fakepypi.Run{Called: same},
			event:     "push.json",
			publisher: "publish.yml",
			notice:    "attestation-reusable-workflow",
			requests:  untilMinted + untilRefused + uploads + " look",
		},
		{
			name:     "a reusable workflow of the same repository, where the index trusts its caller",
			run:      fakepypi.Run{Called: same},
			event:    "push.json",
			notice:   "attestation-reusable-workflow",
			errorID:  "invalid-publisher",
			says:     "workflow publish.yml",
			code:     1,
			requests: untilMinted + untilRefused,
		},
		{
			name:      "a reusable workflow of another repository",
			run:       fakepypi.Run{Called: other},
			event:     "push.json",
			publisher: "publish.yml",
			errorID:   "reusable-workflow",
			says:      "runs in a reusable workflow of another repository",
			code:      2,
			requests:  untilMinted,
		},
	}
}

// TestRunnerContract starts the program for every event that a workflow may publish for.
func TestRunnerContract(t *testing.T) {
	t.Parallel()
	for _, c := range contracts() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := asTheRunner(t, fakepypi.Options{Run: c.run}, c.event)
			s.servers.AddPublisher(fakepypi.Publisher{Project: "alder", Workflow: c.publisher})
			for name, value := range c.env {
				if s.env[name] = value; value == "" {
					delete(s.env, name)
				}
			}
			before := s.inventory()
			code := s.start().wait()
			v := s.check(code, before)
			expect.Equal(t, "exit code", code, c.code)
			expect.Equal(t, "requests", lookLast(s.ops()), c.requests)
			if !s.allMasked(v) {
				t.Errorf("%d masks do not cover the %d secrets", len(v.log.masks), len(s.servers.Secrets()))
			}
			if c.errorID != "" {
				s.checkRefusal(v, c)
				expect.Equal(t, "files of the index", len(s.indexed()), 0)
				expect.Equal(t, "upload tokens", len(s.servers.Tokens()), 0)
				return
			}
			s.published(v, c)
			expect.Equal(t, "files of the index", s.indexed(), built())
			s.wantRevoked()
		})
	}
}

// published holds what a user sees of a step that published the wheel and the sdist.
func (s *step) published(v checkResult, c contract) {
	s.t.Helper()
	if rest := s.withoutNotice(v, c); len(rest) != 0 {
		s.t.Errorf("annotations %+v", rest)
	}
	for name, value := range map[string]string{
		"result": "published", "project": "alder", "version": "1.0", "published-count": "2", "unchanged-count": "0", "token-burned": "true",
		"files": `["alder-1.0-py3-none-any.whl","alder-1.0.tar.gz"]`,
	} {
		if v.outputs[name] != value {
			s.t.Errorf("output %s is %q, not %q", name, v.outputs[name], value)
		}
	}
	log := strings.Join(v.log.lines, "\n")
	if debug := c.env["RUNNER_DEBUG"] == "1"; debug != strings.Contains(log, "upload: POST ") {
		s.t.Errorf("a debug run: %v, and the log of requests does not match", debug)
	}
	for _, name := range built() {
		expect.Contains(s.t, "the log", log, "uploaded: "+name)
		expect.Contains(s.t, "the summary", v.summary, name)
	}
}

// checkRefusal holds what a user sees of a step that was refused before anything was uploaded: one error, with its next step.
func (s *step) checkRefusal(v checkResult, c contract) {
	s.t.Helper()
	expect.Equal(s.t, "output result", v.outputs["result"], "failed")
	expect.Equal(s.t, "output token-burned", v.outputs["token-burned"], "not-minted")
	rest := s.withoutNotice(v, c)
	if len(rest) != 1 {
		s.t.Fatalf("annotations %+v", v.log.annotations)
	}
	a := rest[0]
	message, fix, _ := strings.Cut(a.message, "\n")
	expect.Equal(s.t, "severity", a.severity, "error")
	expect.Equal(s.t, "title", a.title, "pypi-oidc-publish: "+c.errorID)
	expect.Contains(s.t, "the annotation", a.message, c.says)
	if fix == "" {
		s.t.Errorf("the annotation does not say what to do: %+v", a)
	}
	expect.Contains(s.t, "the summary", v.summary, "What to do", message[:20])
}

// withoutNotice are the annotations but for the one notice that is expected beside them.
func (s *step) withoutNotice(v checkResult, c contract) []annotation {
	s.t.Helper()
	var rest []annotation
	for _, a := range v.log.annotations {
		if a.severity != "notice" || a.title != "pypi-oidc-publish: "+c.notice {
			rest = append(rest, a)
		}
	}
	if c.notice != "" && len(rest) != len(v.log.annotations)-1 {
		s.t.Errorf("no notice %s among %+v", c.notice, v.log.annotations)
	}
	return rest
}

// The runner's patience with a step that it cancels: after the first it sends SIGTERM, after both SIGKILL.
const (
	untilTerm = 7500 * time.Millisecond
	untilKill = 2500 * time.Millisecond
)

// cancel ends the run as the runner does, and returns the exit code and how long that took.
func (r *running) cancel(t *testing.T) (code int, took time.Duration) {
	t.Helper()
	began := time.Now()
	for _, s := range []struct {
		signal os.Signal
		wait   time.Duration
	}{{os.Interrupt, untilTerm}, {syscall.SIGTERM, untilKill}, {os.Kill, time.Minute}} {
		if err := r.signal(s.signal); err != nil {
			t.Errorf("%v: %v", s.signal, err)
		}
		select {
		case <-r.ended:
			return r.code, time.Since(began)
		case <-time.After(slack * s.wait):
			t.Logf("%v was not enough", s.signal)
		}
	}
	t.Fatal("the process cannot be killed")
	return 0, 0
}

// stuck answers the requests that it is for never, until the test ends, and says when the first of them has come.
type stuck struct{ reached, gone chan struct{} }

func newStuck() *stuck { return &stuck{reached: make(chan struct{}, 100), gone: make(chan struct{})} }

func (s *stuck) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.CopyN(io.Discard, r.Body, 100)
	s.reached <- struct{}{}
	<-s.gone
}

// TestCancel_TimeLimit is cut by the runner where it hurts, and ends in the time that the runner gives it.
func TestCancel_TimeLimit(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		stuck   func(*http.Request) bool // what the index does not answer
		noToken bool                     // GitHub gives no ID token either
		burned  string
		within  time.Duration
	}{
		{"during an upload", isUpload, false, "true", 5 * time.Second},
		{
			"while the index is asked what it holds", func(r *http.Request) bool { return fakepypi.Op(r) == "look" }, false, "not-minted",
			5 * time.Second,
		},
		{"while GitHub is asked for an ID token", func(*http.Request) bool { return false }, true, "not-minted", 5 * time.Second},
		{
			"during an upload, when the index burns no token either",
			func(r *http.Request) bool { return isUpload(r) || fakepypi.Op(r) == "burn" },
			false, "failed", untilTerm + untilKill,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := asTheRunner(t, fakepypi.Options{}, "push.json")
			s.servers.AddPublisher(fakepypi.Publisher{Project: "alder"})
			s.build("alder-1.0-py3-none-any.whl", strings.Repeat("x", overSockets))
			here := newStuck()
			s.front(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if c.stuck(r) {
						here.ServeHTTP(w, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			})
			if c.noToken {
				github := httptest.NewServer(here)
				t.Cleanup(github.Close)
				s.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = github.URL + "/idtoken?api-version=2.0"
			}
			t.Cleanup(func() { close(here.gone) }) // before the servers are closed, which wait for their handlers
			before := s.inventory()
			command := s.start()
			waitFor(t, here.reached)
			code, took := command.cancel(t)
			v := s.check(code, before)
			expect.Equal(t, "exit code", code, 1)
			expect.Equal(t, "output result", v.outputs["result"], "failed")
			expect.Equal(t, "output token-burned", v.outputs["token-burned"], c.burned)
			if took >= slack*c.within {
				t.Errorf("it ended %v after the first signal\n%s", took, s.log.String())
			}
			if c.burned == "true" && !s.allRevoked() {
				t.Errorf("tokens %+v", s.servers.Tokens())
			}
			if !slices.ContainsFunc(v.log.annotations, func(a annotation) bool { return a.title == "pypi-oidc-publish: cancelled" }) {
				t.Errorf("annotations %+v", v.log.annotations)
			}
		})
	}
}
