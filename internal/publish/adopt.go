package publish

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// maxAttestationFile is how long an attestation in a file may be, in bytes: real ones have some six thousand, and an SLSA
// statement may be many times that.
const maxAttestationFile = 4 << 20

// adopt has the attestations that stand beside a target sent with it, if they hold for it and for this identity. One that does
// not is left over from another build or workflow: that is reported, and it is not sent.
func (r *run) adopt(ctx context.Context, t *target) error {
	for _, path := range t.attestationFiles {
		suffix := strings.TrimPrefix(path, t.Path)
		a, bad, err := r.readAttestation(ctx, t, path)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err // it cannot be verified now, and no other one can
		case bad == nil && suffixOf(a) != suffix:
			bad = fmt.Errorf("its predicate does not match its file name: %s", a.Predicate)
		}
		if bad != nil {
			r.record(leftOver(r.displayPath(path), suffix, bad))
			continue
		}
		r.addAttestation(t, a, true)
	}
	return nil
}

// readAttestation reads and verifies an attestation that stands beside a target. bad says why it does not hold.
func (r *run) readAttestation(ctx context.Context, t *target, path string) (a attest.Attestation, bad, err error) {
	text, bad := localfile.Read(path, maxAttestationFile)
	if bad != nil {
		return a, bad, nil
	}
	a, err = r.Signer.Adopt(ctx, t.Distribution, text)
	var unverified *attest.Unverified
	if errors.As(err, &unverified) {
		return a, unverified, nil
	}
	return a, nil, err
}

func leftOver(path, suffix string, why error) finding.Finding {
	instead := "the run makes a new one"
	if suffix != attestationSuffixes()[0] {
		instead = "it is not uploaded"
	}
	reason := ": " + finding.Of(why)[0].Message
	return finding.New(finding.AttestationLeftOver,
		fmt.Sprintf("this attestation does not match its file or this run, so %s%s", instead, reason), "").In(path).WithDetail(reason)
}

// ignoreAttestationFiles reports that the attestations beside the targets are not sent.
func (r *run) ignoreAttestationFiles(targets []*target) {
	var names []string
	for _, t := range targets {
		for _, path := range t.attestationFiles {
			names = append(names, filepath.Base(path))
		}
	}
	if len(names) > 0 {
		r.record(finding.New(finding.AttestationsLeftAlone, "these attestations are not uploaded: "+listSome(names), ""))
	}
}
