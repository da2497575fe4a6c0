package attest

import (
	"bytes"
	"context"
	"crypto/x509/pkix"
	"fmt"

	fulcio "github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"google.golang.org/protobuf/proto"

	"github.com/org/pypi-oidc-publish/internal/distfile"
)

// Unverified tells that an attestation is none of this identity and this file, so that the index would refuse it.
type Unverified struct {
	File   string // the distribution's name
	Reason error
}

// Error names the file and the reason.
func (u *Unverified) Error() string {
	return fmt.Sprintf("the attestation of %s does not verify: %v", u.File, u.Reason)
}

// Unwrap is the reason.
func (u *Unverified) Unwrap() error { return u.Reason }

// Adopt takes an attestation that somebody else made, as it lies beside the file. An [*Unverified] tells that the index would
// refuse it from this run; any other error, that it cannot be judged now. What it returns may differ from sidecar in
// its spelling: it is what the index keeps of it.
func (s *Signer) Adopt(ctx context.Context, d *distfile.Distribution, sidecar []byte) (Attestation, error) {
	at, err := s.find(ctx)
	if err != nil {
		return Attestation{}, err
	}
	claims, err := s.Prepare(ctx)
	if err != nil {
		return Attestation{}, err
	}
	a, b, err := read(d, sidecar, s.identity(claims))
	if err == nil {
		// Not lenient: what cannot be verified can still be made afresh.
		err = verifyBundle(b, d, at.trusted, s.identity(claims))
	}
	if err != nil {
		return Attestation{}, &Unverified{File: d.Name, Reason: err}
	}
	a.LogURL = s.logURL(a.LogIndex)
	return a, nil
}

// Verify tells whether what the index serves of the file holds each of the wanted attestations, and whether each verifies. An
// [*Unverified] tells that it does not (docs/reference/pypi-server.md §5.3).
func (s *Signer) Verify(ctx context.Context, d *distfile.Distribution, provenance []byte, want []Attestation) error {
	at, err := s.find(ctx)
	if err != nil {
		return err
	}
	claims, err := s.Prepare(ctx)
	if err != nil {
		return err
	}
	served, err := readProvenance(provenance)
	if err != nil {
		return &Unverified{File: d.Name, Reason: fmt.Errorf("the provenance that the index serves cannot be read: %w", err)}
	}
	for _, wanted := range want {
		found, ok := same(served, wanted)
		if !ok {
			return &Unverified{File: d.Name, Reason: fmt.Errorf("the index does not serve log entry %d, which this run sent", wanted.LogIndex)}
		}
		if _, err := s.verify(at, d, found, s.identity(claims)); err != nil {
			return &Unverified{File: d.Name, Reason: fmt.Errorf("the provenance that the index serves: %w", err)}
		}
	}
	return nil
}

// readProvenance takes the attestations out of a provenance object, whoever published them.
func readProvenance(raw []byte) ([][]byte, error) {
	if len(raw) > longest {
		return nil, fmt.Errorf("it is longer than %d bytes", longest)
	}
	var r reader
	top := r.object(raw)
	if version := r.get(top, "version"); r.err == nil && string(version) != "1" {
		r.fail("its version is not 1")
	}
	var all [][]byte
	for _, one := range r.list(top, "attestation_bundles") {
		for _, attestation := range r.list(r.object(one), "attestations") {
			all = append(all, attestation)
		}
	}
	return all, r.err
}

// same finds the wanted attestation among those served, however it is spelled.
func same(served [][]byte, wanted Attestation) ([]byte, bool) {
	sent, err := decode(wanted.JSON)
	if err != nil {
		return nil, false
	}
	for _, raw := range served {
		if got, err := decode(raw); bytes.Equal(raw, wanted.JSON) || err == nil && proto.Equal(got, sent) {
			return raw, true
		}
	}
	return nil, false
}

// isIssuerV2 tells that an extension is the one in which the index looks for the issuer.
func isIssuerV2(e pkix.Extension) bool { return e.Id.Equal(fulcio.OIDIssuerV2) }
