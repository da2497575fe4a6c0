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

// Unverified is the error for an attestation that is not valid for this identity and file, so that the index would refuse it.
type Unverified struct {
	File   string // the distribution's name
	Reason error
}

// Error names the file and the reason.
func (u *Unverified) Error() string {
	return fmt.Sprintf("the attestation of %s does not verify: %v", u.File, u.Reason)
}

// Unwrap returns the reason.
func (u *Unverified) Unwrap() error { return u.Reason }

// Adopt verifies an existing attestation, given the content of the attestation file next to the distribution. An [*Unverified] means
// that the index would refuse it from this run; any other error means that it cannot be checked now. The JSON of the result may
// differ from attestationFile in spelling: it is the part that the index keeps.
func (s *Signer) Adopt(ctx context.Context, d *distfile.Distribution, attestationFile []byte) (Attestation, error) {
	at, err := s.getServices(ctx)
	if err != nil {
		return Attestation{}, err
	}
	claims, err := s.Prepare(ctx)
	if err != nil {
		return Attestation{}, err
	}
	a, b, err := read(d, attestationFile, s.identity(claims))
	if err == nil {
		// A stale trust root is not tolerated here, because a new attestation can be created instead.
		err = verifyBundle(b, d, at.trusted, s.identity(claims))
	}
	if err != nil {
		return Attestation{}, &Unverified{File: d.Name, Reason: err}
	}
	a.LogURL = s.logURL(a.LogIndex)
	return a, nil
}

// Verify checks that the provenance that the index serves for the file contains each of the wanted attestations, and that each
// verifies. Otherwise it returns an [*Unverified] (docs/reference/pypi-server.md §5.3).
func (s *Signer) Verify(ctx context.Context, d *distfile.Distribution, provenance []byte, want []Attestation) error {
	at, err := s.getServices(ctx)
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
			return &Unverified{
				File:   d.Name,
				Reason: fmt.Errorf("the index does not serve log entry %d, which this run sent", wanted.LogIndex),
			}
		}
		if _, err := s.verify(at, d, found, s.identity(claims)); err != nil {
			return &Unverified{File: d.Name, Reason: fmt.Errorf("the provenance that the index serves: %w", err)}
		}
	}
	return nil
}

// readProvenance returns the attestations in a provenance object, of all publishers.
func readProvenance(raw []byte) ([][]byte, error) {
	var r reader
	top := r.document(raw)
	var all [][]byte
	for _, one := range r.list(top, "attestation_bundles") {
		for _, attestation := range r.list(r.object(one), "attestations") {
			all = append(all, attestation)
		}
	}
	return all, r.err
}

// same returns the wanted attestation among the served ones, comparing the content and not the spelling.
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

// isIssuerV2 reports whether an extension is the one from which the index reads the issuer.
func isIssuerV2(e pkix.Extension) bool { return e.Id.Equal(fulcio.OIDIssuerV2) }
