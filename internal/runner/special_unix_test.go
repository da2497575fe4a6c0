//go:build unix

package runner_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/runner"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// specialFiles are a pipe and a socket that nobody reads, by their kind.
func specialFiles(t *testing.T) map[string]string {
	t.Helper()
	folder, err := os.MkdirTemp("", "special") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	pipe, socket := filepath.Join(folder, "pipe"), filepath.Join(folder, "socket")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return map[string]string{"pipe": pipe, "socket": socket}
}

// ends fails the test if do waits for somebody to read a pipe or to write to it.
func ends(t *testing.T, what string, do func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do()
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatalf("%s: it waits", what)
	}
}

// TestFiles_Special: a pipe or a socket in the place of a file that is written is refused, and named.
func TestFiles_Special(t *testing.T) {
	t.Parallel()
	for kind, path := range specialFiles(t) {
		for what, write := range map[string]func(r *runner.Runner) error{
			"GITHUB_OUTPUT":       func(r *runner.Runner) error { return r.Output("a", "b") },
			"GITHUB_STEP_SUMMARY": func(r *runner.Runner) error { return r.Summary("# a") },
			"":                    func(r *runner.Runner) error { return r.Save(path, []byte("a")) },
		} {
			j := newJob(t)
			j.env["GITHUB_OUTPUT"], j.env["GITHUB_STEP_SUMMARY"] = path, path
			r, _ := runner.New(j.getenv, &j.log)
			ends(t, what, func() {
				err := write(r)
				if err == nil || !strings.Contains(err.Error(), what) ||
					!strings.Contains(err.Error(), path+" is not a regular file (it is a "+kind+")") {
					t.Errorf("%s as a %s: got %v", what, kind, err)
				}
			})
			if info, err := os.Lstat(path); err != nil || info.Mode().IsRegular() {
				t.Errorf("%s as a %s: it was replaced: %v", what, kind, err)
			}
		}
	}
}

// TestFiles_Device: a character device is written to and stays, whether it is named itself or by a link.
func TestFiles_Device(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	link := filepath.Join(folder, "link")
	if err := os.Symlink(os.DevNull, link); err != nil {
		t.Fatal(err)
	}
	paths := []string{link}
	device := filepath.Join(folder, "device")
	const null = 1<<8 | 3
	if err := syscall.Mknod(device, syscall.S_IFCHR|0o666, null); err == nil { // only for who may
		paths = append(paths, device)
	}
	for _, path := range paths {
		j := newJob(t)
		j.env["GITHUB_OUTPUT"], j.env["GITHUB_STEP_SUMMARY"] = path, path
		r, _ := runner.New(j.getenv, &j.log)
		err := errors.Join(r.Output("a", "b"), r.Summary("# a"), r.Save(path, []byte("a")))
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", path, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode()&fs.ModeCharDevice == 0 {
			t.Errorf("%s was replaced: %v", path, err)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != len(paths) {
		t.Errorf("something was left behind: %v, %v", entries, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
}

// TestEvent_Special: the event is not read from a pipe, which is reported once. The refusal is the same as without an event.
func TestEvent_Special(t *testing.T) {
	t.Parallel()
	for kind, path := range specialFiles(t) {
		j := newJob(t)
		j.env["GITHUB_EVENT_NAME"], j.env["GITHUB_EVENT_PATH"] = "pull_request", path
		delete(j.env, "ACTIONS_ID_TOKEN_REQUEST_URL")
		r, _ := runner.New(j.getenv, &j.log)
		ends(t, "GITHUB_EVENT_PATH", func() {
			for range 2 {
				if err := r.CheckIDToken(); err == nil || !strings.Contains(err.Error(), "this job is not allowed to request an ID token") {
					t.Errorf("a %s: got %v", kind, err)
				}
			}
		})
		expect.Equal(t, "warnings", strings.Count(j.log.String(), "::warning "), 1)
		expect.Contains(t, "the log", j.log.String(), "GITHUB_EVENT_PATH cannot be read: "+path+" is not a regular file (it is a "+kind+")")
	}
}
