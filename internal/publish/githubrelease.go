package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ghrelease"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// gitHubRelease is the GitHub release that the files are attached to, if the user asked for one: found before anything is signed or
// sent, and changed after everything else.
type gitHubRelease struct {
	*run
	release ghrelease.Release // once it was found

	mu       sync.Mutex // the end of a run does not wait for a step that hangs
	page     string     // of the release, once it was found
	reported bool       // what came of it is recorded
}

// find shows that the files can be attached to the release.
func (g *gitHubRelease) find(ctx context.Context, targets []*target) error {
	if g.GitHub == nil {
		return nil
	}
	g.phase("Find release")
	var wanted []ghrelease.Asset
	for _, t := range targets {
		if t.action == ledger.ActionUpload || t.action == ledger.ActionPresent {
			wanted = append(wanted, t.asset())
		}
	}
	var err error
	if g.release, err = g.GitHub.Ready(ctx, g.Tag, wanted); err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	g.mu.Lock()
	g.page = g.release.Page
	g.mu.Unlock()
	if err == nil {
		g.Record(ledger.ReleaseFound{Tag: g.release.Tag, Draft: g.release.Draft})
	}
	return err
}

// attach has the release hold what is published: the files, their attestations and, once all of them are there, the manifest. The
// index has the files by now, so that a failure is a warning.
func (g *gitHubRelease) attach(ctx context.Context, targets []*target) {
	if g.GitHub == nil {
		return
	}
	g.phase("GitHub release")
	assets, incomplete := g.assets(ctx, onIndexOf(targets))
	attached := ledger.Attached{Outcome: ledger.ReleaseAttached, Wanted: len(assets) + len(finding.Of(incomplete))}
	if len(assets) > 0 {
		attached.Wanted++ // the manifest
	}
	if ctx.Err() != nil {
		incomplete = nil // whatever a signal cut off is reported once, below
	}
	n, err := g.send(ctx, assets)
	attached.Assets = n
	if err == nil && incomplete == nil && len(assets) > 0 {
		n, err = g.send(ctx, []ghrelease.Asset{g.manifest(targets)})
		attached.Assets += n
	}
	for _, err := range []error{incomplete, err} {
		if err != nil {
			attached.Outcome = ledger.ReleaseFailed
			g.noteFailure(err)
		}
	}
	g.report(attached)
}

// report records what came of the release, once.
func (g *gitHubRelease) report(attached ledger.Attached) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reported {
		return
	}
	g.reported = true
	attached.Page = g.page
	g.Record(attached)
}

// conclude records, at the end of a run that did not come so far, that nothing was attached.
func (g *gitHubRelease) conclude() {
	if g.GitHub != nil && !g.DryRun {
		g.report(ledger.Attached{Outcome: ledger.ReleaseFailed})
	}
}

// send attaches assets, and records each.
func (g *gitHubRelease) send(ctx context.Context, assets []ghrelease.Asset) (n int, err error) {
	return g.GitHub.Attach(ctx, g.release, assets, func(a ghrelease.Asset, there bool) {
		g.Record(ledger.Asset{Name: a.Name, Existed: there, LeftUnchanged: there && a.Keep})
	})
}

// noteFailure reports why something was not attached.
func (g *gitHubRelease) noteFailure(err error) {
	err = finding.Explain(err, finding.GitHubReleaseFailed, "run the job again: it skips attached files, and attaches the rest")
	for _, f := range finding.Of(err) {
		f.Severity = finding.Warning
		f.Message = "the files are published, but not all of them are attached to the GitHub release: " + f.Message
		g.record(f)
	}
}

// assets returns what the release is to hold of the published targets. The error is about attestations that could not be fetched;
// the rest is there all the same.
func (g *gitHubRelease) assets(ctx context.Context, published []*target) (all []ghrelease.Asset, err error) {
	var failed []error
	pages := g.listings.anew()
	for _, t := range published {
		all = append(all, t.asset())
		attestations, err := g.attestationsFor(ctx, t, pages)
		failed = append(failed, err)
		for _, a := range attestations {
			asset, err := bundleOf(t.Name, a)
			failed = append(failed, err)
			if err == nil {
				all = append(all, asset)
			}
		}
	}
	return all, errors.Join(failed...)
}

// attestationsFor returns those that go with the target: sent by this run, or kept by the index of an earlier one, where reading back
// has seen those or the index serves them now. What is attached is what another run, which asks the index, would attach.
func (g *gitHubRelease) attestationsFor(ctx context.Context, t *target, pages *listings) ([]attest.Attestation, error) {
	switch {
	case len(t.attestations) > 0:
		return t.attestations, nil
	case g.Attest == config.AttestNever:
		return nil, nil
	}
	provenance, err := g.provenanceOf(ctx, t, pages)
	var served []attest.Attestation
	switch {
	case err != nil || provenance == nil:
	case g.Signer == nil:
		err = &attest.Unverified{File: t.Name, Reason: errors.New("it is unknown which Sigstore this index trusts")}
	default:
		served, err = g.Signer.Served(ctx, t.Distribution, provenance, g.Repository)
	}
	var unverified *attest.Unverified
	switch {
	case errors.As(err, &unverified): // another run would find the same
		g.record(finding.New(finding.GitHubReleaseAttestations,
			fmt.Sprintf("the attestations that %s has for %s were not attached: %v", g.indexName(), t.Name, err),
			"no action needed if this is expected: "+g.indexName()+" serves them").In(t.displayPath))
	case err != nil:
		return nil, finding.New(finding.GitHubReleaseAttestations,
			fmt.Sprintf("the attestations that %s has for %s could not be fetched: %v", g.indexName(), t.Name, err),
			"run the job again to attach them, or leave it: "+g.indexName()+" serves them").In(t.displayPath)
	}
	return g.keptByIndex(t, served), nil
}

// provenanceOf returns what the index serves as the target's provenance; nil if it has none.
func (g *gitHubRelease) provenanceOf(ctx context.Context, t *target, pages *listings) ([]byte, error) {
	page, err := pages.get(ctx, t.release.Project)
	if err != nil && !errors.Is(err, index.ErrNoListings) {
		return nil, err
	}
	listed, ok := t.listedIn(page)
	switch {
	case !ok && t.outcome == ledger.OutcomePresent:
		return nil, errors.New("its page does not list the file, and may come from an old cache")
	case !ok, listed.Provenance == "":
		return nil, nil
	}
	provenance, err := g.Index.Provenance(ctx, listed)
	if errors.Is(err, index.ErrNoProvenance) {
		return nil, nil
	}
	return provenance, err
}

// bundleOf returns an attestation of the file as Sigstore's own tools read it.
func bundleOf(name string, a attest.Attestation) (ghrelease.Asset, error) {
	text, err := a.Bundle()
	if err != nil {
		return ghrelease.Asset{}, fmt.Errorf("the attestation of %s could not be written as a bundle: %w", name, err)
	}
	return assetInMemory(name+strings.TrimSuffix(suffixOf(a), ".attestation")+".sigstore.json", text), nil
}

// manifest returns what this run did, as far as it went. That of an earlier run stays: it is of the run that published.
func (g *gitHubRelease) manifest(targets []*target) ghrelease.Asset {
	first := targets[0]
	name := fmt.Sprintf("%s-%s.manifest.json", strings.ReplaceAll(string(first.release.Project), "-", "_"), first.version())
	asset := assetInMemory(name, g.Manifest())
	asset.Keep = true
	return asset
}

func assetInMemory(name string, text []byte) ghrelease.Asset {
	sum := sha256.Sum256(text)
	return ghrelease.Asset{
		Name: name, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:]),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
	}
}
