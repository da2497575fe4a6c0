package preflight_test

import (
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
)

// TestRuleOf: every refusal of the vectors is known by the index's words for it.
func TestRuleOf(t *testing.T) {
	t.Parallel()
	known := map[finding.ID]bool{}
	for _, r := range preflight.Rules() {
		known[r.ID] = true
	}
	compared := 0
	for _, c := range vectors.Load(t) {
		// The same bytes under two names are no matter of the words alone: the index says the same of every name that is taken.
		if c.Verdict == "accept" || c.Message == "" || c.Rule == "duplicate-content" {
			continue
		}
		compared++
		if got, _ := preflight.RuleOf(phrases(c.Message)); string(got.ID) != c.Rule && !c.Loose {
			t.Errorf("%s: %q is of rule %q, want %q", c.ID, c.Message, got.ID, c.Rule)
		}
	}
	if compared < 100 {
		t.Errorf("only %d refusals were compared", compared)
	}
	for _, message := range []string{
		"", "File already exists ('a', with blake2_256 hash 'b').",
		"This filename was previously used by a file that has since been deleted.",
		"The repository path is invalid: x", "Package name is invalid: must match", "Your account is not a valid email address",
		"Invalid API Token: token is expired", "The user 'x' isn't allowed to upload to project 'y'.",
	} {
		if got, known := preflight.RuleOf(message); known {
			t.Errorf("%q is of rule %s; no rule could know it", message, got.ID)
		}
	}
	for _, id := range preflight.RulesWithMessages() {
		if !known[id] {
			t.Errorf("there is no rule %s", id)
		}
	}
}
