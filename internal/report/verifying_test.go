package report_test

import (
	"html"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// commandsOf returns the commands of a summary that verify who published the files, as a person copies them.
func commandsOf(t *testing.T, events []ledger.Event) []string {
	t.Helper()
	text := html.UnescapeString(strings.ReplaceAll(summaryOf(t, events), "<!-- -->", ""))
	command := regexp.MustCompile(`(?:pypi-attestations verify pypi|sigstore verify github|cosign verify-blob-attestation) .*`)
	return command.FindAllString(text, -1)
}

// TestSummary_CommandsAreQuoted: who copies a command of the summary into a shell runs that command alone, whatever the name of a file or
// of the repository is.
func TestSummary_CommandsAreQuoted(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	for _, tag := range []string{
		"any", "any;echo x", "$(echo x)", "`echo x`", "any'x", `any"x`, "any&x", "any|x", "any>x", "any x", "any*", "any~", "any!x",
		"any(x)", `any\x`, "any#x",
		"any{a,b}", "''", "a'b'c",
	} {
		name := "my_project-1.0-py3-none-" + tag + ".whl"
		events := slices.Concat(opening(file(name, ledger.ActionPresent)), identified(), signed(name, false))
		for i, event := range events {
			if found, ok := event.(ledger.Identified); ok {
				found.Identity.Repository = "o/r" + tag
				events[i] = found
			}
		}
		commands := commandsOf(t, append(events, ledger.Attached{Outcome: ledger.ReleaseAttached, Assets: 3, Wanted: 3}))
		bundle := "[" + name + ".publish.sigstore.json]"
		want := []string{
			"[pypi-attestations][verify][pypi][--repository][https://github.com/o/r" + tag + "][pypi:" + name + "]",
			"[sigstore][verify][github][--repository][o/r" + tag + "][--bundle]" + bundle + "[" + name + "]",
			"[cosign][verify-blob-attestation][--bundle]" + bundle + "[--type][https://docs.pypi.org/attestations/publish/v1]" +
				"[--certificate-oidc-issuer][https://token.actions.githubusercontent.com][--certificate-identity]" +
				"[https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1.0][" + name + "]",
		}
		if len(commands) != len(want) {
			t.Fatalf("%d commands: %q", len(commands), commands)
		}
		script := `show() { for word; do printf '[%s]' "$word"; done; echo; }` + "\nshow " + strings.Join(commands, "\nshow ")
		run := exec.CommandContext(t.Context(), shell, "-c", script)
		run.Dir = t.TempDir() // where a redirection does no harm
		out, err := run.CombinedOutput()
		if err != nil || string(out) != strings.Join(want, "\n")+"\n" {
			t.Errorf("%q\ngot  %s, %v\nwant %s", commands, out, err, strings.Join(want, "\n"))
		}
		if tag == "any" && strings.Contains(strings.Join(commands, ""), "'") {
			t.Errorf("an ordinary name is quoted: %q", commands)
		}
	}
}

// TestSummary_CommandsForBundles: the commands for bundles are there where the GitHub release has all of them, and a run that only
// attaches, which has no identity, takes that of the attestation.
func TestSummary_CommandsForBundles(t *testing.T) {
	t.Parallel()
	files := opening(file(wheel, ledger.ActionPresent))
	attached := []ledger.Event{ledger.Attached{Outcome: ledger.ReleaseAttached}}
	failed := []ledger.Event{ledger.Attached{Outcome: ledger.ReleaseFailed}}
	for _, c := range []struct {
		name string
		more []ledger.Event
		want int
	}{
		{"attached", slices.Concat(identified(), signed(wheel, false), attached), 3},
		{"attached by a job of its own", slices.Concat(signed(wheel, false), attached), 3},
		{"not attached", slices.Concat(identified(), signed(wheel, false)), 1},
		{"failed", slices.Concat(identified(), signed(wheel, false), failed), 1},
		{"without attestations", slices.Concat(identified(), attached), 0},
	} {
		commands := commandsOf(t, slices.Concat(files, c.more))
		expect.Equal(t, c.name+": the number of commands", len(commands), c.want)
		if c.want > 0 {
			expect.Contains(t, c.name, commands[0], "--repository https://github.com/o/r pypi:"+wheel)
		}
	}
}
