package publish

import (
	"context"
	"errors"
	"path/filepath"
	"sort"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
)

// prepareAttestations does all of the attestations that needs no entry in a public log: it decides whether this index and this identity
// have any, and adopts those that stand beside the files and hold. It reports whether the others are to be signed. Where no index would
// take any, it says why.
func (r *run) prepareAttestations(ctx context.Context, missing []*target, claims oidc.Claims) (signing bool, err error) {
	if r.Attest == config.AttestNever {
		r.ignoreAttestationFiles(missing)
		return false, nil
	}
	if site := r.Index.Site(); r.Tokens == nil && !site.Attestations && !site.Warehouse && r.Attest != config.AttestAlways {
		r.ignoreAttestationFiles(missing) // an index without them, of which nobody expects any
		return false, nil
	}
	if why := r.unattestable(); why != nil {
		return false, r.goWithout(missing, *why)
	}
	if refused := r.Signer.CheckClaims(claims); refused != nil {
		why := finding.Of(refused)[0]
		why.Severity = finding.Notice
		why.Message = "not signed: " + why.Message
		return false, r.goWithout(missing, why)
	}
	for _, t := range missing {
		if err := r.adopt(ctx, t); err != nil {
			return false, r.tolerateOutage(ctx, missing, err)
		}
	}
	if len(unsignedOf(missing)) > 0 {
		if _, err := r.Signer.Prepare(ctx); err != nil {
			return false, r.tolerateOutage(ctx, missing, err)
		}
	}
	if r.AttestationsDir != "" {
		if err := r.PrepareFolder(r.AttestationsDir); err != nil {
			return false, unwritableFolder(err)
		}
	}
	return true, nil
}

// unattestable returns why this index, or this way to authorize, has no attestations at all; nil if it has.
func (r *run) unattestable() *finding.Finding {
	var why finding.Finding
	switch {
	case r.Tokens == nil:
		why = finding.New(finding.AttestationsOff, "not signed: an index accepts attestations only from Trusted Publishers",
			"use Trusted Publishing without `password`, or set `attestations: false`")
	case r.Signer == nil:
		why = finding.New(finding.AttestationsOff, "not signed: this index is not known to support attestations",
			"set `attestations: false` if you do not need attestations")
	default:
		return nil
	}
	return &why
}

// goWithout goes on without attestations, unless they were asked for.
func (r *run) goWithout(missing []*target, why finding.Finding) error {
	if r.Attest == config.AttestAlways {
		why.Severity, why.Fault = finding.Error, finding.Workflow
		return why
	}
	r.ignoreAttestationFiles(missing)
	r.record(why)
	return nil
}

// tolerateOutage decides whether a failure to sign ends the run before any upload. With best-effort, an outage does not.
func (r *run) tolerateOutage(ctx context.Context, missing []*target, err error) error {
	var outage *attest.Outage
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &outage) && r.Attest == config.AttestBestEffort:
		why := outage.Finding
		why.Severity = finding.Warning
		why.Message = "the files are published without attestations, as `attestations: best-effort` allows: " + why.Message
		why.Fix = "no action needed; these files stay without attestations, because an index accepts them only together with the file"
		for _, t := range missing {
			t.attestations = nil
		}
		r.Record(ledger.Unattested{})
		return r.goWithout(missing, why)
	default:
		return err
	}
}

// sign makes the publish attestation of each target that has none yet, and writes all attestations where the user wants them as well.
func (r *run) sign(ctx context.Context, missing []*target, claims oidc.Claims) error {
	unsigned := unsignedOf(missing)
	if len(unsigned) > 0 {
		if f, private := attest.PrivateRepositoryNotice(claims); private {
			r.record(f)
		}
		_, err := r.Signer.Sign(ctx, distributionsOf(unsigned),
			func(n int, a attest.Attestation) { r.addAttestation(unsigned[n], a, false) })
		if err != nil {
			return r.tolerateOutage(ctx, missing, err)
		}
	}
	return r.saveAttestations(missing)
}

// addAttestation has the attestation sent with the target, in the order of the suffixes whichever came first.
func (r *run) addAttestation(t *target, a attest.Attestation, adopted bool) {
	t.attestations = append(t.attestations, a)
	sort.SliceStable(t.attestations, func(i, j int) bool { return suffixIndex(t.attestations[i]) < suffixIndex(t.attestations[j]) })
	described := describeAttestation(a)
	described.Adopted = adopted
	r.Record(ledger.Attested{File: t.Name, Attestation: described})
}

// saveAttestations writes the attestations where the user wants them as well.
func (r *run) saveAttestations(targets []*target) error {
	if r.AttestationsDir == "" {
		return nil
	}
	for _, t := range targets {
		for _, a := range t.attestations {
			path := filepath.Join(r.AttestationsDir, t.Name+suffixOf(a))
			if err := r.Save(path, append(a.JSON, '\n')); err != nil {
				return unwritableFolder(err)
			}
		}
	}
	return nil
}

// unwritableFolder returns the finding that attestations cannot be written where the user wants them.
func unwritableFolder(err error) finding.Finding {
	f := finding.New(finding.AttestationsDir, err.Error(), "set `attestations-dir` to a writable folder, or remove it")
	f.Fault = finding.Other // a full disk is not the workflow's
	return f
}
