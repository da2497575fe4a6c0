package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestTerminal_Progress: on a terminal the uploads are one line that is replaced; where the output is kept there is no such line.
func TestTerminal_Progress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		terminal bool
		env      map[string]string
		bar      bool
	}{
		"a terminal":      {true, nil, true},
		"a pipe":          {false, nil, false},
		"CI":              {true, map[string]string{"CI": "true"}, false},
		"a dumb terminal": {true, map[string]string{"TERM": "dumb"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && c.env != nil {
				t.Skip("each is a whole rehearsal: one with the line and one without are enough with -short")
			}
			t.Parallel()
			dir := t.TempDir()
			disttest.Write(t, dir, "alder-1.0-py3-none-any.whl", "")
			disttest.Write(t, dir, "alder-1.0.tar.gz", "")
			var out strings.Builder
			code := cli.Main(t.Context(), cli.Process{
				Args: []string{"rehearse", dir}, Version: "test", Getenv: func(name string) string { return c.env[name] },
				Stdout: &out, Stderr: &out, Terminal: c.terminal, Now: time.Now, Sleep: cli.Sleep,
			})
			expect.Equal(t, "exit code", code, cli.Done)
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			expect.Contains(t, "the last line", lines[len(lines)-1], "  time: ")
			if !c.bar {
				expect.Lacks(t, "the output", out.String(), "\r", "[#", "[-")
				return
			}
			expect.Contains(t, "the output", out.String(), "0 of 2 files [------------] 0% of ", "1 of 2 files [", "\r")
			for _, line := range strings.FieldsFunc(out.String(), func(c rune) bool { return c == '\r' || c == '\n' }) {
				if strings.Contains(line, " files [") && len(line) > 79 {
					t.Errorf("%q wraps", line)
				}
			}
		})
	}
}
