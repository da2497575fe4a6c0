package testkit_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/testmain"
)

// tests stand for the tests of a package.
type tests func() int

func (f tests) Run() int { return f() }

// TestTestmain: the exit code is that of the tests, and what they leave in the temporary folder is removed, unless the user chose it.
func TestTestmain(t *testing.T) {
	chosen := t.TempDir()
	for _, folder := range []string{"", chosen} {
		t.Setenv("TMPDIR", folder)
		var left string
		code := testmain.Run(tests(func() int {
			left = filepath.Join(os.TempDir(), "left-behind")
			if os.TempDir() == "/tmp" {
				return 7 // there is no file system in memory, so that nothing is removed
			}
			if err := os.WriteFile(left, nil, 0o600); err != nil {
				t.Error(err)
			}
			return 7
		}))
		expect.Equal(t, "exit code", code, 7)
		if _, err := os.Stat(left); (err == nil) != (folder == chosen) {
			t.Errorf("TMPDIR %q: the file left behind: %v", folder, err)
		}
	}
}
