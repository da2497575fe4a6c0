package cli_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestUsageError_RawArgument: a shell makes arguments of the names of files, and the runner reads both streams.
func TestUsageError_RawArgument(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"check", "-\n::error::x"},
		{"check", "-##[group]x"},
		{"check", "dist", "-##[group]x"},
		{"check", "-format", "##[group]x"},
		{"check", "-profile", "##[group]x"},
		{"check", "-today", "##[group]x\n::error::x"},
		{"version", "##[group]x"},
		{"##[group]x"},
	} {
		var message strings.Builder
		code := cli.Main(t.Context(),
			cli.Process{Args: args, Getenv: func(string) string { return "" }, Stdout: &message, Stderr: &message})
		what := fmt.Sprintf("%q: ", args)
		expect.Equal(t, what+"exit code", code, cli.Misconfigured)
		expect.Lacks(t, what+"the message", "\n"+message.String(), "##[", "\n::")
		if message.Len() == 0 {
			t.Error(what + "no message")
		}
	}
}

// TestUsageError_LateFlag: that may be a password.
func TestUsageError_LateFlag(t *testing.T) {
	t.Parallel()
	var message strings.Builder
	code := cli.Main(t.Context(), cli.Process{
		Args: []string{
			"publish", "dist", "--pasword=pypi-not-to-be-seen",
		}, Getenv: func(string) string { return "" }, Stdout: &message, Stderr: &message,
	})
	text := message.String()
	expect.Equal(t, "exit code", code, cli.Misconfigured)
	expect.Lacks(t, "the output", text, "not-to-be-seen")
	expect.Contains(t, "the output", text, "flag provided but not defined: -pasword")
}

// TestUsageError_FlagWithoutCommand: that may be a password as well.
func TestUsageError_FlagWithoutCommand(t *testing.T) {
	t.Parallel()
	var message strings.Builder
	code := cli.Main(t.Context(), cli.Process{
		Args:   []string{"--password=pypi-not-to-be-seen", "dist"},
		Getenv: func(string) string { return "" },
		Stdout: &message,
		Stderr: &message,
	})
	text := message.String()
	expect.Equal(t, "exit code", code, cli.Misconfigured)
	expect.Lacks(t, "the output", text, "not-to-be-seen")
	expect.Contains(t, "the output", text, `flags come after the command, not before it: "--password"`)
}
