package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestMain_Panic: a defect of any command is exit code 1 and one message, which has no value of the panic and no stack.
func TestMain_Panic(t *testing.T) {
	t.Parallel()
	const password = "pypi-a-token-of-a-user"
	type held struct{ Token []byte }
	for name, arguments := range map[string][]string{
		"the action": nil, "publish": {"publish", "no-such-folder"}, "check": {"check", "no-such-folder"},
		"rehearse": {"rehearse", "no-such-folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			w := cli.Process{
				Args: arguments, Version: "test", Stdout: &stdout, Stderr: &stderr,
				Now:   func() time.Time { panic(held{[]byte(password)}) },
				Sleep: func(context.Context, time.Duration) error { panic(held{[]byte(password)}) },
				Getenv: func(name string) string {
					return map[string]string{"GITHUB_ACTIONS": "true", "INPUT_PASSWORD": password}[name]
				},
			}
			code := cli.Main(t.Context(), w)
			log := stdout.String() + stderr.String()
			expect.Equal(t, "exit code", code, cli.Failed)
			expect.Contains(t, "the log", log, "the program failed (panic of type cli_test.held at internal/cli/panic_test.go:")
			unmasked := strings.ReplaceAll(log, "::add-mask::"+password+"\n", "")
			expect.Lacks(
				t, "the log", unmasked, password, strings.Trim(fmt.Sprint([]byte(password)), "[]"), fmt.Sprintf("%x", password),
				"goroutine ",
			)
		})
	}
}
