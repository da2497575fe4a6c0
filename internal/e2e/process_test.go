package e2e_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
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
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestCancel_DuringUpload: the run is cut, burns its token and reports what landed; the re-run finishes.
func TestCancel_DuringUpload(t *testing.T) {
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
		{"by SIGQUIT", []os.Signal{syscall.SIGQUIT}, 1, false, "failed", "upload failed"},
		{"by SIGQUIT again and again", []os.Signal{syscall.SIGQUIT, syscall.SIGQUIT, os.Interrupt}, 2, true, "partial", "may have it"},
		{"by SIGABRT", []os.Signal{syscall.SIGABRT}, 1, false, "failed", "upload failed"},
		{"by SIGHUP", []os.Signal{syscall.SIGHUP}, 1, false, "failed", "upload failed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0-cp312-cp312-win32.whl", "alder-1.0.tar.gz").asProcess()
			if !c.whole { // the file at which the signals come is more than was sent then
				s.build([]string{"alder-1.0-cp312-cp312-win32.whl", "alder-1.0-py3-none-any.whl"}[c.at-1], strings.Repeat("x", overSockets))
			}
			s.env["INPUT_PARALLEL-UPLOADS"] = "1"
			var uploads atomic.Int64
			reached, gone := make(chan struct{}), make(chan struct{})
			s.front(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !isUpload(r) || uploads.Add(1) != c.at {
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
			waitFor(t, reached)
			began := time.Now()
			for _, signal := range c.signals {
				if err := command.signal(signal); err != nil {
					t.Fatal(err)
				}
			}
			e := command.end()
			close(gone)
			took := time.Since(began)
			e.expect(t, 1)
			if took > slack*7500*time.Millisecond {
				t.Errorf("it ended %v after the signal\n%s", took, e.log)
			}
			expect.Lacks(t, "the log", e.log, "goroutine ", "SIGQUIT: quit", "SIGABRT: abort")
			e.expectOutputs(t, "result", c.result, "published-count", fmt.Sprint(c.at-1), "token-burned", "true")
			s.wantRevoked()
			expect.Contains(t, "the summary", e.summary, c.status, "the run was cancelled")
			if int64(len(s.indexed())) != c.at-1 {
				t.Errorf("the index holds %v", s.indexed())
			}

			s.inProcess = true // no signal ends this one
			s.run().expect(t, 0, "result", "published", "unchanged-count", fmt.Sprint(c.at-1))
			s.wantRevoked()
			if len(s.indexed()) != 3 {
				t.Errorf("the index holds %v", s.indexed())
			}
		})
	}
}

// echo is an index that repeats in its refusals all that it received, in every form.
type echo struct {
	mu       sync.Mutex
	received []string // passwords
}

// passwords returns what the index was shown.
func (e *echo) passwords() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.received)
}

func (e *echo) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pass, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		if pass != "" {
			e.mu.Lock()
			e.received = append(e.received, pass)
			e.mu.Unlock()
		}
		switch {
		case isUpload(r):
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusForbidden)
			// The last one stands across the edge at which words are cut.
			padding := strings.Repeat("x", 1980-4*len(pass))
			fmt.Fprintf(w, "refused %s %s %s %s %s %s", pass, r.Header.Get("Authorization"), url.QueryEscape(pass),
				base64.StdEncoding.EncodeToString([]byte(pass)), padding, pass)
		case r.URL.Path == "/_/oidc/burn-token":
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write(body)
		default:
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		}
	})
}

// TestSecrets_NotPrinted runs verbosely, well and badly, and greps all that a run prints and leaves for every secret that
// there was: only the runner's mask commands hold them.
func TestSecrets_NotPrinted(t *testing.T) {
	t.Parallel()
	stories := map[string]func(s *step, index *echo){
		"published":        func(*step, *echo) {},
		"refused exchange": func(s *step, _ *echo) { s.servers.Claims(func(c map[string]any) { c["repository_owner_id"] = "1" }) },
		"refused upload":   func(s *step, _ *echo) { s.servers.Switch(func(w *fakepypi.Behavior) { w.ReadOnly = true }) },
		"no burn":          func(s *step, _ *echo) { s.servers.Switch(func(w *fakepypi.Behavior) { w.Burn = fakepypi.BurnBroken }) },
		"an index echoes":  func(s *step, index *echo) { s.front(index.before) },
		"it echoes a password with signs that Markdown and HTML escape": func(s *step, index *echo) {
			s.env["INPUT_USER"], s.env["INPUT_PASSWORD"] = "me", "a_pass|word*with<signs>&more"
			s.front(index.before)
		},
		"a wrong API token": func(s *step, _ *echo) { s.env["INPUT_PASSWORD"] = "pypi-AgENdGhpcy1pcy1ub3QtYS10b2tlbg" },
		"a bad input": func(s *step, _ *echo) {
			s.env["INPUT_PASSWORD"], s.env["INPUT_VERIFY-METADATA"] = "pypi-AgENdGhpcy1pcy1ub3QtYS10b2tlbg", "yes"
		},
		"outside of Actions": func(s *step, _ *echo) {
			s.env["GITHUB_ACTIONS"] = "false"
		},
	}
	for name, prepare := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz").asProcess() // for what it leaves in TMPDIR and HOME
			var index echo
			prepare(s, &index)
			usage, command := "", s.start()
			if s.env["GITHUB_ACTIONS"] == "false" {
				command.wait() // there is no command, so it only prints its usage
				usage, command = s.log.String(), s.start(publishCommand()...)
			}
			e := command.end()
			secrets := append(append(s.servers.Secrets(), s.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]), index.passwords()...)
			if password := s.env["INPUT_PASSWORD"]; password != "" {
				secrets = append(secrets, password)
			}
			texts := map[string]string{"the log": usage + e.log, "the summary": e.summary}
			for name, value := range e.outputs {
				texts["the output "+name] = value
			}
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
				t.Errorf("of %d secrets none was masked: the test checks nothing", len(secrets))
			}
		})
	}
}

// publishCommand returns the arguments with which a runner without a container engine runs the program.
func publishCommand() []string { return []string{"publish", "-verbose"} }

// shows reports whether a text holds the secret, or enough of one of its forms to recognize it.
func shows(text, secret string) bool { return holdsAny(text, formsOf(secret)) }

// holdsAny reports whether a text holds one of the forms of a secret.
func holdsAny(text string, forms []string) bool {
	return slices.ContainsFunc(forms, func(form string) bool { return form != "" && strings.Contains(text, form) })
}

// formsOf are the texts by which a secret is recognized. Whoever looks for it in many lines makes them once.
func formsOf(secret string) []string {
	forms := []string{
		secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("__token__:" + secret)),
	}
	if n := len(secret); n > 40 {
		forms = append(forms, secret[n-32:], secret[:n-8]) // the signature alone, and all but the end
	}
	return forms
}

// TestTakeStreams: what a library prints by itself reaches neither stream, and what is written to the streams that were taken does.
func TestTakeStreams(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	command := exec.CommandContext(t.Context(), printersName)
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if err != nil || stdout.String() != "out" || stderr.String() != "err" {
		t.Errorf("%q, %q, %v", stdout.String(), stderr.String(), err)
	}
}
