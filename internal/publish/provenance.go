package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// checkProvenance compares what the index serves as the provenance of a target with what this run has sent. Once that is settled it
// is not queried again. late reports that it is not there yet; an error, that it is not what was sent.
func (r *run) checkProvenance(ctx context.Context, t *target, listed pep.IndexFile, claims oidc.Claims) (late bool, wrong error) {
	if len(t.attestations) == 0 || t.provenanceDone {
		return false, nil
	}
	provenance, err := r.Index.Provenance(ctx, listed)
	if attestationsOff(err, listed) {
		r.finishProvenance(t, r.noProvenance(t, err))
		return false, nil
	}
	served, readable := attestationsIn(provenance)
	if err != nil || !readable {
		return true, nil
	}
	err = r.Signer.Verify(ctx, t.Distribution, provenance, t.attestations)
	var unverified *attest.Unverified
	switch {
	case err == nil:
		r.finishProvenance(t)
	case !errors.As(err, &unverified):
		return true, nil // it cannot be verified now
	case r.Signer.Verify(ctx, t.Distribution, provenance, served) == nil:
		all, err := r.Signer.Served(ctx, t.Distribution, provenance, claims.Repository)
		if err != nil {
			return true, nil // nor can which they are
		}
		t.attestations = r.keptByIndex(t, all)
		r.finishProvenance(t, r.earlierProvenance(t))
	default:
		return false, r.otherProvenance(t, unverified)
	}
	return false, nil
}

// finishProvenance has the provenance of a target not queried again.
func (r *run) finishProvenance(t *target, why ...finding.Finding) {
	t.provenanceDone = true
	for _, f := range why {
		r.record(f)
	}
}

// attestationsOff reports whether there will be no provenance: it stands on the page with the file or never will, and an index that
// has turned attestations off answers 403 (docs/reference/pypi-server.md §5.3). It is not requested from another origin.
func attestationsOff(err error, listed pep.IndexFile) bool {
	var foreign *index.ForeignProvenance
	return (errors.Is(err, index.ErrNoProvenance) && listed.Provenance == "") || errors.As(err, &foreign) || index.IsFinal(err)
}

// attestationsIn returns the attestations of a provenance object. What is none, such as the page of a proxy, is not readable.
func attestationsIn(provenance []byte) (all []attest.Attestation, readable bool) {
	var object struct {
		Bundles []struct {
			Attestations []json.RawMessage `json:"attestations"`
		} `json:"attestation_bundles"`
	}
	if json.Unmarshal(provenance, &object) != nil {
		return nil, false
	}
	for _, bundle := range object.Bundles {
		for _, text := range bundle.Attestations {
			all = append(all, attest.Attestation{JSON: text})
		}
	}
	return all, len(all) > 0
}

// noProvenance returns the warning about an attested file whose provenance cannot be compared, because of err.
func (r *run) noProvenance(t *target, err error) finding.Finding {
	reason := ""
	if !errors.Is(err, index.ErrNoProvenance) {
		reason = ": " + err.Error()
	}
	return finding.New(finding.NoProvenance,
		fmt.Sprintf("%s accepted %s with its attestations, but serves no provenance for it%s", r.indexName(), t.Name, reason),
		"no action needed: the file is published, and its attestations are in the public log; "+
			"the index may have turned attestations off for a time").In(t.displayPath)
}

// earlierProvenance reports that the index had the file before, from this workflow, and this run could not know: an index that is
// sent the same bytes again says that all is well and keeps what it has.
func (r *run) earlierProvenance(t *target) finding.Finding {
	return finding.New(finding.ProvenanceEarlier,
		fmt.Sprintf("%s already had %s with attestations of an earlier run of this workflow, and keeps those", r.indexName(), t.Name), "").
		In(t.displayPath)
}

func (r *run) otherProvenance(t *target, why error) error {
	reason := ": " + why.Error()
	return finding.New(finding.ProvenanceOtherwise,
		fmt.Sprintf("%s serves a different provenance for %s than this run uploaded%s", r.indexName(), t.Name, reason),
		"do not announce this release: report it to the operators of the index, and yank it until the cause is known").
		In(t.displayPath).WithDetail(reason)
}
