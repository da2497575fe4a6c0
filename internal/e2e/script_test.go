package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// TestScripts are the stories of users, in testdata/script. Each begins in a fresh workspace, as a step on GitHub's runner,
// with its own test server, whose publisher trusts it for the project alder.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			servers, err := pypitest.Open(context.Background(), "127.0.0.1:0", fakepypi.Options{})
			if err != nil {
				return err
			}
			env.Defer(func() {
				if err := servers.Close(); err != nil {
					t.Error(err)
				}
			})
			servers.AddPublisher(fakepypi.Publisher{Project: "alder"})
			env.Values["stage"] = servers
			for name, value := range servers.Env {
				env.Setenv(name, value)
			}
			env.Setenv("GITHUB_ACTIONS", "true")
			env.Setenv("GITHUB_WORKSPACE", env.WorkDir)
			env.Setenv("GITHUB_OUTPUT", filepath.Join(env.WorkDir, ".output"))
			env.Setenv("GITHUB_STEP_SUMMARY", filepath.Join(env.WorkDir, ".summary"))
			env.Setenv("INPUT_REPOSITORY-URL", servers.Upload.String())
			env.Setenv("INPUT_WAIT-FOR-INDEX", "0")
			env.Setenv("UPLOAD", servers.Upload.String())
			env.Setenv("HOST", servers.Upload.Host)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"input":       input,
			"build":       build,
			"trust":       trustCommand,
			"switch":      switchCommand,
			"index":       indexCommand,
			"output":      output,
			"requests":    requests,
			"tokens":      tokens,
			"wrongindex":  unexpectedIndex,
			"apitoken":    apiToken,
			"sdist":       sdistOf,
			"claim":       claim,
			"exits":       exits,
			"await":       await,
			"environment": environment,
		},
	})
}

func serversOf(ts *testscript.TestScript) *fakepypi.Servers {
	return ts.Value("stage").(*fakepypi.Servers)
}

// input NAME VALUE sets an input of the step.
func input(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("INPUT_"+strings.ToUpper(args[0]), strings.Join(args[1:], "\n"))
}

// build FILE... builds distributions of what their names say, in dist. A word after a plus sign changes what is in the file,
// so that alder-1.0.tar.gz+again has other bytes.
func build(ts *testscript.TestScript, _ bool, args []string) {
	for _, arg := range args {
		path, salt, _ := strings.Cut(arg, "+")
		if filepath.Dir(path) == "." {
			path = filepath.Join("dist", path)
		}
		path = ts.MkAbs(path)
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		ts.Check(os.WriteFile(path, disttest.Build(filepath.Base(path), salt), 0o644))
	}
}

// sdist NAME FILE builds an sdist in dist whose metadata is the file's text.
func sdistOf(ts *testscript.TestScript, _ bool, args []string) {
	top := strings.TrimSuffix(args[0], ".tar.gz")
	content := disttest.TarGz(
		disttest.Member{Name: top + "/PKG-INFO", Content: ts.ReadFile(args[1])}, disttest.Member{Name: top + "/setup.py"},
	)
	ts.Check(os.WriteFile(ts.MkAbs(filepath.Join("dist", args[0])), content, 0o644))
}

// trust PROJECT [pending] adds a Trusted Publisher.
func trustCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(serversOf(ts).AddPublisher(fakepypi.Publisher{Project: pep.Project(args[0]), Pending: len(args) > 1}))
}

// switch NAME changes how the index behaves.
func switchCommand(ts *testscript.TestScript, _ bool, args []string) {
	changes := map[string]func(*fakepypi.Behavior){
		"no-oidc":      func(s *fakepypi.Behavior) { s.NoOIDC = true },
		"read-only":    func(s *fakepypi.Behavior) { s.ReadOnly = true },
		"stale":        func(s *fakepypi.Behavior) { s.Stale = true },
		"absent":       func(s *fakepypi.Behavior) { s.Absent = 10 * time.Minute },
		"tiny-files":   func(s *fakepypi.Behavior) { s.FileLimit = 10 },
		"burn-idle":    func(s *fakepypi.Behavior) { s.Burn = fakepypi.BurnIdle },
		"burn-missing": func(s *fakepypi.Behavior) { s.Burn = fakepypi.BurnMissing },
		"burn-broken":  func(s *fakepypi.Behavior) { s.Burn = fakepypi.BurnBroken },
	}
	change, known := changes[args[0]]
	if !known {
		ts.Fatalf("no switch %q", args[0])
	}
	serversOf(ts).Switch(change)
}

// index holds FILE... checks that the index holds these files and no other; index remove FILE deletes one.
func indexCommand(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] == "remove" {
		ts.Check(serversOf(ts).Remove(args[1]))
		return
	}
	var stored []string
	for _, f := range serversOf(ts).Files() {
		stored = append(stored, f.Name)
	}
	want := slices.Clone(args[1:])
	slices.Sort(stored)
	slices.Sort(want)
	if !slices.Equal(stored, want) {
		ts.Fatalf("the index holds %v, not %v", stored, want)
	}
}

// output NAME VALUE checks that the step's output has this value, read as the runner reads it.
func output(ts *testscript.TestScript, neg bool, args []string) {
	got, found := outputsIn(ts.ReadFile(".output"))[args[0]]
	if found == neg || (found && got != args[1]) {
		ts.Fatalf("output %s is %q (set: %v)", args[0], got, found)
	}
}

// requests OP N checks how many requests of an op the test server has seen. An op of "any" means all.
func requests(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	for _, r := range serversOf(ts).Requests() {
		if r.Op == args[0] || args[0] == "any" {
			n++
		}
	}
	if want, err := strconv.Atoi(args[1]); err != nil || n != want {
		ts.Fatalf("%d requests of %s, not %s", n, args[0], args[1])
	}
}

// tokens N burned|alive checks that N upload tokens were minted, and the state of all of them.
func tokens(ts *testscript.TestScript, _ bool, args []string) {
	all := serversOf(ts).Tokens()
	if fmt.Sprint(len(all)) != args[0] {
		ts.Fatalf("%d tokens were minted, not %s", len(all), args[0])
	}
	for _, token := range all {
		if token.Burned != (args[1] == "burned") {
			ts.Fatalf("token %+v is not %s", token, args[1])
		}
	}
}

// unexpectedIndex KIND sets up an index that gives the same wrong answer to every request, and makes it the step's.
func unexpectedIndex(ts *testscript.TestScript, _ bool, args []string) {
	says := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	kinds := map[string]http.HandlerFunc{
		"404":      says(404, "text/html", "<html><body>there is nothing here</body></html>"),
		"html":     says(200, "text/html", "<html><body>Please log in</body></html>"),
		"empty":    says(200, "", ""),
		"huge":     says(200, "application/json", strings.Repeat(`{"audience":"x"}`, 1<<16)),
		"pypi":     says(200, "application/json", `{"audience":"pypi"}`),
		"testpypi": says(200, "application/json", `{"audience":"testpypi"}`),
		"sigstore": says(200, "application/json", `{"audience":"sigstore"}`),
		"commands": says(400, "text/plain", "no\n::set-output name=result::published\n##[error]x \x1b[31m"),
	}
	handler, known := kinds[args[0]]
	if !known {
		ts.Fatalf("no wrong index %q", args[0])
	}
	server := httptest.NewServer(handler)
	ts.Defer(server.Close)
	ts.Setenv("INPUT_REPOSITORY-URL", server.URL+"/legacy/")
	ts.Setenv("HOST", strings.TrimPrefix(server.URL, "http://"))
}

// apitoken gives the step an API token of the index as its password.
func apiToken(ts *testscript.TestScript, _ bool, _ []string) {
	token, err := serversOf(ts).APIToken()
	ts.Check(err)
	ts.Setenv("INPUT_PASSWORD", token)
}

// claim NAME VALUE changes a claim of the ID tokens to come.
func claim(ts *testscript.TestScript, _ bool, args []string) {
	serversOf(ts).Claims(func(claims map[string]any) { claims[args[0]] = args[1] })
}

// await FILE waits until there is such a file, up to a limit.
func await(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.After(longestRun)
	for {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		select {
		case <-deadline:
			ts.Fatalf("there never was a file %s", args[0])
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// environment FILE sets what the lines of the file say, as a step of the job after `cat FILE >> $GITHUB_ENV`.
func environment(ts *testscript.TestScript, _ bool, args []string) {
	env, err := fileCommand(ts.ReadFile(args[0]))
	ts.Check(err)
	for name, value := range env {
		ts.Setenv(name, value)
	}
}

// exits CODE ARGS... runs the program, whose waits take no time, and checks its exit code; its log is then `stdout`.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(noWaitName, args[1:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, not %s", code, args[0])
	}
	if log := ts.ReadFile("stdout"); bytes.Contains([]byte(log), []byte("panic")) {
		ts.Fatalf("it panicked")
	}
}
