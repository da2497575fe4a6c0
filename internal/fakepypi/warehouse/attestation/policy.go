package attestation

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
)

// The certificate must be that of the workflow which the publisher of the upload token names (docs/reference/attestations.md §2.2). The
// alternative name, the environment and the ids are not checked.

// Policy checks who a certificate was issued to. The certificate itself has been verified before. An error is a [VerificationError] or
// another one.
type Policy func(*x509.Certificate) error

// github is the URL of GitHub, which the repositories of publishers are below.
const github = "https://github.com/"

// The numbers of certificate extensions below 1.3.6.1.4.1.57264.1, and their names in messages.
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

// GitHub returns the policy for a publisher at GitHub: issuer is that of its ID tokens, repository is "owner/name", and workflow is a
// file name.
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
		return VerificationError(fmt.Sprintf("Certificate's Build Config URI %s does not match expected Trusted Publisher: %s @ %s",
			config, workflow, repository))
	}
}

// hasFact returns an error unless the extension has the value want. Messages are those of sigstore-python's policies.
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

// fact returns the text of an extension; given is false if the extension is missing or not a UTF8String.
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
