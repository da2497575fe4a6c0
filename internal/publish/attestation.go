package publish

import (
	"slices"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// attestationSuffixes returns what the names of attestation files end with, after the name of their distribution, in the order in
// which attestations are sent.
func attestationSuffixes() []string { return []string{".publish.attestation", ".slsa.attestation"} }

// suffixIndex returns which of the suffixes an attestation of this kind has.
func suffixIndex(a attest.Attestation) int {
	if a.Predicate == attest.PublishPredicate {
		return 0
	}
	return 1
}

func suffixOf(a attest.Attestation) string { return attestationSuffixes()[suffixIndex(a)] }

// onePerSuffix returns the first attestation of each kind: two of one kind would have one name.
func onePerSuffix(all []attest.Attestation) []attest.Attestation {
	var first []attest.Attestation
	for _, a := range all {
		if !slices.ContainsFunc(first, func(k attest.Attestation) bool { return suffixIndex(k) == suffixIndex(a) }) {
			first = append(first, a)
		}
	}
	return first
}

// describeAttestation returns an attestation for people.
func describeAttestation(a attest.Attestation) ledger.Attestation {
	return ledger.Attestation{
		Predicate: a.Predicate, Publish: suffixIndex(a) == 0, Identity: a.Identity, LogIndex: a.LogIndex, LogURL: a.LogURL,
	}
}

// keptByIndex records the attestations that the index had with the file before this run, and returns one of each kind.
func (r *run) keptByIndex(t *target, all []attest.Attestation) []attest.Attestation {
	all = onePerSuffix(all)
	for _, a := range all {
		described := describeAttestation(a)
		described.Served = true
		r.Record(ledger.Attested{File: t.Name, Attestation: described})
	}
	return all
}
