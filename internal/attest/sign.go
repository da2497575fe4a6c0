package attest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/sign"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/par"
)

// Sign makes one attestation of each file, in their order, and verifies it as the index will. It is all of them or an
// error: an [Outage], or a finding. signed, which may be nil, is told of each, from several goroutines.
//
// One key and one certificate serve all files; the certificate is renewed with a fresh ID token when little of its life is
// left, so that a long set does not outlive it (docs/reference/attestations.md §1.5 and §5).
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
	key, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		return nil, fmt.Errorf("a key cannot be created: %w", err)
	}
	r := &signing{Signer: s, key: key}
	all := make([]Attestation, len(files))
	indices := make([]int, len(files))
	for i := range indices {
		indices[i] = i
	}
	// The first failure ends the others at once: without all of them nothing is published.
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err = par.Each(working, s.opts.Workers, indices, func(ctx context.Context, i int) error {
		a, err := r.one(ctx, files[i])
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

// firstFailure is what ended the set: the run's end, or the one failure that ended the others.
func firstFailure(ctx, working context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if cause := context.Cause(working); cause != nil {
		return cause
	}
	return err
}

// signing is one set of files being signed.
type signing struct {
	*Signer
	key *sign.EphemeralKeypair

	certifying sync.Mutex // held while a certificate is asked for: who needs one meanwhile waits for it
	current    *certificate
}

// certificate returns one with enough life left for another entry. A spent one is not returned again.
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

// mostCertificates is how many certificates may end while one entry waits for the log.
const mostCertificates = 3

// one signs one file.
func (r *signing) one(ctx context.Context, d *distfile.Distribution) (Attestation, error) {
	var spent *certificate
	for n := 1; ; n++ {
		with, err := r.certificate(ctx, spent)
		if err != nil {
			return Attestation{}, err
		}
		a, err := r.with(ctx, d, with)
		if !errors.Is(err, errLate) {
			return a, err
		}
		if n == mostCertificates {
			return Attestation{}, r.tooSlow(err)
		}
		spent = with
	}
}

// with signs one file with the certificate.
func (r *signing) with(ctx context.Context, d *distfile.Distribution, c *certificate) (Attestation, error) {
	at, err := r.find(ctx)
	if err != nil {
		return Attestation{}, err
	}
	content := &sign.DSSEData{Data: statement(d), PayloadType: bundle.IntotoMediaType}
	signed, err := sign.Bundle(content, r.key, sign.BundleOptions{
		Context: ctx, CertificateProvider: c, TransparencyLogs: []sign.Transparency{entry{r.Signer, at, c}},
	})
	if err != nil {
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
	// Read back from the very bytes that will be sent.
	a, err := r.verify(at, d, text, r.identity(claims))
	if err != nil {
		return Attestation{}, finding.New(finding.AttestationUnverified,
			fmt.Sprintf("the attestation of %s was created, but the index would refuse it: %v", d.Name, err),
			"nothing was uploaded; run the job again, and report it if it persists, or publish with `attestations: false`").In(d.Path)
	}
	return a, nil
}

func (s *Signer) tooSlow(err error) error {
	fix := "run the job again later; nothing was uploaded"
	if s.public() {
		fix = "check " + publicStatus + " and " + fix
	}
	return &Outage{Cause: err, Finding: finding.New(finding.AttestationOutage,
		fmt.Sprintf("rekor, the public log, is too slow: %v, %d times for one file", err, mostCertificates), fix)}
}

// subjectSum is the digest that a statement has of the file.
func subjectSum(d *distfile.Distribution) string { return hex.EncodeToString(d.Digests.SHA256[:]) }
