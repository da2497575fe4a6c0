package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// longestSidecar is how long an attestation in a file may be, in bytes: real ones have some six thousand, and an SLSA
// statement may be many times that.
const longestSidecar = 4 << 20

// adopt takes the attestations that stand beside a file, if they hold for it and for this identity. One that does not is
// left over from another build or workflow: that is told, and it is not sent.
func (r *run) adopt(ctx context.Context, i int) error {
	for _, suffix := range suffixes() {
		path := r.files[i].Path + suffix
		if !slices.Contains(r.sidecars, path) {
			continue
		}
		a, bad, err := r.judged(ctx, i, path)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err // it cannot be judged now, and no other one can
		case bad == nil && suffixOf(a) != suffix:
			bad = fmt.Errorf("it states something else than its name says: %s", a.Predicate)
		}
		if bad != nil {
			r.Book.Note(ledger.Noted{Finding: leftOver(r.shown(path), suffix, bad)})
			continue
		}
		r.take(i, a, true)
	}
	return nil
}

// judged reads an attestation that stands beside the file at this place. bad tells why it does not hold.
func (r *run) judged(ctx context.Context, i int, path string) (a attest.Attestation, bad, err error) {
	text, bad := readBounded(path, longestSidecar)
	if bad != nil {
		return a, bad, nil
	}
	a, err = r.Signer.Adopt(ctx, r.files[i], text)
	var unverified *attest.Unverified
	if errors.As(err, &unverified) {
		return a, unverified, nil
	}
	return a, nil, err
}

func leftOver(path, suffix string, why error) finding.Finding {
	instead := "a new one is made instead"
	if suffix != suffixes()[0] {
		instead = "it is not sent"
	}
	return finding.Finding{
		ID: "attestation-left-over", Severity: finding.Notice, File: path,
		Message: fmt.Sprintf("this attestation does not hold for its file and this run, so %s: %s", instead, finding.Of(why)[0].Message),
	}
}

// readBounded reads a file that has no more than so many bytes.
func readBounded(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("it is larger than %d bytes", most)
	}
	return text, err
}

// findSidecars finds the attestations that stand beside the distributions, however those were found. It returns what of the
// others belongs to no distribution.
func (r *run) findSidecars(distributions, others []string) (alone []string) {
	for _, path := range distributions {
		for _, suffix := range suffixes() {
			if info, err := os.Stat(path + suffix); err == nil && info.Mode().IsRegular() {
				r.sidecars = append(r.sidecars, path+suffix)
			}
		}
	}
	for _, path := range others {
		if !slices.Contains(r.sidecars, path) {
			alone = append(alone, path)
		}
	}
	return alone
}

// leaveSidecars tells that the attestations beside the files are not sent.
func (r *run) leaveSidecars() {
	if len(r.sidecars) == 0 {
		return
	}
	names := make([]string, 0, len(r.sidecars))
	for _, path := range r.sidecars {
		names = append(names, filepath.Base(path))
	}
	r.Book.Note(ledger.Noted{Finding: finding.Finding{
		ID: "attestations-left-alone", Severity: finding.Notice, Message: "these attestations are not sent: " + listed(names),
	}})
}
