package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// unproven compares what the index serves as the provenance of the file at this place with what this run has sent. Once it was
// right it is not asked for again. late tells that it cannot be had yet; an error, that it is not what was sent.
func (r *run) unproven(ctx context.Context, i int, h pep.Held) (late bool, wrong error) {
	if r.attestationsOf(i) == nil || r.proven[i] {
		return false, nil
	}
	provenance, err := r.Index.Provenance(ctx, h)
	if errors.Is(err, index.ErrNoProvenance) && h.Provenance == "" {
		// It stands on the page with the file or never will.
		r.proven[i] = true
		r.Book.Note(ledger.Noted{Finding: noProvenance(r.plan[i])})
		return false, nil
	}
	if err != nil {
		return true, nil
	}
	err = r.Signer.Verify(ctx, r.files[i], provenance, r.attested[i])
	var unverified *attest.Unverified
	switch {
	case errors.As(err, &unverified):
		return false, otherProvenance(r.plan[i], unverified)
	case err != nil:
		return true, nil // it cannot be judged now
	}
	r.proven[i] = true
	return false, nil
}

func noProvenance(f ledger.File) finding.Finding {
	return finding.Finding{
		ID: "no-provenance", Severity: finding.Warning, File: f.Path,
		Message: fmt.Sprintf("the index took %s with its attestations and serves no provenance of it", f.Name),
		Fix:     "nothing has to be done: the file is published, and the attestations stand in the public log; the index may have turned them off for a time",
	}
}

func otherProvenance(f ledger.File, why error) error {
	return finding.Finding{
		ID: "provenance-otherwise", Severity: finding.Error, File: f.Path,
		Message: fmt.Sprintf("the index serves another provenance of %s than this run has sent: %v", f.Name, why),
		Fix:     "do not announce this release: tell the operators of the index, and yank it until it is understood",
	}
}
