//go:build unix

package runner_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/runner"
)

// TestFileCommand_DiskFull: a command file that takes only a part of an entry is left with the whole entries before it. The runner would
// refuse all of them otherwise, because the part has no end mark.
func TestFileCommand_DiskFull(t *testing.T) {
	t.Parallel()
	const within, most = "COMMAND_FILE_OF_THE_TEST_OF_A_FULL_DISK", 4096
	if path := os.Getenv(within); path != "" {
		// A limit of the size of files behaves as a full disk does: a write is cut, and the next one fails.
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			t.Fatal(err)
		}
		r, _ := runner.New(func(name string) string {
			return map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": path, "GITHUB_STEP_SUMMARY": path + ".md"}[name]
		}, io.Discard)
		err := r.Output("manifest", strings.Repeat("x", most))
		if err == nil || !strings.Contains(err.Error(), "GITHUB_OUTPUT cannot be written") {
			t.Errorf("a long entry: %v", err)
		}
		if err := r.Output("result", "published"); err != nil {
			t.Errorf("a short entry after the long one: %v", err)
		}
		if err := r.Summary(strings.Repeat("y", 2*most)); err == nil {
			t.Error("the summary fitted")
		}
		return
	}
	path := filepath.Join(t.TempDir(), "output")
	const before = "earlier<<end\nvalue\nend\n"
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFileCommand_DiskFull$")
	command.Env = append(os.Environ(), within+"="+path)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := strings.CutPrefix(string(text), before)
	if !ok || !strings.HasPrefix(rest, "result<<end-") || strings.Contains(rest, "manifest") || strings.Contains(rest, "xxx") {
		t.Errorf("the file has %.200q", text)
	}
	if summary, err := os.ReadFile(path + ".md"); err != nil || len(summary) > 0 {
		t.Errorf("the summary has %d bytes: %v", len(summary), err)
	}
}
