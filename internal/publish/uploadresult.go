package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// afterUpload returns how often the index's page is queried about a file that the index may have: it may come from a cache for some
// seconds.
func afterUpload() schedule { return schedule{attempts: 3, pause: 3 * time.Second} }

// resolve finds out what an upload came to, whose error is err. If the index says that it has the file, or may have taken it at a
// try that had no clear answer, the index's page decides. success is the result of an upload that the index accepted.
func (r *run) resolve(ctx context.Context, t *target, success ledger.Uploaded, err error) ledger.UploadResult {
	var refused *index.Refusal
	switch {
	case err == nil:
		return success
	case errors.As(err, &refused) && (refused.Exists() || refused.MayHaveFile()):
		return r.resolveExisting(ctx, t, success, refused)
	case errors.As(err, &refused):
		return rejected(t, r.withRule(t, refused))
	case wire.AmbiguousTries(err) > 0:
		if action, _ := t.compare(r.listings.awaitFile(ctx, t, afterUpload()), false); action == ledger.ActionPresent {
			return success
		}
		return r.unclear(t, err)
	case ctx.Err() != nil:
		return ledger.UploadAborted{File: t.Name}
	default:
		return r.notSent(t, err)
	}
}

// resolveExisting resolves a refusal that says the file already exists, or after which the index may have it all the same.
func (r *run) resolveExisting(ctx context.Context, t *target, success ledger.Uploaded, refused *index.Refusal) ledger.UploadResult {
	f := r.withRule(t, refused)
	listing := r.listings.awaitFile(ctx, t, afterUpload())
	if r.listings.learn(ctx, t) == nil {
		listing = r.listings.completed(listing)
	}
	action, indexDigest := t.compare(listing, false) // it was refused: nothing is replaced
	other, underOther := underOtherName(t, listing)
	switch {
	case action == ledger.ActionPresent && refused.MayHaveFile():
		return success
	case action == ledger.ActionPresent:
		return ledger.AlreadyPresent{File: t.Name}
	case !refused.Exists():
		return rejected(t, f)
	case underOther:
		f.Message += fmt.Sprintf(" (%s has the same content under the name %s)", r.indexName(), other)
		f.Fix = "publish only one of the two files: " + r.indexName() + " accepts the same content only once"
		return rejected(t, f)
	case indexDigest == "" && r.Index.Site().MayReplace() && !r.SkipExisting:
		return r.presentUnverified(t, f)
	case r.SkipExisting:
		r.record(r.skipped(t, indexDigest))
		return ledger.SkippedConflict{File: t.Name, IndexDigest: indexDigest}
	case action == ledger.ActionConflict:
		return rejected(t, r.conflict(t, indexDigest))
	default:
		return rejected(t, f)
	}
}

// presentUnverified is a refusal of a file that the index has under its name, which nothing allows to compare. It counts as there: an index
// of another kind than PyPI refuses the same bytes too, so that a release which was half-published would never be finished.
func (r *run) presentUnverified(t *target, f finding.Finding) ledger.UploadResult {
	site := r.Index.Site()
	f.Severity, f.File = finding.Warning, t.displayPath
	f.Message += "; it is unknown whether that is this file" + ownDigest(t)
	f.Fix = "compare the file's digest with the published one's: if they differ, raise the version"
	if site.Simple == nil {
		f.Fix += "; " + unseenWords(site) + ": " + setIndexURL
	}
	r.record(f)
	return ledger.AlreadyPresent{File: t.Name, Unverified: true}
}

// underOtherName returns the other name under which the index lists the target's bytes.
func underOtherName(t *target, listing pep.Listing) (name string, ok bool) {
	for _, listed := range listing.Files {
		if theirs, ours := t.digests(listed); listed.Name != t.Name && theirs != "" && theirs == ours {
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
			f.Fix = fmt.Sprintf("%s (the rule `%s` reported this before the upload)", cmp.Or(earlier.Fix, f.Fix), rule.ID)
			return f
		}
	}
	if rule.Certain() {
		f.Fix += fmt.Sprintf("; also report this to pypi-oidc-publish, with the file's metadata: "+
			"its rule `%s` should have found it before the upload", rule.ID)
	} else {
		f.Fix += fmt.Sprintf(" (the rule `%s` covers this, based on %s)", rule.ID, rule.Basis)
	}
	return f
}

func rejected(t *target, f finding.Finding) ledger.UploadResult {
	f.File = t.displayPath
	return ledger.Rejected{File: t.Name, Finding: f}
}

// unclear returns the result of an upload that was sent completely and had no clear answer to its last try.
func (r *run) unclear(t *target, failed error) ledger.UploadResult {
	f := finding.New(finding.UploadDoubtful,
		fmt.Sprintf("it is unknown whether %s has %s: %v", r.indexName(), t.Name, wire.WithServerMessage(failed)),
		r.afterOutage(failed, "run the job again: it skips the file if it is already published, and uploads it if not"))
	var unreadable *wire.Unreadable
	if errors.As(failed, &unreadable) {
		f.Message = fmt.Sprintf("%s answered the upload of %s, but the answer cannot be read: %v", r.indexName(), t.Name, failed)
		f.Fix = wire.Advice(failed) + "; such an answer is often a rejection, which `verify-metadata: true` finds before the upload"
	}
	return ledger.OutcomeUnknown{File: t.Name, Finding: f.In(t.displayPath)}
}

// afterOutage returns the next step after an upload that was tried until its budget was spent: again, or another one if the tries lasted
// until the index's own time limit.
func (r *run) afterOutage(err error, again string) string {
	if r.cutAtLimit(err) {
		return fmt.Sprintf("always this file: the line is too slow for %s's time limit (%v for one file); make the file smaller, "+
			"upload fewer files at a time (`parallel-uploads`), or publish from a runner with a faster connection", r.indexName(),
			indexLimit)
	}
	if status := r.Index.Site().Status; status != "" && wire.ErrorOf(err) != nil {
		return "check " + status + ", and " + again
	}
	return again
}

// cutAtLimit reports whether the last tries of an upload all ended about when the index gives up on one.
func (r *run) cutAtLimit(err error) bool {
	const enough = 2
	failed := wire.ErrorOf(err)
	if failed == nil || len(failed.Took) < enough || !r.Index.Site().Warehouse {
		return false
	}
	return !slices.ContainsFunc(failed.Took[len(failed.Took)-enough:], func(took time.Duration) bool { return took < indexLimit*9/10 })
}

// notSent returns the result of an upload that failed before the index could have the file.
func (r *run) notSent(t *target, err error) ledger.UploadResult {
	err = withChange(err, "the file was changed while it was published, so it is not the one that was checked")
	err = finding.Explain(err, finding.UploadFailed,
		cmp.Or(wire.Advice(err), r.afterOutage(err, "run the job again: it skips files that are already published, and uploads the rest")))
	f := finding.Of(err)[0] // err is not nil, so that there is one
	f.File, f.Message = t.displayPath, fmt.Sprintf("could not upload %s: %s", t.Name, f.Message)
	return ledger.UploadFailed{File: t.Name, Finding: f}
}

// withChange returns err or, if it is about a file that was changed, a finding with this message.
func withChange(err error, message string) error {
	var changed *distfile.ChangedError
	if !errors.As(err, &changed) {
		return err
	}
	return finding.New(finding.FileChanged, message, "make sure that no other step writes to the file, then run the job again")
}
