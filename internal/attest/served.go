package attest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strings"

	fulcio "github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/oidc"
)

// Served returns the attestations in the provenance that an index serves for the file. Each is verified for this content and as made
// by a workflow of the repository ("owner/name"). It omits those of other repositories, because a project may have moved. It needs
// no ID token, because it may run in a different job than the one that signed. An [*Unverified] means that one of them is not valid,
// or that all are from other repositories; any other error means that they cannot be checked now.
func (s *Signer) Served(ctx context.Context, d *distfile.Distribution, provenance []byte, repository string) ([]Attestation, error) {
	return s.served(ctx, d, provenance, s.workflowsOf(repository))
}

// ServedByAnyone is Served for whoever published the file: each attestation is verified for the identity that its own certificate names, so
// that the caller has to say whose they are ([Attestation.Identity]).
func (s *Signer) ServedByAnyone(ctx context.Context, d *distfile.Distribution, provenance []byte) ([]Attestation, error) {
	return s.served(ctx, d, provenance, ownIdentity)
}

func (s *Signer) served(ctx context.Context, d *distfile.Distribution, provenance []byte, who policy) ([]Attestation, error) {
	at, err := s.getServices(ctx)
	if err != nil {
		return nil, err
	}
	served, err := readProvenance(provenance)
	if err != nil {
		return nil, &Unverified{File: d.Name, Reason: fmt.Errorf("the provenance that the index serves cannot be read: %w", err)}
	}
	all := make([]Attestation, 0, len(served))
	var foreign *foreignRepository
	for _, raw := range served {
		a, err := s.verify(at, d, raw, who)
		switch {
		case errors.As(err, &foreign):
		case err != nil:
			return nil, &Unverified{File: d.Name, Reason: fmt.Errorf("the provenance that the index serves: %w", err)}
		default:
			all = append(all, a)
		}
	}
	if len(all) == 0 && foreign != nil {
		return nil, &Unverified{File: d.Name, Reason: foreign}
	}
	return all, nil
}

// ownIdentity is a policy that accepts the identity in the certificate itself.
func ownIdentity(leaf *x509.Certificate) (verify.CertificateIdentities, error) {
	extensions, err := extensionsOf(leaf)
	if err != nil {
		return nil, err
	}
	id, err := exactly(extensions.Issuer, fulcio.Extensions{})
	return verify.CertificateIdentities{id}, err
}

// foreignRepository is the error for an attestation by a workflow of another repository.
type foreignRepository struct{ got, want string }

// Error names both repositories.
func (f *foreignRepository) Error() string {
	return fmt.Sprintf("the provenance that the index serves is of the repository %s, not of %s", f.got, f.want)
}

// workflowsOf returns a policy that accepts every workflow of one repository. With the public instance it requires GitHub's issuer;
// for another instance, any issuer is accepted.
func (s *Signer) workflowsOf(repository string) policy {
	return func(leaf *x509.Certificate) (verify.CertificateIdentities, error) {
		extensions, err := extensionsOf(leaf)
		if err != nil {
			return nil, err
		}
		if !strings.EqualFold(extensions.SourceRepositoryURI, github+repository) {
			return nil, &foreignRepository{extensions.SourceRepositoryURI, github + repository}
		}
		issuer := extensions.Issuer
		if s.public() {
			issuer = oidc.GitHubIssuer
		}
		anyWorkflow, err := verify.NewSANMatcher("", "^"+regexp.QuoteMeta(extensions.SourceRepositoryURI+"/"))
		if err != nil {
			return nil, err
		}
		from, err := verify.NewIssuerMatcher(issuer, "")
		if err != nil {
			return nil, err
		}
		id, err := verify.NewCertificateIdentity(anyWorkflow, from, fulcio.Extensions{SourceRepositoryURI: extensions.SourceRepositoryURI})
		return verify.CertificateIdentities{id}, err
	}
}
