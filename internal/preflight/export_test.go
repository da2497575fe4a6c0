package preflight

import "github.com/org/pypi-oidc-publish/internal/finding"

// RulesWithWords are the rules whose refusals are known by the index's words, for the test that they are rules.
func RulesWithWords() []finding.ID {
	var ids []finding.ID
	for _, r := range refusals() {
		ids = append(ids, r.id)
	}
	return ids
}
