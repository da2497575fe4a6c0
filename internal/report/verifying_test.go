package report_test

import (
	"html"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/ledger"
)

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
		text := html.UnescapeString(strings.ReplaceAll(summaryOf(t, events), "<!-- -->", ""))
		_, command, _ := strings.Cut(text, "\npypi-attestations ")
		if command == "" {
			_, command, _ = strings.Cut(text, "<pre>pypi-attestations ")
		}
		command, _, _ = strings.Cut(command, "\n")
		script := `show() { for word; do printf '[%s]' "$word"; done; }` + "\nshow " + command
		run := exec.CommandContext(t.Context(), shell, "-c", script)
		run.Dir = t.TempDir() // where a redirection does no harm
		out, err := run.CombinedOutput()
		if want := "[verify][pypi][--repository][https://github.com/o/r" + tag + "][pypi:" + name + "]"; err != nil || string(out) != want {
			t.Errorf("%s\ngot  %s, %v\nwant %s", command, out, err, want)
		}
		if tag == "any" && strings.Contains(command, "'") {
			t.Errorf("an ordinary name is quoted: %s", command)
		}
	}
}
