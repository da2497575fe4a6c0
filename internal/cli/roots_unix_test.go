//go:build unix

package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/par"
)

// TestRoots_Pipe: a pipe whose writer takes its time is waited for until a signal, and one without a writer is not.
func TestRoots_Pipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	read := func() error {
		failed := par.Start(func() error {
			_, err := Process{}.rootsWith(ctx, pipe)
			return err
		})
		select {
		case err := <-failed:
			return err
		case <-time.After(time.Minute):
			t.Fatal("it waits")
			return nil
		}
	}
	if err := read(); err == nil || !strings.Contains(err.Error(), "contains no PEM certificate") {
		t.Errorf("without a writer: %v", err)
	}
	writer, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	cancel(errors.New("terminated"))
	var f finding.Finding
	if err := read(); !errors.As(err, &f) || f.ID != finding.Cancelled || !strings.Contains(f.Message, "terminated") {
		t.Errorf("after a signal: %v", err)
	}
}
