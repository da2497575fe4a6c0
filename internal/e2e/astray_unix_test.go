//go:build unix

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
)

// TestAstray_RunnersFiles: if the runner's files may not be written, the users are named, and not the disk. The release is published.
func TestAstray_RunnersFiles(t *testing.T) {
	t.Parallel()
	s := newStep(t, goldenWheel)
	s.write(".output", "")
	s.write(".summary", "")
	for _, name := range []string{".output", ".summary"} {
		if err := os.Chmod(s.path(name), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	program, err := exec.LookPath(programName)
	if err != nil {
		t.Fatal(err)
	}
	own := s.path(programName)
	if err := os.WriteFile(own, readFile(t, program), 0o755); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), own)
	if os.Geteuid() == 0 { // who may write everything
		const unprivileged = 65534
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: unprivileged, Gid: unprivileged}}
		for folder := s.dir; folder != filepath.Dir(folder) && folder != os.TempDir(); folder = filepath.Dir(folder) {
			if err := os.Chmod(folder, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	e := s.startProcess(command).end()
	if e.code != 0 || len(s.indexed()) != 1 {
		t.Errorf("exit code %d", e.code)
	}
	for _, pattern := range []string{
		`(?m)^::warning title=pypi-oidc-publish%3A report::.*GITHUB_OUTPUT cannot be written: .*permission denied \(this step runs as user \d+, and the file belongs to user \d+\)`,
		`%0Alet the containers of this runner write its files: its container engine gives them another user than the runner's`,
	} {
		if !regexp.MustCompile(pattern).MatchString(e.log) {
			t.Errorf("the log lacks %s", pattern)
		}
	}
	if regexp.MustCompile(`disk is not full`).MatchString(e.log) || t.Failed() {
		t.Errorf("the log is\n%s", e.log)
	}
}
