package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestPublish_NoRunnerFiles: a run outside a runner that says it is in one names each file that is missing, and what to do about that.
func TestPublish_NoRunnerFiles(t *testing.T) {
	t.Parallel()
	env := map[string]string{"GITHUB_ACTIONS": "true", "INPUT_PACKAGES-DIR": "nowhere"}
	var output strings.Builder
	code := cli.Main(t.Context(), cli.Process{
		Stdout: &output, Stderr: &output, Now: time.Now, Sleep: cli.Sleep,
		Getenv: func(name string) string { return env[name] },
	})
	expect.Equal(t, "the exit code", code, 2)
	for _, says := range []string{
		"GITHUB_OUTPUT is not set; the runner gave no file for step-summary: GITHUB_STEP_SUMMARY is not set%0A",
		"unset GITHUB_ACTIONS outside of a runner",
	} {
		expect.Contains(t, "the log", output.String(), says)
	}
	if strings.Contains(output.String(), "disk") {
		t.Errorf("it blames the disk:\n%s", output.String())
	}
}
