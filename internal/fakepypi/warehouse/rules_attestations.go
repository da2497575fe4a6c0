package warehouse

import (
	"encoding/json"
	"strings"
)

// attestationSet is row 95 as far as it needs no trust root (section 5.1, rows 1, 3, 4 and 5). What would have to be
// verified is refused: an index that takes attestations unseen would make a client believe that they were good.
func attestationSet(u *upload) *refusal {
	text := u.form.get("attestations")
	if text == "" {
		return nil
	}
	if problem := attestationProblem(u, text); problem != "" {
		return bad("Invalid attestations supplied during upload: %s", problem)
	}
	return nil
}

func attestationProblem(u *upload, text string) string {
	if u.grant.publisher == nil {
		return "Attestations are only supported when using Trusted Publishing"
	}
	var set []struct {
		Version  int                        `json:"version"`
		Material map[string]json.RawMessage `json:"verification_material"`
		Envelope map[string]json.RawMessage `json:"envelope"`
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	switch err := decoder.Decode(&set); {
	case err != nil:
		return "Malformed attestations: " + err.Error()
	case len(set) == 0:
		return "Malformed attestations: an empty attestation set is not permitted"
	case len(set) > 2:
		return "A maximum of 2 attestations per file are supported"
	}
	return "Unknown error while trying to verify included attestations: this index has no trust root"
}
