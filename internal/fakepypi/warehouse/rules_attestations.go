package warehouse

import (
	"errors"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse/attestation"
)

// attestationSet checks docs/reference/pypi-server.md row 95: the attestations that came with a file are verified, or the file is refused
// (§5.1).
func attestationSet(u *upload) *refusal {
	texts, given := u.form.texts["attestations"]
	if !given || u.behavior.NoAttestations {
		return nil
	}
	return u.attest(first(texts)) // an empty field is not an absent one
}

// unattested returns a refusal of row 95.
func unattested(format string, args ...any) *refusal {
	return bad("Invalid attestations supplied during upload: "+format, args...)
}

// attest checks §5.1 rows 1 and 3 to 9, in this order. This index has no publishers of a kind without an identity (§5.1 row 2).
func (u *upload) attest(text string) *refusal {
	if u.token.publisher == nil {
		return unattested("Attestations are only supported when using Trusted Publishing")
	}
	all, err := attestation.Parse(text)
	switch {
	case err != nil:
		return unattested("Malformed attestations: %v", err)
	case len(all) == 0:
		return unattested("Malformed attestations: an empty attestation set is not permitted")
	case len(all) > 2:
		return unattested("A maximum of 2 attestations per file are supported")
	}
	seen := map[string]bool{}
	for _, a := range all {
		predicate, refused := u.verified(a)
		if refused != nil {
			return refused
		}
		if seen[predicate] {
			return unattested("Multiple attestations for the same file with the same predicate type (%s) are not supported", predicate)
		}
		seen[predicate] = true
	}
	u.provenance = provenanceOf(u.token.publisher, all)
	return nil
}

// verified returns the predicate type of an attestation, or the refusal if it does not verify. The type is one of the two that PyPI
// accepts, because its library refuses others (§5.1 row 8 is never reached).
func (u *upload) verified(a attestation.Attestation) (string, *refusal) {
	p, content := u.token.publisher, u.form.content
	policy := attestation.GitHub(u.ix.issuer, p.owner+"/"+p.repository, p.workflow)
	predicate := ""
	trust, err := u.ix.trust()
	if err == nil {
		predicate, err = trust.Verify(a, content.filename, content.blob.sha256, policy)
	}
	var failed attestation.VerificationError
	switch {
	case errors.As(err, &failed):
		return "", unattested("Could not verify the uploaded artifact using the included attestation: %v", err)
	case err != nil:
		return "", unattested("Unknown error while trying to verify included attestations: %v", err)
	}
	return predicate, nil
}

// provenanceOf returns the provenance document of the publisher's upload.
func provenanceOf(p *publisher, all []attestation.Attestation) *attestation.Provenance {
	of := attestation.Publisher{Kind: "GitHub", Repository: p.owner + "/" + p.repository, Workflow: p.workflow}
	if p.environment != "" {
		of.Environment = &p.environment
	}
	return attestation.NewProvenance(of, all)
}
