//go:build unix

package pyproject_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

// TestRead_NamedPipe is not waited for: no process may ever write to it.
func TestRead_NamedPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pyproject.toml")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, found, err := pyproject.Read(path); found || err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("got %v, %v", found, err)
	}
}
