//go:build unix

package localfile_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// longest is how long a test waits for what must not wait. It only passes if the test fails.
const longest = time.Minute

// within fails the test if do waits; then it opens the other end of the pipe, so that do ends.
func within(t *testing.T, pipe string, do func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do()
	}()
	select {
	case <-ended:
	case <-time.After(longest):
		t.Errorf("it waits for the other end of a pipe")
		if end, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil {
			<-ended
			end.Close()
		}
	}
}

// pipe makes a pipe that nobody has open.
func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	return path
}

// TestOpen_SwappedForAPipe: a path that leads to a file when it is looked at, and to a pipe when it is opened, is not waited for.
func TestOpen_SwappedForAPipe(t *testing.T) {
	t.Parallel()
	fifo, folder := pipe(t), t.TempDir()
	file, path := filepath.Join(folder, "file"), filepath.Join(folder, "path")
	if err := os.WriteFile(file, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, path); err != nil {
		t.Fatal(err)
	}
	done, swapping := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(swapping)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			next := filepath.Join(folder, "next")
			if err := errors.Join(os.Symlink([]string{fifo, file}[i%2], next), os.Rename(next, path)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	files, pipes := 0, 0
	within(t, fifo, func() {
		for range 20_000 {
			opened, _, err := localfile.Open(path)
			var other *localfile.NotRegularError
			switch {
			case err == nil:
				files++
				opened.Close()
			case errors.As(err, &other):
				pipes++
			default:
				t.Error(err)
				return
			}
		}
	})
	close(done)
	<-swapping
	if files == 0 || pipes == 0 {
		t.Errorf("%d times a file, %d times a pipe", files, pipes)
	}
}

// TestSpecial: pipes and sockets are opened for nothing, and named. Character devices are written to.
func TestSpecial(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "socket") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket := filepath.Join(folder, "s")
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	fifo := pipe(t)
	for path, kind := range map[string]string{fifo: "pipe", socket: "socket", folder: "folder"} {
		_, _, reading := localfile.Open(path)
		_, writing := localfile.OpenWritable(path)
		for _, err := range []error{reading, writing} {
			if err == nil || !strings.Contains(err.Error(), path+" is not a regular file (it is a "+kind+")") {
				t.Errorf("got %v", err)
			}
		}
	}
	if _, _, err := localfile.Open(os.DevNull); err == nil {
		t.Error("a device was opened for reading")
	}
	out, err := localfile.OpenWritable(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.WriteString("abc"); err != nil {
		t.Error(err)
	}
	out.Close()
}

// TestOpenWritable: a file is created, and then continued.
func TestOpenWritable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	for range 2 {
		out, err := localfile.OpenWritable(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.WriteString("abc"); err != nil {
			t.Error(err)
		}
		out.Close()
	}
	if got, err := localfile.Read(path, 100); err != nil || string(got) != "abcabc" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestOpenWritable_ReaderOfAPipe: a pipe is not written to if somebody reads it, either.
func TestOpenWritable_ReaderOfAPipe(t *testing.T) {
	t.Parallel()
	fifo := pipe(t)
	end, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	if _, err := localfile.OpenWritable(fifo); err == nil {
		t.Error("it was opened")
	}
}

// TestOpenFolder_Pipe: reading the entries fails, and nothing waits.
func TestOpenFolder_Pipe(t *testing.T) {
	t.Parallel()
	fifo := pipe(t)
	within(t, fifo, func() {
		folder, err := localfile.OpenFolder(fifo)
		if err != nil {
			t.Error(err)
			return
		}
		defer folder.Close()
		if _, err := folder.ReadDir(1); err == nil {
			t.Error("a pipe has entries")
		}
	})
}

// TestOpenPipe: a pipe is read to its end, and one that nobody writes to has none to wait for.
func TestOpenPipe(t *testing.T) {
	t.Parallel()
	fifo := pipe(t)
	within(t, fifo, func() {
		in, err := localfile.OpenPipe(fifo)
		if err != nil {
			t.Error(err)
			return
		}
		defer in.Close()
		if text, err := io.ReadAll(in); err != nil || len(text) != 0 {
			t.Errorf("got %q, %v", text, err)
		}
	})
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	go func() {
		_, _ = write.WriteString("abc")
		write.Close()
	}()
	in, err := localfile.OpenPipe(filepath.Join("/dev/fd", strconv.Itoa(int(read.Fd()))))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if text, err := io.ReadAll(in); err != nil || string(text) != "abc" {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := localfile.OpenPipe(os.DevNull); err == nil {
		t.Error("a device was opened")
	}
}
