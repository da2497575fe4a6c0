package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// typed runs what somebody types outside of GitHub Actions, in this process, and returns both streams and the exit code.
func typed(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, err strings.Builder
	code = cli.Main(t.Context(), cli.Process{
		Args: args, Version: "v1.2.3", Getenv: func(string) string { return "" },
		Stdout: &out, Stderr: &err, Now: time.Now, Sleep: cli.Sleep,
	})
	return out.String(), err.String(), code
}

// TestHabits: what people type by habit of other programs works, or is answered with what they mean.
func TestHabits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"--version", cli.Done, "pypi-oidc-publish v1.2.3\n", ""},
		{"-V", cli.Done, "pypi-oidc-publish v1.2.3\n", ""},
		{"help", cli.Done, "usage: pypi-oidc-publish COMMAND", ""},
		{"help check", cli.Done, "usage: pypi-oidc-publish check [flags] [PATH...]", ""},
		{"help version", cli.Done, "usage: pypi-oidc-publish version", ""},
		{"help chek", cli.Misconfigured, "", `unknown command "chek"; did you mean check?`},
		{"verfiy dist", cli.Misconfigured, "", `unknown command "verfiy"; did you mean verify?`},
		{"pub", cli.Misconfigured, "", `unknown command "pub"; did you mean publish?`},
		{"install", cli.Misconfigured, "", "unknown command \"install\"\n"},
		{".", cli.Misconfigured, "", `unknown command "."; to check these files, write the command before the path: check PATH`},
		{"check -profil other dist", cli.Misconfigured, "", "flag provided but not defined: -profil; did you mean -profile?\nusage:"},
		{"check dist --fromat=json", cli.Misconfigured, "", "flag provided but not defined: -fromat; did you mean -format?\n"},
		{"check -password x", cli.Misconfigured, "", "flag provided but not defined: -password\n"},
		{"version -format json", cli.Misconfigured, "", "flag provided but not defined: -format\n"},
		{"check -no-such -format json", cli.Misconfigured, "flag provided but not defined: -no-such", ""},
		{"verify --format=json -repositroy a/b", cli.Misconfigured, "did you mean -repository?", ""},
		{"setup -format", cli.Misconfigured, "", "flag needs an argument: -format\n"},
		{"serve dist", cli.Misconfigured, "", `serve takes no arguments: "dist"`},
	} {
		stdout, stderr, code := typed(t, strings.Fields(c.args)...)
		expect.Equal(t, c.args+": exit code", code, c.code)
		expect.Contains(t, c.args+": standard output", stdout, c.stdout)
		expect.Contains(t, c.args+": standard error", stderr, c.stderr)
		if (stdout == "") == (stderr == "") {
			t.Errorf("%s: it should use one of the streams: %q, %q", c.args, stdout, stderr)
		}
	}
}

// TestFlagsAfterPaths: flags are read wherever they are, and after -- everything is a path.
func TestFlagsAfterPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz"} {
		files = append(files, disttest.Save(t, filepath.Join(dir, name), disttest.Build(name, "")))
	}
	for _, args := range [][]string{
		{"-format", "json", "-expected-version", "1.0", files[0], files[1]},
		{files[0], files[1], "-format", "json", "-expected-version", "1.0"},
		{files[0], "--format=json", files[1], "--expected-version=1.0"},
		{"-expected-version=1.0", files[0], "-format=json", "--", files[1]},
	} {
		stdout, stderr, code := typed(t, append([]string{"check"}, args...)...)
		var j checkOutput
		if err := json.Unmarshal([]byte(stdout), &j); err != nil || len(j.Files) != 2 || code != cli.Done {
			t.Errorf("%v: code %d, %v: %s%s", args, code, err, stdout, stderr)
		}
	}
	stdout, _, code := typed(t, "check", "-format=json", "--", "-format", "-no-such-file")
	expect.Equal(t, "exit code after --", code, cli.Misconfigured)
	expect.Contains(t, "the paths after --", stdout, "-format does not exist", "-no-such-file does not exist")
}

// TestCheck_LastLine: the last line says how many files were checked, and only what was found.
func TestCheck_LastLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz"} {
		disttest.Save(t, filepath.Join(dir, name), disttest.Build(name, ""))
	}
	lastLine := func() string {
		stdout, _, _ := typed(t, "check", dir)
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		return lines[len(lines)-1]
	}
	expect.Equal(t, "the last line", lastLine(), "2 files checked: no problems")
	for name, content := range map[string]string{"elder-1.0.tar.gz": "no archive", "notes.txt": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect.Equal(t, "the last line", lastLine(), "3 files checked: 1 error, 1 notice")
}

// TestFormatJSON_Errors: a program that asks for JSON gets it also if the command could not do its work.
func TestFormatJSON_Errors(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"check nowhere", "check -profile nexus", "check -index nonsense .", "verify nowhere", "verify -repository x", "verify alder==x",
		"setup nowhere", "setup . .", "setup -repository x",
	} {
		stdout, _, code := typed(t, append(strings.Fields(args), "-format", "json")...)
		var out struct{ Findings []findingOutput }
		if err := json.Unmarshal([]byte(stdout), &out); err != nil {
			t.Errorf("%s: %v: %q", args, err, stdout)
			continue
		}
		expect.Equal(t, args+": exit code", code, cli.Misconfigured)
		if len(out.Findings) != 1 || out.Findings[0].Severity != "error" || out.Findings[0].Message == "" || out.Findings[0].Rule == "" {
			t.Errorf("%s: want one error: %s", args, stdout)
		} else if page := out.Findings[0].Help; !strings.HasPrefix(page, "https://github.com/org/pypi-oidc-publish/blob/v1.2.3/docs/") ||
			!strings.HasSuffix(page, "#"+out.Findings[0].Rule) {
			t.Errorf("%s: the page of the error is %q", args, page)
		}
	}
}

// TestOutsideOfActions_Words: on a command line there are paths, flags and variables; there are no inputs, and no jobs with steps.
func TestOutsideOfActions_Words(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	const missing = "error: nowhere does not exist\n  -> check the path (more: https://github.com/org/pypi-oidc-publish/blob/v1.2.3/docs/" +
		"troubleshooting.md#path-missing)\n"
	for _, c := range []struct {
		args string
		want string
	}{
		{"check nowhere", missing},
		{"verify nowhere", missing},
		{"rehearse nowhere", missing},
		{"publish nowhere", missing},
		{
			"check " + empty,
			"error: no distributions found in " + empty + "\n  -> build them first, for example with python -m build (more: https://",
		},
		{"check -index ftp://x .", "error: -index: \"ftp://x\" is not a web address\n"},
		{"publish -repository-url ftp://x", "error: -repository-url: \"ftp://x\" is not a web address\n"},
		{"publish -wait-for-index soon", "error: -wait-for-index: "},
		{
			"publish -auth token",
			"error: INPUT_PASSWORD is empty, but -auth is token\n  -> set INPUT_PASSWORD to an API token (more: https://",
		},
		{"publish -user me", "error: -user: \"me\" is given, but INPUT_PASSWORD is empty\n"},
		{"publish -auth trusted-publishing -password pypi-x", "error: -auth and INPUT_PASSWORD contradict each other"},
		{"publish -github-release v1", "error: -github-release is given, but INPUT_GITHUB-TOKEN is empty\n"},
	} {
		stdout, stderr, code := typed(t, strings.Fields(c.args)...)
		expect.Equal(t, c.args+": exit code", code, cli.Misconfigured)
		expect.Contains(t, c.args, stdout+stderr, c.want)
		expect.Lacks(t, c.args, stdout+stderr, "input ", "inputs ", "packages-dir", "step of this job", "--password")
	}
}

// TestHelp_Secrets: other users of a machine can read a command line, so that the help names the variable.
func TestHelp_Secrets(t *testing.T) {
	t.Parallel()
	stdout, _, _ := typed(t, "help", "publish")
	expect.Contains(t, "the help", stdout, "INPUT_PASSWORD", "INPUT_GITHUB-TOKEN")
}
