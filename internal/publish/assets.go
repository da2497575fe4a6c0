package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/github"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// asAsset is the file at this place as an asset.
func (r *run) asAsset(i int) github.Asset {
	f := r.plan[i]
	return github.Asset{Name: f.Name, Size: f.Size, SHA256: f.SHA256, Open: r.files[i].Open}
}

// attach has the GitHub release hold what is published: the files, their attestations and, once all of them are there, the manifest.
// The index has the release by now, so that a failure is a warning.
func (r *run) attach(ctx context.Context) {
	if r.GitHub == nil {
		return
	}
	r.phase("GitHub release")
	assets, missed := r.assets(ctx)
	told := ledger.Attached{Outcome: ledger.ReleaseAttached, Of: len(assets) + len(finding.Of(missed)), Page: r.release.Page}
	if len(assets) > 0 {
		told.Of++ // the manifest
	}
	if ctx.Err() != nil {
		missed = nil // whatever a signal cut off is told once, below
	}
	n, err := r.handOver(ctx, assets)
	told.Assets = n
	if err == nil && missed == nil && len(assets) > 0 {
		n, err = r.handOver(ctx, []github.Asset{r.manifest()})
		told.Assets += n
	}
	if ctx.Err() != nil && err == nil {
		err = context.Cause(ctx)
	}
	for _, err := range []error{missed, err} {
		if err != nil {
			told.Outcome = ledger.ReleaseFailed
			r.notAttached(err)
		}
	}
	r.Book.Note(told)
}

// handOver attaches assets, and tells of each.
func (r *run) handOver(ctx context.Context, assets []github.Asset) (n int, err error) {
	return r.GitHub.Attach(ctx, r.release, assets, func(a github.Asset, there bool) {
		r.Book.Note(ledger.Asset{Name: a.Name, There: there, Kept: there && a.Keep})
	})
}

// notAttached tells why something was not attached.
func (r *run) notAttached(err error) {
	for _, f := range finding.Of(err) {
		if f.ID == finding.Internal {
			f.ID, f.Fix = "github-release-failed", "run the job again: what is attached is recognised, and the rest follows"
		}
		f.Severity = finding.Warning
		f.Message = "the files are published, and not all was attached to the GitHub release: " + f.Message
		r.Book.Note(ledger.Noted{Finding: f})
	}
}

// unattached tells, at the end, that a run which did not come so far has attached nothing.
func (r *run) unattached() {
	if r.GitHub != nil && !r.DryRun && r.Book.Receipt().Attached.Outcome == "" {
		r.Book.Note(ledger.Attached{Outcome: ledger.ReleaseFailed, Page: r.release.Page})
	}
}

// assets are what the release is to hold: never a file whose name the index gives other bytes. The error tells of attestations that
// could not be had; the rest is there all the same.
func (r *run) assets(ctx context.Context) (all []github.Asset, err error) {
	var missed []error
	pages := r.newPages()
	for i, f := range r.Book.Receipt().Files {
		if !f.There() {
			continue
		}
		all = append(all, r.asAsset(i))
		attested, err := r.attestationsAt(ctx, i, f, pages)
		missed = append(missed, err)
		for _, a := range attested {
			asset, err := bundleOf(f.Name, a)
			missed = append(missed, err)
			if err == nil {
				all = append(all, asset)
			}
		}
	}
	return all, errors.Join(missed...)
}

// attestationsAt are those that go with the file: sent by this run, or kept by the index of an earlier one, where reading back has
// seen those or the index serves them now. What is attached is what another run, which asks the index, would attach.
func (r *run) attestationsAt(ctx context.Context, i int, f ledger.File, pages *pages) ([]attest.Attestation, error) {
	switch {
	case len(f.Attestations) > 0:
		return r.attested[i], nil
	case r.Attest == config.AttestNever:
		return nil, nil
	}
	provenance, err := r.provenanceOf(ctx, f, pages)
	var served []attest.Attestation
	switch {
	case err != nil || provenance == nil:
	case r.Signer == nil:
		err = &attest.Unverified{File: f.Name, Reason: errors.New("nothing is known of the Sigstore that this index believes")}
	default:
		served, err = r.Signer.Served(ctx, r.files[i], provenance, r.Repository)
	}
	var unverified *attest.Unverified
	switch {
	case errors.As(err, &unverified): // another run would find the same
		r.Book.Note(ledger.Noted{Finding: finding.Finding{
			ID: "github-release-attestations", Severity: finding.Warning, File: f.Path,
			Message: fmt.Sprintf("the attestations of %s that the index has are not attached: %v", f.Name, err),
			Fix:     "nothing has to be done, if you know why: the index serves them",
		}})
	case err != nil:
		return nil, finding.Finding{
			ID: "github-release-attestations", Severity: finding.Warning, File: f.Path,
			Message: fmt.Sprintf("the attestations of %s that the index has could not be had: %v", f.Name, err),
			Fix:     "run the job again, or leave it: the index serves them",
		}
	}
	return r.servedBefore(f, served), nil
}

// servedBefore tells of the attestations that the index had with the file before this run, and gives one of each kind.
func (r *run) servedBefore(f ledger.File, all []attest.Attestation) []attest.Attestation {
	all = eachPredicate(all)
	for _, a := range all {
		told := described(a)
		told.Served = true
		r.Book.Note(ledger.Attested{File: f.Name, Attestation: told})
	}
	return all
}

// provenanceOf is what the index serves as the file's provenance; nil where it has none.
func (r *run) provenanceOf(ctx context.Context, f ledger.File, pages *pages) ([]byte, error) {
	listing, err := pages.of(ctx, f.Release.Project)
	if err != nil && !errors.Is(err, index.ErrNoLookups) {
		return nil, err
	}
	at := slices.IndexFunc(listing.Files, func(h pep.Held) bool { return h.Name == f.Name })
	switch {
	case at < 0 && f.Status == ledger.Present:
		return nil, errors.New("its page does not show the file now, and may come from an old cache")
	case at < 0, listing.Files[at].Provenance == "":
		return nil, nil
	}
	provenance, err := r.Index.Provenance(ctx, listing.Files[at])
	if errors.Is(err, index.ErrNoProvenance) {
		return nil, nil
	}
	return provenance, err
}

// eachPredicate is the first attestation of each kind: two of one kind would have one name.
func eachPredicate(all []attest.Attestation) []attest.Attestation {
	var kept []attest.Attestation
	for _, a := range all {
		if !slices.ContainsFunc(kept, func(k attest.Attestation) bool { return place(k) == place(a) }) {
			kept = append(kept, a)
		}
	}
	return kept
}

// bundleOf is an attestation of the file as Sigstore's own tools read it.
func bundleOf(name string, a attest.Attestation) (github.Asset, error) {
	text, err := a.Bundle()
	if err != nil {
		return github.Asset{}, fmt.Errorf("the attestation of %s cannot be written as a bundle: %w", name, err)
	}
	return written(name+strings.TrimSuffix(suffixOf(a), ".attestation")+".sigstore.json", text), nil
}

// manifest is what this run did, as far as it went. That of an earlier run stays: it is of the run that published.
func (r *run) manifest() github.Asset {
	receipt := r.Book.Receipt()
	first := receipt.Files[0]
	asset := written(fmt.Sprintf("%s-%s.manifest.json", strings.ReplaceAll(string(first.Release.Project), "-", "_"), first.Version), r.Manifest(receipt))
	asset.Keep = true
	return asset
}

// written is a small asset that is in memory.
func written(name string, text []byte) github.Asset {
	sum := sha256.Sum256(text)
	return github.Asset{
		Name: name, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:]),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
	}
}
