package attest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/par"
)

// Sign creates one attestation for each file, in their order, and verifies it as the index does. It returns all of them or an error,
// which is an [Outage] or a finding. It calls signed, which may be nil, for each, from several goroutines.
//
// All files use one key and one certificate. The certificate is renewed with a new ID token before it expires, so that a long set does
// not exceed its lifetime (docs/reference/attestations.md §1.5 and §5).
func (s *Signer) Sign(ctx context.Context, files []*distfile.Distribution, signed func(i int, a Attestation)) ([]Attestation, error) {
	if len(files) == 0 {
		return nil, nil
	}
	claims, err := s.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.CheckClaims(claims); err != nil {
		return nil, err
	}
	r, err := s.begin()
	if err != nil {
		return nil, err
	}
	all := make([]Attestation, len(files))
	indices := make([]int, len(files))
	for i := range indices {
		indices[i] = i
	}
	// The first failure stops the others, because nothing is published without all attestations.
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err = par.Each(working, s.opts.Workers, indices, func(ctx context.Context, i int) error {
		a, err := r.signFile(ctx, files[i])
		if err != nil {
			stop(err)
			return err
		}
		all[i] = a
		if signed != nil {
			signed(i, a)
		}
		return nil
	})
	if err != nil {
		return nil, firstFailure(ctx, working, err)
	}
	return all, nil
}

// firstFailure returns what stopped the set: the cancellation of the run, or the first failure.
func firstFailure(ctx, working context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if cause := context.Cause(working); cause != nil {
		return cause
	}
	return err
}

// signing is the signing of one set of files.
type signing struct {
	*Signer
	key *ecdsa.PrivateKey // on the curve P-256: exists only in memory

	certifying sync.Mutex // held while a certificate is requested, so that other files wait for it
	current    *certificate
}

// begin returns a signing with a new key and no certificate yet.
func (s *Signer) begin() (*signing, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("a key cannot be created: %w", err)
	}
	return &signing{Signer: s, key: key}, nil
}

// certificate returns a certificate that is valid long enough for another entry. It does not return the spent one.
func (r *signing) certificate(ctx context.Context, spent *certificate) (*certificate, error) {
	r.certifying.Lock()
	defer r.certifying.Unlock()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if r.current != nil && r.current != spent && r.opts.Now().Before(r.current.renew) {
		return r.current, nil
	}
	fresh, err := r.certify(ctx, r.key)
	if err != nil {
		return nil, err
	}
	r.current = fresh
	return fresh, nil
}

// mostCertificates is how many certificates may expire while one entry waits for the log.
const mostCertificates = 3

// signFile signs one file, with another certificate if one expires too early.
func (r *signing) signFile(ctx context.Context, d *distfile.Distribution) (Attestation, error) {
	var spent *certificate
	for n := 1; ; n++ {
		with, err := r.certificate(ctx, spent)
		if err != nil {
			return Attestation{}, err
		}
		a, err := r.signWith(ctx, d, with)
		if !errors.Is(err, errLate) {
			return a, err
		}
		if n == mostCertificates {
			return Attestation{}, r.tooSlow(err)
		}
		spent = with
	}
}

// signWith signs one file with the certificate, and verifies the attestation.
func (r *signing) signWith(ctx context.Context, d *distfile.Distribution, c *certificate) (Attestation, error) {
	at, err := r.getServices(ctx)
	if err != nil {
		return Attestation{}, err
	}
	signed, err := r.seal(c, bundle.IntotoMediaType, statement(d))
	if err != nil {
		return Attestation{}, err
	}
	if err := (entry{r.Signer, at, c}).add(ctx, signed); err != nil {
		return Attestation{}, err
	}
	text, err := encode(signed)
	if err != nil {
		return Attestation{}, err
	}
	claims, err := r.Prepare(ctx)
	if err != nil {
		return Attestation{}, err
	}
	// Verify exactly the bytes that will be sent.
	a, err := r.verify(at, d, text, r.identity(claims))
	if err != nil {
		return Attestation{}, finding.New(finding.AttestationUnverified,
			fmt.Sprintf("the attestation of %s was created, but the index would refuse it: %v", d.Name, err),
			"nothing was uploaded; run the job again, and report it if it persists, or publish with `attestations: false`").In(d.Path)
	}
	return a, nil
}

// seal signs a payload, and returns a bundle of its envelope and the certificate that has no log entry yet
// (docs/reference/attestations.md §1.4).
func (r *signing) seal(c *certificate, payloadType string, payload []byte) (*protobundle.Bundle, error) {
	signature, err := crypto.SignMessage(r.key, rand.Reader, dsse.PAE(payloadType, payload), crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("a statement cannot be signed: %w", err)
	}
	return newBundle(c.leaf.Raw, payloadType, payload, signature), nil
}

// tooSlow returns an [Outage] for a log that is slower than certificates are valid.
func (s *Signer) tooSlow(err error) error {
	return &Outage{Cause: err, Finding: finding.New(finding.AttestationOutage,
		fmt.Sprintf("rekor, the public log, is too slow: %v, %d times for one file", err, mostCertificates), s.outageFix())}
}

// subjectSum returns the digest of the file in a statement: its SHA-256 in lower-case hex.
func subjectSum(d *distfile.Distribution) string { return hex.EncodeToString(d.Digests.SHA256[:]) }
