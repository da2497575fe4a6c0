package attestation

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
)

// Whose certificate it has to be (docs/reference/attestations.md §2.2): that of the workflow which the upload token's
// publisher names. The alternative name, the environment and the ids are not looked at.

// Policy checks whose certificate it is, once the certificate is known to be good.
type Policy func(*x509.Certificate) error

// github is where the repositories of publishers are.
const github = "https://github.com/"

// The facts in a certificate, by their numbers below 1.3.6.1.4.1.57264.1.
const (
	factIssuer       = 8
	factRepository   = 12
	factDigest       = 13
	factRef          = 14
	factBuildConfig  = 18
	issuerName       = "OIDCIssuerV2"
	repositoryName   = "OIDCSourceRepositoryURI"
	missingExtension = "Certificate does not contain %s (1.3.6.1.4.1.57264.1.%d) extension"
)

// GitHub returns the policy of a publisher at GitHub: the issuer of its ID tokens, its repository as "owner/name", and the
// file name of its workflow.
func GitHub(issuer, repository, workflow string) Policy {
	return func(c *x509.Certificate) error {
		if err := hasFact(c, factIssuer, issuerName, issuer); err != nil {
			return err
		}
		if err := hasFact(c, factRepository, repositoryName, github+repository); err != nil {
			return err
		}
		config, given := fact(c, factBuildConfig)
		if !given {
			return fmt.Errorf("no extension 1.3.6.1.4.1.57264.1.%d was found", factBuildConfig)
		}
		for _, number := range []int{factDigest, factRef} {
			at, _ := fact(c, number)
			if at != "" && config == github+repository+"/.github/workflows/"+workflow+"@"+at {
				return nil
			}
		}
		return VerificationError(fmt.Sprintf("Certificate's Build Config URI %s does not match expected Trusted Publisher: %s @ %s", config, workflow, repository))
	}
}

// hasFact has the words of sigstore's policies.
func hasFact(c *x509.Certificate, number int, name, want string) error {
	got, given := fact(c, number)
	switch {
	case !given:
		return VerificationError(fmt.Sprintf(missingExtension, name, number))
	case got != want:
		return VerificationError(fmt.Sprintf("Certificate's %s does not match (got '%s', expected '%s')", name, got, want))
	}
	return nil
}

// fact is the text of an extension.
func fact(c *x509.Certificate, number int) (text string, given bool) {
	id := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, number}
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			rest, err := asn1.UnmarshalWithParams(e.Value, &text, "utf8")
			return text, err == nil && len(rest) == 0
		}
	}
	return "", false
}
