package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// unproven compares what the index serves as the provenance of the file at this place with what this run has sent. Once it was
// settled it is not asked for again. late tells that it cannot be had yet; an error, that it is not what was sent.
func (r *run) unproven(ctx context.Context, i int, f ledger.File, h pep.Held) (late bool, wrong error) {
	if len(f.Attestations) == 0 || r.proven[i] {
		return false, nil
	}
	provenance, err := r.Index.Provenance(ctx, h)
	if turnedOff(err, h) {
		r.settled(i, noProvenance(f))
		return false, nil
	}
	served, readable := attestationsIn(provenance)
	if err != nil || !readable {
		return true, nil
	}
	err = r.Signer.Verify(ctx, r.files[i], provenance, r.attested[i])
	var unverified *attest.Unverified
	switch {
	case err == nil:
		r.settled(i)
	case !errors.As(err, &unverified):
		return true, nil // it cannot be judged now
	case r.Signer.Verify(ctx, r.files[i], provenance, served) == nil:
		kept, err := r.Signer.Served(ctx, r.files[i], provenance, r.claims.Repository)
		if err != nil {
			return true, nil // nor can which they are
		}
		r.attested[i] = r.servedBefore(f, kept)
		r.settled(i, earlierProvenance(f))
	default:
		return false, otherProvenance(f, unverified)
	}
	return false, nil
}

// settled has the provenance of the file at this place not asked for again.
func (r *run) settled(i int, told ...finding.Finding) {
	r.proven[i] = true
	for _, f := range told {
		r.Book.Note(ledger.Noted{Finding: f})
	}
}

// turnedOff tells that there will be no provenance: it stands on the page with the file or never will, and an index that has
// turned attestations off answers 403 (reference: pypi-server.md, section 5.3).
func turnedOff(err error, h pep.Held) bool {
	var failed *wire.Error
	return (errors.Is(err, index.ErrNoProvenance) && h.Provenance == "") ||
		(errors.As(err, &failed) && failed.Answer != nil && failed.Answer.Status == http.StatusForbidden)
}

// attestationsIn are the attestations of a provenance object. What is none, such as the page of a proxy, is not readable.
func attestationsIn(provenance []byte) (all []attest.Attestation, readable bool) {
	var told struct {
		Bundles []struct {
			Attestations []json.RawMessage `json:"attestations"`
		} `json:"attestation_bundles"`
	}
	if json.Unmarshal(provenance, &told) != nil {
		return nil, false
	}
	for _, bundle := range told.Bundles {
		for _, text := range bundle.Attestations {
			all = append(all, attest.Attestation{JSON: text})
		}
	}
	return all, len(all) > 0
}

func noProvenance(f ledger.File) finding.Finding {
	return finding.Finding{
		ID: "no-provenance", Severity: finding.Warning, File: f.Path,
		Message: fmt.Sprintf("the index took %s with its attestations and serves no provenance of it", f.Name),
		Fix:     "nothing has to be done: the file is published, and the attestations stand in the public log; the index may have turned them off for a time",
	}
}

// earlierProvenance is told where the index had the file before, from this workflow, and this run could not know: an index that
// is sent the same bytes again says that all is well and keeps what it has.
func earlierProvenance(f ledger.File) finding.Finding {
	return finding.Finding{
		ID: "provenance-earlier", Severity: finding.Notice, File: f.Path,
		Message: fmt.Sprintf("the index has %s with attestations of an earlier run of this workflow, and keeps those", f.Name),
	}
}

func otherProvenance(f ledger.File, why error) error {
	return finding.Finding{
		ID: "provenance-otherwise", Severity: finding.Error, File: f.Path,
		Message: fmt.Sprintf("the index serves another provenance of %s than this run has sent: %v", f.Name, why),
		Fix:     "do not announce this release: tell the operators of the index, and yank it until it is understood",
	}
}
