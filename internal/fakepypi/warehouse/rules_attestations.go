package warehouse

import "errors"

// attestationSet is row 95: the attestations that came with a file are verified, or the file is refused (section 5.1).
func attestationSet(u *upload) *refusal {
	text := u.form.get("attestations")
	if text == "" || u.switches.NoAttestations {
		return nil
	}
	return u.attest(text)
}

// unattested is a refusal of row 95.
func unattested(format string, args ...any) *refusal {
	return bad("Invalid attestations supplied during upload: "+format, args...)
}

// attest is rows 1 and 3 to 9 of section 5.1, in this order. Publishers of a kind that has no identity (row 2) there are
// none.
func (u *upload) attest(text string) *refusal {
	if u.grant.publisher == nil {
		return unattested("Attestations are only supported when using Trusted Publishing")
	}
	all, err := parseAttestations(text)
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
		predicate, no := u.verified(a)
		if no != nil {
			return no
		}
		if seen[predicate] {
			return unattested("Multiple attestations for the same file with the same predicate type (%s) are not supported", predicate)
		}
		seen[predicate] = true
	}
	u.provenance = provenanceOf(u.grant.publisher, all)
	return nil
}

// verified is the predicate type of an attestation that is to be believed. It is one of the two that the index takes, as
// its library refuses others (row 8 never comes to that).
func (u *upload) verified(a attestation) (string, *refusal) {
	said, err := u.ix.believe(&evidence{
		attestation: a, policy: policyOf(u.grant.publisher, u.ix.issuer),
		filename: u.form.content.filename, sha256: u.form.content.blob.sha256,
	})
	var failed unverified
	switch {
	case errors.As(err, &failed):
		return "", unattested("Could not verify the uploaded artifact using the included attestation: %v", err)
	case err != nil:
		return "", unattested("Unknown error while trying to verify included attestations: %v", err)
	}
	return said.predicate, nil
}

// believe is what the index's own library does, and the one thing that the index asks for beyond it (section 5.2, step 5).
func (ix *Index) believe(e *evidence) (statement, error) {
	if ix.trust == nil {
		return statement{}, errors.New("this index has no trust root")
	}
	said, err := ix.trust.verify(e)
	if err == nil && said.predicate == publishPredicate && len(said.content) > 0 {
		return said, unverified("the predicate of a publish attestation has to be absent, null or empty")
	}
	return said, err
}
