package preflight_test

import (
	"slices"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// TestTrials: every trial is about a rule, tells of one installer at least that does not do what was meant, and has a row of its own.
func TestTrials(t *testing.T) {
	t.Parallel()
	versions, _ := preflight.Installers()
	rules, files := map[finding.ID]bool{}, map[string]bool{}
	for _, r := range preflight.Rules() {
		rules[r.ID] = true
	}
	for _, trial := range preflight.Trials() {
		if !rules[trial.Rule] || files[trial.File] || len(trial.Outcomes) != len(versions) {
			t.Errorf("%+v: no rule, a row twice, or not one outcome of each of %q", trial, versions)
		}
		files[trial.File] = true
		if !slices.ContainsFunc(trial.Outcomes, func(o string) bool { return o != "" && o != "installs" }) {
			t.Errorf("%+v: nothing goes wrong", trial)
		}
	}
}

// TestTried: what installers do is one sentence, the worst first.
func TestTried(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"no wheel version":   ": pip 26.3, uv 0.13.9, installer 1.1.0, pdm 2.29.4 and poetry 2.5.1 refuse it",
		"entry point called": ": uv 0.13.9 refuses it; installer 1.1.0, pdm 2.29.4 and poetry 2.5.1 fail on it; pip 26.3 installs it",
		"script folder": ": uv 0.13.9 refuses it; " +
			"pip 26.3, installer 1.1.0, pdm 2.29.4 and poetry 2.5.1 install it without the command",
	} {
		if got := preflight.Tried(name); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := preflight.Tried("no such file"); got != "" {
		t.Errorf("an unknown name says %q", got)
	}
}
