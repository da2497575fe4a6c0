package preflight

import "github.com/org/pypi-oidc-publish/internal/finding"

// RulesWithMessages are the rules whose refusals are known by the index's words, for the test that they are rules.
func RulesWithMessages() []finding.ID {
	var ids []finding.ID
	for _, r := range refusals() {
		ids = append(ids, r.id)
	}
	return ids
}

// FirstOnlyIn lets a test count comparisons.
func FirstOnlyIn(a, b []string, compare func(a, b string) int) int { return firstOnlyIn(a, b, compare) }

// Tried lets a test read what a message says of installers.
func Tried(name string) string { return tried(name) }
