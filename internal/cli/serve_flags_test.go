package cli_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
)

// TestServe_Refused: what cannot be served is reported at once, and files of others stay unchanged.
func TestServe_Refused(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	const notes = "my notes\n"
	for _, c := range []struct {
		code  int
		says  string
		flags []string // DIR stands for the folder of the test
	}{
		{2, "takes no arguments", []string{"dist"}},
		{2, "the profiles are pypi, testpypi, plain and no-trusted-publishing", []string{"-profile", "devpi"}},
		{2, `".." is not a valid project name`, []string{"-project", ".."}},
		{2, `"" is not a valid project name`, []string{"-publisher", "me/x:release.yml"}},
		{2, "write OWNER/REPO:WORKFLOW=PROJECT", []string{"-publisher", "me:release.yml=alder"}},
		{2, "the workflow's file name alone", []string{"-publisher", "me/x:.github/workflows/release.yml=alder"}},
		{2, "write OWNER/REPO:WORKFLOW=PROJECT", []string{"-pending", "me/x=alder"}},
		{2, "write http://HOST:PORT", []string{"-url", "ftp://index:8081"}},
		{1, "-tls and -url contradict each other", []string{"-tls", "DIR/authority.pem", "-url", "http://index:8081"}},
		{1, "serve did not write it", []string{"-tls", "DIR/notes"}},
		{1, "serve did not write it", []string{"-trusted-root", "DIR/notes"}},
		{2, "write works, idle, missing", []string{"-burn", "sometimes"}},
		{2, "write every, half or none", []string{"-races", "some"}},
		{2, "write github", []string{"-issuer", "gitlab"}},
		{1, `unknown action "dance": write yank, unyank, delete, status, limits, `, []string{"-do", `{"action": "dance"}`}},
		{1, `write active, archived, archived-noindex or quarantined`, []string{
			"-do", `{"action": "status", "project": "alder", "status": "asleep"}`,
		}},
		{2, "nothing after it", []string{"-url", "http://index/simple/"}},
		{2, "a host name or an address", []string{"-url", "http://x'y"}},
		{2, "write OWNER/REPO", []string{"-repository", "alone"}},
		{2, "such as release.yml", []string{"-workflow", "release"}},
		{2, "such as v1.0.0", []string{"-github-release", ""}},
		{2, "such as v1.0.0", []string{"-github-draft", "v1 2"}},
		{2, "write HOST:PORT, with a port from 0 to 65535", []string{"-addr", "nonsense"}},
		{2, "write HOST:PORT", []string{"-addr", "127.0.0.1:99999"}},
		{2, "write HOST:PORT", []string{"-addr", "127.0.0.1:http"}},
		{1, "address already in use", []string{"-addr", listener.Addr().String()}},
		{1, "serve did not write it", []string{"-env-file", "DIR/notes"}},
		{1, "not a regular file", []string{"-env-file", "DIR/folder"}},
		{1, "nowhere/stage.env cannot be written: stat ", []string{"-env-file", "DIR/nowhere/stage.env"}},
		{1, "nowhere/authority.pem cannot be written: stat ", []string{"-tls", "DIR/nowhere/authority.pem"}},
		{1, "the runner's own file GITHUB_ENV is not replaced", []string{"-env-file", "DIR/runner"}},
		{1, "stage.json is damaged", []string{"-data", "DIR/foreign"}},
		{1, "has packages in it, but no stage.json", []string{"-data", "DIR/lost"}},
		{1, "not a directory", []string{"-data", "DIR/notes"}},
	} {
		t.Run(strings.Join(c.flags, " "), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, folder := range []string{"folder", "foreign", "lost/packages"} {
				if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, file := range []string{"notes", "foreign/stage.json"} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(notes), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			args := []string{"serve", "-addr", "127.0.0.1:0"}
			for _, flag := range c.flags {
				args = append(args, strings.Replace(flag, "DIR", dir, 1))
			}
			var output strings.Builder
			code := cli.Main(ctx, cli.Process{
				Args: args, Stdout: &output, Stderr: &output, Now: time.Now, Sleep: cli.Sleep,
				Getenv: func(name string) string { return map[string]string{"GITHUB_ENV": filepath.Join(dir, "runner")}[name] },
			})
			if code != c.code {
				t.Errorf("the exit code is %d, not %d\n%s", code, c.code, output.String())
			}
			if !strings.Contains(output.String(), c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, output.String())
			}
			for _, file := range []string{"notes", "foreign/stage.json"} {
				if text, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(text) != notes {
					t.Errorf("%s: %q, %v", file, text, err)
				}
			}
		})
	}
}
