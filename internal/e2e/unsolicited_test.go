package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Bytes that no request asked for: a server sends them behind an answer, on a connection that is kept. net/http closes the connection
// and reports the bytes to the standard library's own logger, which writes to standard error and knows neither masks nor commands.

// unsolicited are the texts that follow an answer.
func unsolicited() map[string]string {
	return map[string]string{
		"text":              marker + "\n::error::smuggled\r\n::add-mask::published\n##[error]smuggled ##[set-env name=X]y",
		"an answer":         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ##[error]" + marker + "\r\n\r\n",
		"more than is kept": strings.Repeat("##[error]x ", 800) + marker,
	}
}

// answersAndMore has a front answer as what is behind it does, and send more behind the answer on the same connection: the credentials
// of the request, the text, and the answer's own body again, which may hold an upload token or an ID token.
func answersAndMore(front *hostileFront) *hostileFront {
	front.echoes = true
	front.answer = func(w http.ResponseWriter, r *http.Request, text string) {
		answer := httptest.NewRecorder()
		front.next.ServeHTTP(answer, r)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err) // a server of tests can
		}
		defer conn.Close()
		var b bytes.Buffer
		fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", answer.Code, http.StatusText(answer.Code))
		answer.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
		_ = answer.Header().Write(&b) // a buffer takes everything
		fmt.Fprintf(&b, "\r\n%s%s", answer.Body, text)
		if answer.Body.Len() < 2048 {
			b.Write(answer.Body.Bytes())
		}
		_, _ = conn.Write(b.Bytes())
		_, _ = io.CopyN(io.Discard, conn, 1) // until the client closes it, or wants it to carry the next request
	}
	return front
}

// TestUnsolicitedBytes_NotPrinted: when any server sends unsolicited bytes, neither standard output nor standard error shows them, nor the
// secrets in them; a verbose log says that it happened.
func TestUnsolicitedBytes_NotPrinted(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	arguments := func(command string, s *step) []string {
		switch command {
		case "publish":
			return publishCommand()
		case "check":
			return []string{"check", "-index", s.servers.Upload.String()}
		}
		return nil // the action
	}
	type story struct {
		command, text, password string
		target                  target
	}
	var stories []story
	for _, op := range append(wire.Ops(), wire.GitHubOps()...) {
		if !slices.ContainsFunc(targets(), func(o target) bool { return o.op == string(op) }) {
			t.Errorf("no case sends unsolicited bytes to the op %s", op)
		}
	}
	for _, o := range targets() {
		for text := range unsolicited() {
			stories = append(stories, story{"the action", text, "", o})
		}
	}
	for _, op := range []string{"look", "upload"} {
		stories = append(stories, story{"the action", "text", `a"password\with 'signs' that Go's own quotes escape`, target{op: op}})
	}
	stories = append(stories, story{"publish", "text", "", target{op: "mint"}}, story{"check", "text", "", target{op: "look"}})
	var reported atomic.Int64
	t.Run("stories", func(t *testing.T) {
		for _, c := range thinned(stories) {
			t.Run(fmt.Sprintf("%s, %s, %s, %v", c.command, c.target.op, c.text, c.password != ""), func(t *testing.T) {
				t.Parallel()
				front := answersAndMore(&hostileFront{op: c.target.op, text: unsolicited()[c.text]})
				s := newPlace(t).step(t, t.TempDir(), front).asProcess() // the default logger belongs to a whole process
				if c.password != "" {
					s.env["INPUT_USER"], s.env["INPUT_PASSWORD"] = "me", c.password
				}
				s.prepareFor(c.target)
				s.start(arguments(c.command, s)...).wait() // whether it goes on is the transport's affair
				hits, shown := front.seen()
				if hits == 0 {
					t.Fatalf("nothing was sent unasked:\n%s", s.log.String())
				}
				log := s.log.String()
				s.checkInertLog(shown)
				for line := range strings.Lines(log) {
					if strings.Contains(line, "Unsolicited") && (strings.Contains(line, marker) || strings.ContainsAny(line, `"[`)) {
						t.Errorf("the bytes are printed: %.300s", line)
					}
					for _, secret := range append(shown, s.servers.Secrets()...) {
						if shows(line, secret) && !strings.HasPrefix(line, "::add-mask::") {
							t.Errorf("a secret is printed: %.300s", line)
						}
					}
				}
				if strings.Contains(log, "a library reports: Unsolicited response") {
					reported.Add(1)
				}
			})
		}
	})
	// Not every time: where the next request was on its way already, the bytes are taken for the answer to that.
	if reported.Load() == 0 && !raced {
		t.Errorf("of %d runs none reports unsolicited bytes: the test checks nothing", len(stories))
	}
}

// TestUnsolicitedBytes_Program: main has the logger silenced as the tests' programs have.
func TestUnsolicitedBytes_Program(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	program := filepath.Join(t.TempDir(), "pypi-oidc-publish")
	// go run keeps what it has linked, which go build does not, and gives it to cp to "run".
	if out, err := exec.CommandContext(t.Context(), "go", "run", "-exec=cp", "../..", program).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, verbose := range []string{"true", "false"} {
		front := answersAndMore(&hostileFront{op: "upload", text: unsolicited()["text"]})
		s := newPlace(t).step(t, t.TempDir(), front).asProcess() // the default logger belongs to a whole process
		s.env["INPUT_VERBOSE"] = verbose
		s.startProcess(exec.CommandContext(t.Context(), program)).wait()
		log := s.log.String()
		printed := strings.Contains(log, "Unsolicited") && (verbose == "false" || strings.Contains(log, `starting with "`))
		hits, shown := front.seen()
		if hits == 0 {
			t.Errorf("nothing was sent unasked, verbose %s:\n%s", verbose, log)
		}
		if printed {
			t.Errorf("the bytes are printed, verbose %s:\n%s", verbose, log)
		}
		s.checkInertLog(shown)
	}
}

// prepareFor has the step make requests of the target's op.
func (s *step) prepareFor(o target) {
	s.t.Helper()
	if o.signs {
		s.env["INPUT_ATTESTATIONS"] = "true"
	}
	if o.waits {
		s.waitsForIndex(3)
	}
	if o.attaches {
		s.attaches(built()[0])
	}
	if o.lost {
		s.injectFault("log-entry", "close-after-store", 0, 1)
	}
}
