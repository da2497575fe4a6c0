package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/testkit/stepclock"
)

// step is one step of a job on GitHub's runner, in a workspace of its own. It runs the program as a process or within the process of the
// test, once or again and again, as a job that is run again does.
type step struct {
	t       *testing.T
	dir     string            // the workspace, which is the current folder of a process
	servers *fakepypi.Servers // the test server; nil for a step that knows no more of it than its environment
	env     map[string]string // of the program, which sees no other variable

	// inProcess runs the program within the process of the test, which takes much less time and can be profiled. It has no current folder,
	// streams, proxies and signals of its own: the paths in its inputs are absolute, but for packages-dir. See [step.asProcess].
	inProcess bool
	noWait    bool // waits take a moment, such as those between two tries, and put the clock of the program forward
	slow      bool // with noWait: each further try takes longer by the clock, see [slowly]
	clock     *stepclock.Clock

	log    bytes.Buffer // standard output and standard error of the last run, as the runner reads them
	minted int          // upload tokens before the last run
}

// newStep is a step with a test server of its own and of the same clock, which trusts it for the project alder, and with distributions of
// these names in dist.
func newStep(t *testing.T, files ...string) *step {
	t.Helper()
	clock := &stepclock.Clock{}
	servers := pypitest.Start(t, fakepypi.Options{Now: clock.Now})
	servers.AddPublisher(fakepypi.Publisher{Project: "alder"})
	s := newStepOn(t, servers, files...)
	s.clock = clock
	return s
}

// newStepOn is a step that publishes to a test server which others may use too. It runs within the process of the test.
func newStepOn(t *testing.T, servers *fakepypi.Servers, files ...string) *step {
	t.Helper()
	s := newStepWith(t, servers.Env, files...)
	s.publishesTo(servers)
	s.inProcess = true
	return s
}

// asProcess has the step run the program as a process, in a test of what only a process has: signals that the kernel delivers, a current
// folder, streams, files that it leaves open, and the environment that the standard library reads by itself.
func (s *step) asProcess() *step {
	s.inProcess = false
	return s
}

// newStepWith is a step with these variables besides those of the runner.
func newStepWith(t *testing.T, env map[string]string, files ...string) *step {
	t.Helper()
	s := newStepIn(t, t.TempDir(), env)
	for _, folder := range []string{"dist", ".tmp", ".home"} {
		if err := os.Mkdir(s.path(folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range files {
		s.build(name, "")
	}
	return s
}

// newStepIn is a step with these variables besides those of the runner, in a workspace that there is.
func newStepIn(t *testing.T, dir string, env map[string]string) *step {
	t.Helper()
	s := &step{t: t, dir: dir, env: maps.Clone(env), clock: &stepclock.Clock{}}
	maps.Copy(s.env, map[string]string{
		"PATH": os.Getenv("PATH"), "TMPDIR": s.path(".tmp"), "HOME": s.path(".home"), "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": s.dir,
		"GITHUB_OUTPUT": s.path(".output"), "GITHUB_STEP_SUMMARY": s.path(".summary"),
	})
	return s
}

// publishesTo has the step publish to a test server, verbosely and without waiting for the index.
func (s *step) publishesTo(servers *fakepypi.Servers) {
	s.servers = servers
	maps.Copy(s.env,
		map[string]string{"INPUT_REPOSITORY-URL": servers.Upload.String(), "INPUT_VERBOSE": "true", "INPUT_WAIT-FOR-INDEX": "0"})
}

// path returns the path of a file in the workspace.
func (s *step) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// build writes a distribution to dist. Another salt gives other bytes.
func (s *step) build(name, salt string) {
	s.t.Helper()
	disttest.Write(s.t, s.path("dist"), name, salt)
}

// write writes a file of the workspace.
func (s *step) write(name, content string) {
	s.t.Helper()
	disttest.Save(s.t, s.path(name), []byte(content))
}

// fileText returns the content of a file of the workspace.
func (s *step) fileText(name string) string {
	s.t.Helper()
	return string(readFile(s.t, s.path(name)))
}

// readFile returns the content of a file.
func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// remove removes distributions from dist.
func (s *step) remove(names ...string) {
	s.t.Helper()
	for _, name := range names {
		if err := os.Remove(s.path("dist/" + name)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// running is a run that has not been waited for.
type running struct {
	step   *step
	signal func(os.Signal) error
	ended  chan struct{} // closed at the end, after which code is the exit code
	code   int
}

// start starts the program with arguments; without any it publishes, as the action does.
func (s *step) start(arguments ...string) *running {
	s.t.Helper()
	return s.startWith(s.t.Context(), arguments...)
}

// startWith is start with a context whose end is a signal to the program.
func (s *step) startWith(ctx context.Context, arguments ...string) *running {
	s.t.Helper()
	s.log.Reset()
	if s.servers != nil {
		s.minted = len(s.servers.Tokens())
	}
	if s.inProcess {
		return s.startInProcess(ctx, arguments)
	}
	program := programName
	if s.noWait {
		program = noWaitName
	}
	return s.startProcess(exec.CommandContext(ctx, program, arguments...))
}

// startProcess starts a command as the step.
func (s *step) startProcess(command *exec.Cmd) *running {
	s.t.Helper()
	command.Dir, command.Stdout, command.Stderr = s.dir, &s.log, &s.log
	for name, value := range s.env {
		command.Env = append(command.Env, name+"="+value)
	}
	return s.startCommand(command)
}

// startCommand starts a command that has all that it needs.
func (s *step) startCommand(command *exec.Cmd) *running {
	s.t.Helper()
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	r := &running{step: s, signal: command.Process.Signal, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		_ = command.Wait() // the exit code says it
		r.code = command.ProcessState.ExitCode()
	}()
	return r
}

func (s *step) startInProcess(ctx context.Context, arguments []string) *running {
	ctx, cancel := context.WithCancelCause(ctx)
	r := &running{step: s, ended: make(chan struct{}), signal: func(signal os.Signal) error {
		cancel(fmt.Errorf("%v", signal))
		return nil
	}}
	env := maps.Clone(s.env)
	if env["INPUT_PACKAGES-DIR"] == "" {
		env["INPUT_PACKAGES-DIR"] = s.path("dist")
	}
	now, sleep := s.clock.Now, cli.Sleep
	switch {
	case s.noWait && s.slow:
		now, sleep = slowly(s.clock)
	case s.noWait:
		sleep = s.clock.Sleep
	}
	go func() {
		defer close(r.ended)
		defer cancel(nil)
		r.code = cli.Main(ctx, cli.Process{
			Args:    arguments,
			Version: "test",
			Getenv:  func(name string) string { return env[name] },
			Stdout:  &s.log,
			Stderr:  &s.log,
			Now:     now,
			Sleep:   sleep,
		})
	}()
	return r
}

// slowly returns a program's clock and waits on a slow network: what comes after a wait takes five times as long as the wait. So a budget
// of minutes is spent after a few tries. A try reads the clock when it begins, when it connects and when it ends.
func slowly(clock *stepclock.Clock) (now func() time.Time, sleep func(context.Context, time.Duration) error) {
	const longer = 5
	var mu sync.Mutex
	var begun bool
	var waited time.Duration
	now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if begun {
			clock.Step(longer * waited)
			waited = 0
		}
		begun = waited > 0
		return clock.Now()
	}
	sleep = func(ctx context.Context, d time.Duration) error {
		err := clock.Sleep(ctx, d)
		mu.Lock()
		defer mu.Unlock()
		begun, waited = false, max(waited, d)
		return err
	}
	return now, sleep
}

// slack is how many times as long as on a quiet machine something may take that has to end soon. What does not end by itself takes minutes.
const slack = 4

// longestRun is how long a run may take before the test is failed.
const longestRun = 3 * time.Minute

// waitsForIndex has the step wait so many seconds for the index, which are not enough for what it waits for, but for everything that
// comes before: under the race detector a query of the index was seen to take a second.
func (s *step) waitsForIndex(seconds int) {
	if raced {
		seconds *= 5
	}
	s.env["INPUT_WAIT-FOR-INDEX"] = strconv.Itoa(seconds)
}

// wait waits for the end, and returns the exit code.
func (r *running) wait() int {
	r.step.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(longestRun):
		_ = r.signal(os.Kill)
		<-r.ended
		r.step.t.Fatalf("the program did not end within %v, and was killed\n%s", longestRun, &r.step.log)
	}
	return r.code
}

// ending is what a run left behind.
type ending struct {
	code         int
	outputs      map[string]string
	log, summary string
	tokens       []fakepypi.Token // upload tokens that were minted for it, unless the step knows no test server
}

// end waits for the end, and takes the outputs and the summary away, as the runner does. What every run owes is checked.
func (r *running) end() ending {
	s := r.step
	s.t.Helper()
	e := ending{code: r.wait(), log: s.log.String()}
	output, summary := s.consume("GITHUB_OUTPUT"), s.consume("GITHUB_STEP_SUMMARY")
	if output == nil {
		s.t.Fatalf("the run set no outputs:\n%s", e.log)
	}
	e.outputs, e.summary = outputsIn(string(output)), string(summary)
	if s.servers != nil {
		pypitest.WaitIdle(s.t, s.servers)
		e.tokens = s.servers.Tokens()[s.minted:]
		token := s.servers.Env[fakepypi.GitHubToken]
		unmasked := strings.ReplaceAll(e.log, "::add-mask::"+token, "")
		if strings.Contains(unmasked+e.summary+e.outputs["manifest"], token) {
			s.t.Error("GitHub's token is in the log, the summary or the manifest")
		}
	}
	return e
}

// differences names each thing in which the ending is not the one expected: the exit code, and outputs in pairs of a name and a value.
func (e ending) differences(code int, outputs []string) (all []string) {
	if e.code != code {
		all = append(all, fmt.Sprintf("the exit code is %d, not %d", e.code, code))
	}
	return append(all, e.otherOutputs(outputs)...)
}

// otherOutputs names the outputs that are not the ones expected, in pairs of a name and a value.
func (e ending) otherOutputs(outputs []string) (all []string) {
	for i := 0; i < len(outputs); i += 2 {
		if got := e.outputs[outputs[i]]; got != outputs[i+1] {
			all = append(all, fmt.Sprintf("the output %s is %q, not %q", outputs[i], got, outputs[i+1]))
		}
	}
	return all
}

// expect fails the test where the run ended with another exit code, or with other outputs: pairs of a name and a value.
func (e ending) expect(t *testing.T, code int, outputs ...string) ending {
	t.Helper()
	if all := e.differences(code, outputs); len(all) > 0 {
		t.Errorf("%s\n%s", strings.Join(all, "\n"), e.log)
	}
	return e
}

// expectOutputs is expect for a run whose exit code is checked elsewhere.
func (e ending) expectOutputs(t *testing.T, outputs ...string) ending {
	t.Helper()
	if all := e.otherOutputs(outputs); len(all) > 0 {
		t.Errorf("%s\n%s", strings.Join(all, "\n"), e.log)
	}
	return e
}

// require is expect for a run without which the test cannot go on.
func (e ending) require(t *testing.T, code int, outputs ...string) ending {
	t.Helper()
	if all := e.differences(code, outputs); len(all) > 0 {
		t.Fatalf("%s\n%s", strings.Join(all, "\n"), e.log)
	}
	return e
}

// consume returns what is in the file of a file command, and removes it; nil where there is none.
func (s *step) consume(variable string) []byte {
	s.t.Helper()
	text, err := os.ReadFile(s.env[variable])
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.Remove(s.env[variable])
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// run runs the program to its end.
func (s *step) run(arguments ...string) ending {
	s.t.Helper()
	return s.start(arguments...).end()
}

// front puts a handler between the step and its index.
func (s *step) front(before func(next http.Handler) http.Handler) {
	s.t.Helper()
	index := *s.servers.Upload
	index.Path = ""
	proxy := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(&index) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := httptest.NewServer(before(proxy))
	s.t.Cleanup(server.Close)
	s.env["INPUT_REPOSITORY-URL"] = server.URL + "/legacy/"
}

// frontUploads puts a handler between the step and its index that gets the uploads alone; next is the index.
func (s *step) frontUploads(upload func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	s.t.Helper()
	s.front(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !isUpload(r) {
				next.ServeHTTP(w, r)
				return
			}
			upload(w, r, next)
		})
	})
}

// injectFault plans a fault of the table, see [fakepypi.Servers.InjectFault].
func (s *step) injectFault(op, name string, skip, times int) {
	s.t.Helper()
	f, known := fault.ByName(name)
	if !known {
		s.t.Fatalf("there is no fault %s", name)
	}
	if err := s.servers.InjectFault(op, f, skip, times); err != nil {
		s.t.Fatal(err)
	}
}

// indexed returns the names of the files that the index has.
func (s *step) indexed() []string {
	var names []string
	for _, f := range s.servers.Files() {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

// allRevoked reports whether there was an upload token, and each was revoked.
func (s *step) allRevoked() bool {
	all := s.servers.Tokens()
	return len(all) > 0 && !slices.ContainsFunc(all, func(token fakepypi.Token) bool { return !token.Burned && !token.Forgotten })
}

// wantRevoked fails the test where there was no upload token, or one was not revoked.
func (s *step) wantRevoked() {
	s.t.Helper()
	if !s.allRevoked() {
		s.t.Errorf("not every upload token was revoked, or there was none: %+v", s.servers.Tokens())
	}
}

// requests returns how many requests of an op the test server was asked.
func (s *step) requests(op string) int {
	n := 0
	for _, r := range s.servers.Requests() {
		if r.Op == op {
			n++
		}
	}
	return n
}

// overSockets is a size in bytes, larger than what the sockets between a step and its index hold.
const overSockets = 16 << 20

// isUpload reports whether a request uploads a file. The one that proves a revocation goes to the same address.
func isUpload(r *http.Request) bool {
	return r.URL.Path == "/legacy/" && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}

// waitFor waits until the run has come to a point, up to a limit.
func waitFor(t *testing.T, point <-chan struct{}) {
	t.Helper()
	select {
	case <-point:
	case <-time.After(longestRun):
		t.Fatal("the run never came here")
	}
}

// skipIfShort skips a test of many runs where the developer's loop is run.
func skipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes many runs: left out with -short")
	}
}
