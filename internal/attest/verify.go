package attest

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	fulcio "github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/par"
)

// policy returns the identities of which a certificate must have one.
type policy func(*x509.Certificate) (verify.CertificateIdentities, error)

// identity returns the index's policy for a workflow of GitHub: the issuer, the repository, and the workflow at the ref or the
// commit in the certificate itself. The name of the subject is not checked (docs/reference/attestations.md §2.2).
func (s *Signer) identity(c oidc.Claims) policy {
	return func(leaf *x509.Certificate) (verify.CertificateIdentities, error) {
		extensions, err := extensionsOf(leaf)
		if err != nil {
			return nil, err
		}
		var all verify.CertificateIdentities
		for _, ref := range []string{extensions.SourceRepositoryRef, extensions.SourceRepositoryDigest} {
			if ref == "" {
				continue
			}
			id, err := exactly(c.Issuer, fulcio.Extensions{
				SourceRepositoryURI: github + c.Repository,
				BuildConfigURI:      github + workflowPath(c) + "@" + ref,
			})
			if err != nil {
				return nil, err
			}
			all = append(all, id)
		}
		if len(all) == 0 {
			return nil, errors.New("its certificate names neither ref nor commit of a workflow")
		}
		return all, nil
	}
}

// extensionsOf returns the extensions of a certificate that describe its workflow.
func extensionsOf(leaf *x509.Certificate) (fulcio.Extensions, error) {
	if !slices.ContainsFunc(leaf.Extensions, isIssuerV2) {
		return fulcio.Extensions{}, errors.New("its certificate does not name the issuer of the identity")
	}
	extensions, err := fulcio.ParseExtensions(leaf.Extensions)
	if err != nil {
		return fulcio.Extensions{}, errors.New("the extensions of its certificate cannot be read")
	}
	return extensions, nil
}

// exactly returns an identity with any name, one issuer and these extensions.
func exactly(issuer string, extensions fulcio.Extensions) (verify.CertificateIdentity, error) {
	anyone, err := verify.NewSANMatcher("", ".")
	if err != nil {
		return verify.CertificateIdentity{}, err
	}
	from, err := verify.NewIssuerMatcher(issuer, "")
	if err != nil {
		return verify.CertificateIdentity{}, err
	}
	return verify.NewCertificateIdentity(anyone, from, extensions)
}

// verify checks an attestation as the index does: format, statement, identity, and Sigstore verification. It returns the attestation in
// the form in which it is sent.
func (s *Signer) verify(at *services, d *distfile.Distribution, raw []byte, who policy) (Attestation, error) {
	a, b, err := read(d, raw, who)
	if err != nil {
		return Attestation{}, err
	}
	a.LogURL = s.logURL(a.LogIndex)
	return a, s.tolerateStaleRoot(at, verifyBundle(b, d, at.trusted, who))
}

// logURL returns the web page of an entry of the public log, or "" for another log.
func (s *Signer) logURL(index int64) string {
	if !s.public() {
		return ""
	}
	return publicSearch + strconv.FormatInt(index, 10)
}

// read parses an attestation and checks it by the rules that need no trust root.
func read(d *distfile.Distribution, raw []byte, who policy) (Attestation, *protobundle.Bundle, error) {
	b, err := decode(raw)
	if err != nil {
		return Attestation{}, nil, err
	}
	der, e, envelope, err := parts(b)
	if err != nil {
		return Attestation{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return Attestation{}, nil, errors.New("its certificate cannot be read")
	}
	predicate, err := checkStatement(envelope.GetPayload(), d)
	if err != nil {
		return Attestation{}, nil, err
	}
	integrated := time.Unix(e.GetIntegratedTime(), 0).UTC()
	statementSum := sha256.Sum256(envelope.GetPayload())
	leafPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	switch {
	case e.GetKindVersion().GetKind() != entryKind || e.GetKindVersion().GetVersion() != entryVersion:
		return Attestation{}, nil, errors.New("the index does not accept the kind of its log entry")
	case !sameBody(e.GetCanonicalizedBody(), statementSum[:], envelope.GetSignatures()[0].GetSig(), leafPEM):
		return Attestation{}, nil, errors.New("its log entry is about another signature")
	case integrated.Before(leaf.NotBefore) || integrated.After(leaf.NotAfter):
		return Attestation{}, nil, fmt.Errorf("the log accepted it at %s, outside of the validity of its certificate", instant(integrated))
	}
	if err := checkLeaf(leaf, who); err != nil {
		return Attestation{}, nil, err
	}
	text, err := encode(b)
	if err != nil {
		return Attestation{}, nil, err
	}
	certificate, _ := fulcio.SummarizeCertificate(leaf) // checkLeaf has read it before
	return Attestation{
		JSON: text, Predicate: predicate, LogIndex: e.GetLogIndex(), Identity: cmp.Or(
			certificate.BuildConfigURI, certificate.SubjectAlternativeName,
		),
		Integrated: integrated, SHA256: subjectSum(d),
	}, b, nil
}

// checkLeaf returns an error if the certificate is not for signatures or does not have a required identity.
func checkLeaf(leaf *x509.Certificate, who policy) error {
	if leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return errors.New("its certificate is not for signatures")
	}
	wanted, err := who(leaf)
	if err != nil {
		return err
	}
	extensions, err := fulcio.SummarizeCertificate(leaf)
	if err != nil {
		return errors.New("its certificate names no identity")
	}
	if _, err := wanted.Verify(extensions); err != nil {
		return fmt.Errorf("its certificate names a different identity: %w", err)
	}
	return nil
}

// checkChain returns an error if the instance's authority did not issue the certificate, or its log does not have it.
func checkChain(leaf *x509.Certificate, trusted root.TrustedMaterial) error {
	return par.Catch(func() error {
		chains, err := verify.VerifyLeafCertificate(leaf.NotBefore, leaf, trusted)
		if err != nil {
			return err
		}
		return verify.VerifySignedCertificateTimestamp(chains, 1, trusted)
	})
}

// verifyBundle verifies with the library what needs the trust root: chain, certificate timestamp, inclusion, promise, time and
// signature (docs/reference/attestations.md §4.4).
func verifyBundle(b *protobundle.Bundle, d *distfile.Distribution, trusted root.TrustedMaterial, who policy) error {
	return par.Catch(func() error { // the library may panic on malformed input
		signed, err := bundle.NewBundle(b)
		if err != nil {
			return err
		}
		if !signed.HasInclusionPromise() || !signed.HasInclusionProof() {
			return errors.New("it has no inclusion promise or no inclusion proof")
		}
		leaf, err := signed.VerificationContent()
		if err != nil {
			return err
		}
		identities, err := who(leaf.Certificate())
		if err != nil {
			return err
		}
		verifier, err := verify.NewVerifier(trusted, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1),
			verify.WithIntegratedTimestamps(1), verify.WithoutStatementPredicate())
		if err != nil {
			return err
		}
		var options []verify.PolicyOption
		for _, id := range identities {
			options = append(options, verify.WithCertificateIdentity(id))
		}
		_, err = verifier.Verify(signed, verify.NewPolicy(verify.WithArtifactDigest("sha256", d.Digests.SHA256[:]), options...))
		return err
	})
}

// tolerateStaleRoot converts a failure to a warning, reported once, if the trust root is a built-in copy that may be out of date. The index
// verifies the attestation in any case.
func (s *Signer) tolerateStaleRoot(at *services, err error) error {
	if err == nil || !at.embedded || s.opts.Strict {
		return err
	}
	s.staleRootNoted.Do(func() {
		s.opts.Record(finding.New(finding.AttestationUnproven,
			"attestations do not verify with the built-in copy of sigstore's trust root, which may be out of date: "+err.Error(),
			"no action needed: the index verifies them as well"))
	})
	return nil
}
