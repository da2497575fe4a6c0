package preflight

// RulesWithWords are the rules whose refusals are known by the index's words, for the test that they are rules.
func RulesWithWords() []string {
	var ids []string
	for _, r := range refusals() {
		ids = append(ids, r.id)
	}
	return ids
}
