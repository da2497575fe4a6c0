package cli_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
)

// step is one step on GitHub's runner, as a process of its own in a workspace of its own.
type step struct {
	t     *testing.T
	dir   string
	stage *fakepypi.Stage
	env   map[string]string
	hasty bool         // its waits take no time
	log   bytes.Buffer // standard output and standard error, as the runner reads them

	mu    sync.Mutex
	shown []string // credentials that a front of the test's was shown
}

func newStep(t *testing.T, files ...string) *step {
	t.Helper()
	stage, err := fakepypi.Start(context.WithoutCancel(t.Context()), "127.0.0.1:0", fakepypi.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	})
	stage.Trust(fakepypi.Publisher{Project: "alder"})
	s := &step{t: t, dir: t.TempDir(), stage: stage, env: map[string]string{"PATH": os.Getenv("PATH")}}
	for name, value := range stage.Env {
		s.env[name] = value
	}
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": s.dir, "GITHUB_OUTPUT": s.path(".output"), "GITHUB_STEP_SUMMARY": s.path(".summary"),
		"TMPDIR": s.path(".tmp"), "HOME": s.path(".home"), "INPUT_REPOSITORY-URL": stage.Upload.String(), "INPUT_VERBOSE": "true", "INPUT_WAIT-FOR-INDEX": "0",
	} {
		s.env[name] = value
	}
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

func (s *step) path(name string) string { return filepath.Join(s.dir, name) }

func (s *step) build(name, salt string) {
	s.t.Helper()
	content, err := distribution(name, salt)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path("dist/"+name), content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *step) start() *exec.Cmd {
	s.t.Helper()
	program := "pypi-oidc-publish"
	if s.hasty {
		program = hasty
	}
	command := exec.CommandContext(s.t.Context(), program)
	command.Dir, command.Stdout, command.Stderr = s.dir, &s.log, &s.log
	for name, value := range s.env {
		command.Env = append(command.Env, name+"="+value)
	}
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	return command
}

// end waits for the process and returns its exit code and outputs.
func (s *step) end(command *exec.Cmd) (code int, outputs map[string]string) {
	s.t.Helper()
	err := command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	text, err := os.ReadFile(s.path(".output"))
	if err != nil {
		s.t.Fatalf("no outputs: %v\n%s", err, s.log.String())
	}
	if err := os.Remove(s.path(".output")); err != nil {
		s.t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), outputsIn(string(text))
}

func (s *step) holds() []string {
	var names []string
	for _, f := range s.stage.Files() {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

func (s *step) allBurned() bool {
	for _, token := range s.stage.Tokens() {
		if !token.Burned {
			return false
		}
	}
	return len(s.stage.Tokens()) > 0
}

// front puts a handler of the test's between the step and its index.
func (s *step) front(before func(next http.Handler) http.Handler) {
	s.t.Helper()
	index := *s.stage.Upload
	index.Path = ""
	proxy := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(&index) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := httptest.NewServer(before(proxy))
	s.t.Cleanup(server.Close)
	s.env["INPUT_REPOSITORY-URL"] = server.URL + "/legacy/"
}

// upload tells a request that uploads a file from the one that proves a burn.
func upload(r *http.Request) bool {
	return r.URL.Path == "/legacy/" && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}

// TestASignalDuringAnUpload: the run is cut, burns its token and reports what landed; the re-run finishes.
func TestASignalDuringAnUpload(t *testing.T) {
	t.Parallel()
	term, both := []os.Signal{syscall.SIGTERM}, []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGTERM}
	cases := []struct {
		name    string
		signals []os.Signal
		at      int64  // the upload at which they come
		whole   bool   // whether it has reached the index whole, with the answer still to come
		result  string // of the run that is cut
		status  string // of the file, in the summary
	}{
		{"in the middle of the first file", term, 1, false, "failed", "upload failed"},
		{"in the middle of a later file", []os.Signal{os.Interrupt}, 2, false, "partial", "upload failed"},
		{"when a file was sent, all three signals", both, 2, true, "partial", "may have it"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0-cp312-cp312-win32.whl", "alder-1.0.tar.gz")
			if !c.whole {
				// Larger than what the sockets between the two hold.
				s.build("alder-1.0-py3-none-any.whl", strings.Repeat("x", 32<<20))
				s.build("alder-1.0-cp312-cp312-win32.whl", strings.Repeat("y", 32<<20))
			}
			s.env["INPUT_PARALLEL-UPLOADS"] = "1"
			var uploads atomic.Int64
			reached, gone := make(chan struct{}), make(chan struct{})
			s.front(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !upload(r) || uploads.Add(1) != c.at {
						next.ServeHTTP(w, r)
						return
					}
					n := int64(100)
					if c.whole {
						n = r.ContentLength
					}
					_, _ = io.CopyN(io.Discard, r.Body, n)
					close(reached)
					<-gone
				})
			})
			command := s.start()
			waitFor(t, reached, s)
			began := time.Now()
			for _, signal := range c.signals {
				if err := command.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
			}
			code, outputs := s.end(command)
			close(gone)
			if took := time.Since(began); code != 1 || took > 7500*time.Millisecond {
				t.Errorf("exit code %d after %v", code, took)
			}
			if outputs["result"] != c.result || outputs["published-count"] != fmt.Sprint(c.at-1) || outputs["token-burned"] != "true" || !s.allBurned() {
				t.Errorf("outputs %v, tokens %+v", outputs, s.stage.Tokens())
			}
			summary, err := os.ReadFile(s.path(".summary"))
			if err != nil || !bytes.Contains(summary, []byte(c.status)) || !bytes.Contains(summary, []byte("the run was cancelled")) {
				t.Errorf("%v\n%s", err, summary)
			}
			if int64(len(s.holds())) != c.at-1 {
				t.Errorf("the index holds %v", s.holds())
			}

			code, outputs = s.end(s.start())
			if code != 0 || outputs["result"] != "published" || outputs["unchanged-count"] != fmt.Sprint(c.at-1) || !s.allBurned() {
				t.Errorf("the re-run: exit code %d, %v\n%s", code, outputs, s.log.String())
			}
			if len(s.holds()) != 3 {
				t.Errorf("the index holds %v", s.holds())
			}
		})
	}
}

// waitFor waits until the run has come to a point, and not for ever.
func waitFor(t *testing.T, point <-chan struct{}, s *step) {
	t.Helper()
	select {
	case <-point:
	case <-time.After(30 * time.Second):
		t.Fatalf("the run never came here:\n%s", s.log.String())
	}
}

// echo is an index that repeats in its refusals whatever it was shown, in every form it can.
func (s *step) echo(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pass, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.shown = append(s.shown, pass)
		s.mu.Unlock()
		switch {
		case upload(r):
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusForbidden)
			// The last one stands across the edge at which words are cut.
			padding := strings.Repeat("x", 1980-4*len(pass))
			fmt.Fprintf(w, "refused %s %s %s %s %s %s", pass, r.Header.Get("Authorization"), url.QueryEscape(pass), base64.StdEncoding.EncodeToString([]byte(pass)), padding, pass)
		case r.URL.Path == "/_/oidc/burn-token":
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write(body)
		default:
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		}
	})
}

// TestNoSecretIsEverSeen runs verbosely, well and badly, and greps all that a run prints and leaves for every secret that
// there was: only the runner's mask commands hold them.
func TestNoSecretIsEverSeen(t *testing.T) {
	t.Parallel()
	stories := map[string]func(s *step){
		"published":        func(*step) {},
		"refused exchange": func(s *step) { s.stage.Claims(func(c map[string]any) { c["repository_owner_id"] = "1" }) },
		"refused upload":   func(s *step) { s.stage.Switch(func(w *fakepypi.Switches) { w.ReadOnly = true }) },
		"no burn":          func(s *step) { s.stage.Switch(func(w *fakepypi.Switches) { w.Burn = fakepypi.BurnBroken }) },
		"an index echoes":  func(s *step) { s.front(s.echo) },
		"it echoes a password with signs that Markdown and HTML escape": func(s *step) {
			s.env["INPUT_USER"], s.env["INPUT_PASSWORD"] = "me", "a_pass|word*with<signs>&more"
			s.front(s.echo)
		},
		"a wrong API token": func(s *step) { s.env["INPUT_PASSWORD"] = "pypi-AgENdGhpcy1pcy1ub3QtYS10b2tlbg" },
		"a bad input": func(s *step) {
			s.env["INPUT_PASSWORD"], s.env["INPUT_VERIFY-METADATA"] = "pypi-AgENdGhpcy1pcy1ub3QtYS10b2tlbg", "yes"
		},
		"outside of Actions": func(s *step) {
			s.env["GITHUB_ACTIONS"] = "false"
		},
	}
	for name, prepare := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
			prepare(s)
			command := s.start()
			if s.env["GITHUB_ACTIONS"] == "false" {
				_ = command.Wait() // there is no verb, so it only tells its usage
				command = s.publishVerb()
			}
			s.end(command)
			secrets := append(s.stage.Secrets(), s.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
			for _, pass := range s.shown {
				if pass != "" {
					secrets = append(secrets, pass)
				}
			}
			if password := s.env["INPUT_PASSWORD"]; password != "" {
				secrets = append(secrets, password)
			}
			texts := map[string]string{"the log": s.log.String()}
			err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() {
					return err
				}
				text, err := os.ReadFile(path)
				texts[path] = string(text)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			masked := 0
			for where, text := range texts {
				for line := range strings.Lines(text) {
					for _, secret := range secrets {
						if !shows(line, secret) && !shows(html.UnescapeString(line), secret) {
							continue
						}
						if where == "the log" && strings.HasPrefix(line, "::add-mask::") {
							masked++
							continue
						}
						t.Errorf("%s shows a secret: %s", where, line)
					}
				}
			}
			if s.env["GITHUB_ACTIONS"] == "true" && masked == 0 {
				t.Errorf("of %d secrets none was masked: the test looks at nothing", len(secrets))
			}
		})
	}
}

// publishVerb starts the verb, as a runner without a container engine does.
func (s *step) publishVerb() *exec.Cmd { return s.starts("publish", "-verbose") }

// starts starts the program with arguments.
func (s *step) starts(arguments ...string) *exec.Cmd {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), "pypi-oidc-publish", arguments...)
	command.Dir, command.Stdout, command.Stderr = s.dir, &s.log, &s.log
	for name, value := range s.env {
		command.Env = append(command.Env, name+"="+value)
	}
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	return command
}

// shows tells whether a line holds the secret, or enough of one of its forms to be told.
func shows(line, secret string) bool {
	forms := []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("__token__:" + secret))}
	if n := len(secret); n > 40 {
		forms = append(forms, secret[n-32:], secret[:n-8]) // the signature alone, and all but the end
	}
	return slices.ContainsFunc(forms, func(form string) bool { return form != "" && strings.Contains(line, form) })
}
