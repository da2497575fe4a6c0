package cli_test

import (
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/cli"
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
		code := cli.Main(t.Context(), cli.Process{Args: args, Getenv: func(string) string { return "" }, Stdout: &message, Stderr: &message})
		if text := message.String(); code != cli.Misconfigured || text == "" || strings.Contains(text, "##[") ||
			strings.Contains("\n"+text, "\n::") {
			t.Errorf("%q: %d, %s", args, code, text)
		}
	}
}

// TestUsageError_LateFlag: that may be a password.
func TestUsageError_LateFlag(t *testing.T) {
	t.Parallel()
	var message strings.Builder
	code := cli.Main(t.Context(), cli.Process{
		Args: []string{
			"publish", "dist", "--password=pypi-not-to-be-seen",
		}, Getenv: func(string) string { return "" }, Stdout: &message, Stderr: &message,
	})
	if text := message.String(); code != cli.Misconfigured || strings.Contains(text, "not-to-be-seen") || !strings.Contains(
		text, `flags come before paths, not after them: "--password"`,
	) {
		t.Errorf("%d, %s", code, text)
	}
}

// TestUsageError_FlagWithoutCommand: that may be a password as well.
func TestUsageError_FlagWithoutCommand(t *testing.T) {
	t.Parallel()
	var message strings.Builder
	code := cli.Main(t.Context(), cli.Process{
		Args: []string{"--password=pypi-not-to-be-seen", "dist"}, Getenv: func(string) string { return "" }, Stdout: &message, Stderr: &message,
	})
	if text := message.String(); code != cli.Misconfigured || strings.Contains(text, "not-to-be-seen") || !strings.Contains(
		text, `flags come after the command, not before it: "--password"`,
	) {
		t.Errorf("%d, %s", code, text)
	}
}
