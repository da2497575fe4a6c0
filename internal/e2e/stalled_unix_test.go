//go:build unix

package e2e_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// startUnread starts the program with a pipe as its log that nobody reads. fill fills the pipe, so that the next line waits.
func (s *step) startUnread() (r *running, fill func()) {
	s.t.Helper()
	if runtime.GOOS != "linux" {
		s.t.Skip("a pipe can be opened once more through /proc alone")
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { reader.Close(); writer.Close() })
	// It has to be another open file: the program's own must stay one that waits.
	filler, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", writer.Fd()), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		s.t.Skip(err)
	}
	s.t.Cleanup(func() { filler.Close() })
	raw, err := filler.SyscallConn()
	if err != nil {
		s.t.Fatal(err)
	}
	s.log.Reset()
	s.minted = len(s.servers.Tokens())
	command := exec.CommandContext(s.t.Context(), programName)
	command.Dir, command.Stdout, command.Stderr = s.dir, writer, writer
	for name, value := range s.env {
		command.Env = append(command.Env, name+"="+value)
	}
	fill = func() {
		if err := raw.Write(func(fd uintptr) bool {
			page := make([]byte, os.Getpagesize())
			for {
				if _, err := syscall.Write(int(fd), page); err != nil {
					return true // it is full
				}
			}
		}); err != nil {
			s.t.Error(err)
		}
	}
	return s.startCommand(command), fill
}

// TestStalledLog_Signal: somebody stops reading the log in the middle of an upload, and a signal comes. The token is revoked, the outputs
// are set, and the program ends, although the log is never read again.
func TestStalledLog_Signal(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	s.build("alder-1.0-py3-none-any.whl", strings.Repeat("x", overSockets))
	reached, gone := make(chan struct{}), make(chan struct{})
	s.frontUploads(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.CopyN(io.Discard, r.Body, 1000)
		close(reached)
		<-gone
	})
	release := sync.OnceFunc(func() { close(gone) })
	t.Cleanup(release)
	run, fill := s.startUnread()
	waitFor(t, reached)
	fill()
	if err := run.signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	e := run.end()
	release()
	e.expect(t, 1, "result", "failed", "token-burned", "true")
	s.wantRevoked()
}

// TestStalledLog_NoSignal: nobody reads the log from the beginning. The release is published and its token revoked all the same; what then
// waits for a reader is ended by a signal.
func TestStalledLog_NoSignal(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz")
	revoked := make(chan struct{})
	var once sync.Once
	s.front(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if strings.HasSuffix(r.URL.Path, "/burn-token") {
				once.Do(func() { close(revoked) })
			}
		})
	})
	run, fill := s.startUnread()
	fill()
	waitFor(t, revoked)
	if err := run.signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	run.end().expect(t, 0, "result", "published", "token-burned", "true")
	s.wantRevoked()
}

// special are files that a run must neither wait for nor replace, by their kind.
func (s *step) special() map[string]string {
	s.t.Helper()
	all := map[string]string{"pipe": s.path("pipe"), "socket": "", "device": s.path("null")}
	if err := errors.Join(syscall.Mkfifo(all["pipe"], 0o666), os.Symlink(os.DevNull, all["device"])); err != nil {
		s.t.Skip(err)
	}
	folder, err := os.MkdirTemp("", "socket") // the path of a socket must be short
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { os.RemoveAll(folder) })
	all["socket"] = folder + "/s"
	var config net.ListenConfig
	listener, err := config.Listen(s.t.Context(), "unix", all["socket"])
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { listener.Close() })
	return all
}

// TestSpecialFiles: what the run is to write, it writes to files and to devices. Others are named in a warning, and the release is
// published.
func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "INPUT_MANIFEST-FILE"} {
		for _, kind := range []string{"pipe", "socket", "device"} {
			t.Run(variable+" as a "+kind, func(t *testing.T) {
				t.Parallel()
				s := newStep(t, "alder-1.0-py3-none-any.whl").asProcess()
				path := s.special()[kind]
				s.env[variable] = path
				before, err := os.Lstat(path)
				if err != nil {
					t.Fatal(err)
				}
				run := s.start()
				if code := run.wait(); code != 0 || len(s.indexed()) != 1 {
					t.Errorf("exit code %d, the index has %v", code, s.indexed())
				}
				s.wantRevoked()
				log := s.log.String()
				if kind == "device" {
					expect.Lacks(t, "the log", log, "%3A report::")
				} else {
					expect.Contains(t, "the log", log, "::warning title=pypi-oidc-publish%3A report::")
					expect.Contains(t, "the log", log, path+" is not a regular file (it is a "+kind+")")
				}
				after, err := os.Lstat(path)
				if err != nil || !os.SameFile(before, after) {
					t.Errorf("it was replaced: %v", err)
				}
			})
		}
	}
}

// TestSpecialFiles_Pyproject: a pipe beside the folder of the distributions is not waited for.
func TestSpecialFiles_Pyproject(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl").asProcess()
	if err := syscall.Mkfifo(s.path("pyproject.toml"), 0o666); err != nil {
		t.Skip(err)
	}
	e := s.run()
	e.expect(t, 0, "result", "published")
	expect.Contains(t, "the log", e.log, "pyproject.toml", "is not a regular file (it is a pipe)")
}

// TestSpecialFiles_Event: a pipe as the event of a pull request ends in the same error as no event, and is named.
func TestSpecialFiles_Event(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl").asProcess()
	pipe := s.special()["pipe"]
	s.withoutIDToken()
	s.env["GITHUB_EVENT_NAME"], s.env["GITHUB_EVENT_PATH"] = "pull_request", pipe
	e := s.run()
	e.expect(t, 2, "result", "failed")
	expect.Contains(t, "the log", e.log, "event-file", "GITHUB_EVENT_PATH cannot be read: "+pipe+" is not a regular file (it is a pipe)")
}

// TestSparseFile: a file of a size that nobody can publish is refused before it is read.
func TestSparseFile(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	file, err := os.Create(s.path("dist/alder-1.0-py3-none-any.whl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Truncate(1<<40), file.Close()); err != nil {
		t.Skip(err)
	}
	e := s.run()
	e.expect(t, 1, "result", "failed", "token-burned", "not-minted")
	expect.Contains(t, "the log", e.log, "unreadable", "has 1099511627776 bytes, and is not read")
}
