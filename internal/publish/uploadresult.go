package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// afterUpload is how often the index's page is queried about a file that the index may have: it may come from a cache for some
// seconds.
func afterUpload() schedule { return schedule{attempts: 3, pause: 3 * time.Second} }

// resolve finds out what an upload came to, whose error is err. If the index says that it has the file, or may have taken it at a
// try that had no clear answer, the index's page decides. success is the result of an upload that the index accepted.
func (r *run) resolve(ctx context.Context, t *target, success ledger.Uploaded, err error) ledger.UploadResult {
	var refused *index.Refusal
	switch {
	case err == nil:
		return success
	case errors.As(err, &refused) && (refused.Exists() || refused.AmbiguousTries > 0):
		return r.resolveExisting(ctx, t, success, refused)
	case errors.As(err, &refused):
		return rejected(t, r.withRule(t, refused))
	case wire.AmbiguousTries(err) > 0:
		if action, _ := t.compare(r.listings.find(ctx, t, afterUpload()), false); action == ledger.ActionPresent {
			return success
		}
		return unclear(t, err)
	case ctx.Err() != nil:
		return ledger.UploadAborted{File: t.Name}
	default:
		return notSent(t, err)
	}
}

// resolveExisting resolves a refusal that says the file already exists, or that followed an ambiguous try.
func (r *run) resolveExisting(ctx context.Context, t *target, success ledger.Uploaded, refused *index.Refusal) ledger.UploadResult {
	f := r.withRule(t, refused)
	listing := r.listings.find(ctx, t, afterUpload())
	action, indexDigest := t.compare(listing, false) // it was refused: nothing is replaced
	other, underOther := underOtherName(t, listing)
	switch {
	case action == ledger.ActionPresent && refused.AmbiguousTries > 0:
		return success
	case action == ledger.ActionPresent:
		return ledger.AlreadyPresent{File: t.Name}
	case !refused.Exists():
		return rejected(t, f)
	case underOther:
		f.Message += fmt.Sprintf(" (the index has these bytes under the name %s)", other)
		f.Fix = "publish one of the two files: the index takes the same bytes only once"
		return rejected(t, f)
	case r.SkipExisting:
		r.note(skipped(t, indexDigest))
		return ledger.SkippedConflict{File: t.Name, IndexDigest: indexDigest}
	case action == ledger.ActionConflict:
		return rejected(t, conflict(t, indexDigest))
	case refused.AmbiguousTries > 0 && !r.Index.Site().Warehouse: // which takes the same bytes again
		f.Message += " (an earlier try of this upload had no clear answer, so that the file there may be this one)"
		f.Fix = "compare its digest with this file's: where they are the same, finish the release with `skip-existing: true`; with `index-url` the next run sees it by itself"
		return rejected(t, f)
	default:
		return rejected(t, f)
	}
}

// underOtherName returns the other name under which the index lists the target's bytes.
func underOtherName(t *target, listing pep.Listing) (name string, ok bool) {
	for _, listed := range listing.Files {
		if theirs, ours := digestsOf(t.Distribution, listed); listed.Name != t.Name && theirs != "" && theirs == ours {
			return listed.Name, true
		}
	}
	return "", false
}

// withRule returns a refusal with the preflight rule that covers it, if there is one.
func (r *run) withRule(t *target, refused *index.Refusal) finding.Finding {
	f := refused.Finding()
	rule, known := preflight.RuleOf(refused.Message)
	if !known || !r.Index.Site().Warehouse {
		return f // another index may mean something else by the same words
	}
	for _, earlier := range t.findings {
		if earlier.ID == rule.ID {
			f.Fix = fmt.Sprintf("%s (the rule `%s` told it before the upload, and was let pass)", cmp.Or(earlier.Fix, f.Fix), rule.ID)
			return f
		}
	}
	if rule.Certain() {
		f.Fix += fmt.Sprintf("; the rule `%s` should have told it before the upload: please report that, with the file's metadata", rule.ID)
	} else {
		f.Fix += fmt.Sprintf(" (the rule `%s` is about this, and judges by %s)", rule.ID, rule.Basis)
	}
	return f
}

func rejected(t *target, f finding.Finding) ledger.UploadResult {
	f.File = t.shown
	return ledger.Rejected{File: t.Name, Finding: f}
}

// unclear is an upload that was sent completely and had no clear answer to its last try.
func unclear(t *target, failed error) ledger.UploadResult {
	f := finding.New(finding.UploadDoubtful,
		fmt.Sprintf("nobody knows whether the index has %s: %v", t.Name, wire.WithServerMessage(failed)),
		"run the job again: if the index has the file it will be recognised, else it is uploaded")
	var unreadable *wire.Unreadable
	if errors.As(failed, &unreadable) {
		f.Message = fmt.Sprintf("the index answered the upload of %s, and its answer cannot be read: %v", t.Name, failed)
		f.Fix = wire.Advice(failed) + "; such an answer is often a refusal, which `verify-metadata: true` finds before the upload"
	}
	return ledger.OutcomeUnknown{File: t.Name, Finding: f.In(t.shown)}
}

// notSent is an upload that failed before the index could have the file.
func notSent(t *target, err error) ledger.UploadResult {
	var changed *dist.ChangedError
	if errors.As(err, &changed) {
		err = finding.New(finding.FileChanged,
			"it was written to during the run, so its digests are no longer true",
			"let no other step write there, and run the job again")
	}
	err = finding.Explain(err, finding.UploadFailed,
		cmp.Or(wire.Advice(err), "run the job again: what the index has is recognised, and the rest is uploaded"))
	f := finding.Of(err)[0] // err is not nil, so that there is one
	f.File, f.Message = t.shown, fmt.Sprintf("%s could not be uploaded: %s", t.Name, f.Message)
	return ledger.UploadFailed{File: t.Name, Finding: f}
}
