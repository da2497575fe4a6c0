// Package publish carries out one publishing run: it takes the distributions of one set from files to the index.
//
// One distribution is one value, a [target]; the steps of a run work on lists of them, one source file each. A step says what
// happens by recording events, and never reads them back: what a later step needs is a result, or stands in the target.
package publish

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Run does a run. Its error is nil if every file was accepted, already there, or skipped as asked. Everything about the run is
// recorded, also after a panic and after a signal, which is a done ctx.
func Run(ctx context.Context, o Options, d Deps) error {
	r := newRun(o, d)
	r.Record(ledger.Began{
		At: r.Now(), Index: r.Index.Site().Upload.String(), IndexName: r.indexName(), Auth: o.AuthReason, DryRun: o.DryRun,
	})
	release := &gitHubRelease{run: r}
	err := par.Catch(func() error { return r.steps(ctx, release) })
	if err != nil && !errors.Is(err, ErrIncomplete) {
		for _, f := range findingsFor(ctx, err) {
			r.record(f)
		}
	}
	release.conclude()
	r.Record(ledger.Ended{At: r.Now()})
	return err
}

// cancelGrace is how long a run that was cancelled waits for a step: none takes longer unless something holds it that no signal ends, such
// as a file system that does not answer.
const cancelGrace = 3 * time.Second

// steps does the steps of a run, in their order. What can fail on this machine fails before there is a credential.
func (r *run) steps(ctx context.Context, release *gitHubRelease) error {
	var found prepared
	if err := par.Interruptible(ctx, cancelGrace, func() (err error) {
		found, err = r.prepare(ctx, release)
		return err
	}); err != nil || r.DryRun {
		return err
	}
	var first *firstLook
	if len(missingOf(found.targets)) > 0 {
		var err error
		if first, err = r.transfer(ctx, found); err != nil {
			return err
		}
	}
	return par.Interruptible(ctx, cancelGrace, func() error {
		if err := r.readBack(ctx, found.targets, found.claims, first); err != nil {
			return err
		}
		release.attach(ctx, found.targets)
		return nil
	})
}

// prepared is what is known before there is a credential.
type prepared struct {
	targets []*target
	claims  oidc.Claims // of this run; zero if nothing is missing
	signing bool        // attestations are to be made
}

// prepare does the steps that need no credential for uploads. A dry run ends with them.
func (r *run) prepare(ctx context.Context, release *gitHubRelease) (p prepared, err error) {
	r.phase("Collect")
	found, err := r.collect(ctx)
	if err != nil {
		return p, err
	}
	p.targets = found.targets
	r.phase("Check")
	if err := r.check(ctx, found); err != nil {
		return p, err
	}
	r.phase("Plan")
	if err := r.plan(p.targets); err != nil {
		return p, err
	}
	if r.DryRun {
		return p, r.dryRunSteps(ctx, p.targets, release)
	}
	if err := release.find(ctx, p.targets); err != nil {
		return p, err
	}
	if waited, err := r.awaitOthers(ctx, p.targets); err != nil {
		return p, err
	} else if waited {
		if err := r.plan(p.targets); err != nil {
			return p, err
		}
	}
	missing := missingOf(p.targets)
	if len(missing) == 0 {
		return p, nil
	}
	if r.Tokens != nil {
		r.phase("Identify")
	}
	if p.claims, err = r.identify(ctx); err != nil {
		return p, err
	}
	p.signing, err = r.prepareAttestations(ctx, missing, p.claims)
	return p, err
}

// dryRunPatience is how long a dry run goes on asking for the audience and an ID token, which it needs only to report them.
const dryRunPatience = time.Minute

// dryRunSteps does the steps after the plan that change nothing. No token is requested: that could create a project.
func (r *run) dryRunSteps(ctx context.Context, targets []*target, release *gitHubRelease) error {
	r.phase("Dry run")
	unattachable := release.find(ctx, targets)
	_, unidentified := r.identify(wire.Until(ctx, r.Now().Add(dryRunPatience)))
	if len(missingOf(targets)) == 0 {
		unidentified = nil // it would not be used
	}
	return r.dryRun(ctx, unattachable, unidentified)
}

// transfer requests the upload token, signs and uploads. The revocation is deferred before the first token is requested, so that none
// outlives the upload. The token comes before the signatures: an entry in a public log cannot be deleted, so none is made for an
// identity that the index does not let publish. After a signal, the revocation waits for nothing else.
//
// If everything was uploaded, the first look of the read-back is under way while the token is revoked.
func (r *run) transfer(ctx context.Context, found prepared) (first *firstLook, err error) {
	defer r.revoke(ctx)
	missing := missingOf(found.targets)
	if err := par.Interruptible(ctx, cancelGrace, func() error {
		if r.Tokens != nil {
			r.phase("Authorize")
		}
		if err := r.authorize(ctx, missing, found.signing); err != nil {
			return err
		}
		if found.signing {
			r.phase("Attest")
			if err := r.sign(ctx, missing, found.claims); err != nil {
				return err
			}
		}
		r.phase("Upload")
		return r.upload(ctx, missing)
	}); err != nil {
		return nil, err
	}
	return r.lookFirst(ctx, found.targets), nil
}

// findingsFor returns what to report for err. When ctx was cancelled, errors that only repeat the cause are dropped.
func findingsFor(ctx context.Context, err error) []finding.Finding {
	cause := context.Cause(ctx)
	if cause == nil {
		return finding.Of(err)
	}
	var all []finding.Finding
	for _, f := range finding.Of(err) {
		if !strings.Contains(f.Message, cause.Error()) {
			all = append(all, f)
		}
	}
	why := cause.Error()
	var left *par.Abandoned
	if errors.As(err, &left) {
		why = left.Error()
	}
	return append(all, finding.New(finding.Cancelled,
		"the run was cancelled: "+why,
		"run the job again: it skips files that are already published, and uploads the rest"))
}

// Misconfigured reports whether err can only be fixed by editing the workflow.
func Misconfigured(err error) bool {
	found := finding.Of(err)
	return len(found) > 0 && !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.Fault != finding.Workflow })
}
