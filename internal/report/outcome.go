package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// attached returns the result of attaching the files to the GitHub release.
func attached(e ledger.Attached) string {
	switch {
	case e.Outcome == ledger.ReleaseAttached && e.Wanted == 0:
		return "nothing to attach to the GitHub release: no file of this run is published"
	case e.Outcome == ledger.ReleaseAttached:
		return fmt.Sprintf("the GitHub release has %s of this run", files(e.Assets))
	case e.Wanted > 0:
		return fmt.Sprintf("the GitHub release has only %d of %s of this run", e.Assets, files(e.Wanted))
	default:
		return "nothing was attached to the GitHub release"
	}
}

// outcome prints the receipt as lines of the log.
func (r *Reporter) outcome(receipt ledger.Receipt) {
	r.line("%s", headline(receipt))
	planned := receipt.Result() == ledger.DryRun
	for _, f := range receipt.Files {
		digest := ""
		if r.options.Hashes {
			digest = "  sha256 " + f.SHA256
		}
		r.line("  %s: %s  %s%s", status(f, planned, receipt.IndexName), f.Name, size(f.Size), digest)
	}
	if n := attestedFiles(receipt); n > 0 {
		r.line("  attested: %s, by %s", files(n), identityOf(receipt))
	}
	for _, line := range tokenLines(receipt.Token, receipt.IndexName) {
		r.line("  %s", line)
	}
	switch unverified := notVerified(receipt); {
	case receipt.Verified == ledger.Served:
		r.line("  verified: %s", readBack(ledger.ReadBack{Served: true, Skipped: receipt.Count(ledger.OutcomeSkipped)}, receipt.IndexName))
	case unverified != "":
		r.line("  not verified: %s", unverified)
	}
	if receipt.Attached.Outcome != "" {
		r.line("  %s", attached(receipt.Attached))
	}
	printed := map[string]bool{} // a simple page is that of all releases of a project
	for _, release := range receipt.Releases {
		if release.URL != "" && hasPage(receipt) && !printed[release.URL] {
			printed[release.URL] = true
			r.line("  page: %s", release.URL)
		}
	}
	if took := elapsed(receipt.Began, receipt.Ended); took > 0 {
		r.line("  time: %s", duration(took))
	}
}

// hasPage reports whether the index has a page with files of the run's releases.
func hasPage(r ledger.Receipt) bool {
	return slices.ContainsFunc(r.Files, func(f ledger.File) bool {
		return f.Outcome.OnIndex() || f.Outcome == ledger.OutcomeSkipped || f.Outcome == ledger.OutcomeConflict
	})
}

// tokenLines returns what happened to the upload tokens, for the log.
func tokenLines(t ledger.Token, index string) []string {
	var lines []string
	switch {
	case t.Minted > 0 && t.Restricted:
		lines = append(lines, fmt.Sprintf("upload token: requested%s, restricted to %s until %s; %s",
			at(t.MintedAt), strings.Join(t.Projects, ", "), clock(t.Expires), revocationText(t.Known, t.BurnedAt, index)))
	case t.Minted > 0:
		lines = append(
			lines, fmt.Sprintf("upload token: requested%s, not restricted; %s", at(t.MintedAt), revocationText(t.Known, t.BurnedAt, index)),
		)
	}
	if t.Lost > 0 {
		lines = append(lines, "upload token: "+lostMints(t))
	}
	return lines
}

// tokenRequests returns a number of requests for an upload token.
func tokenRequests(n int) string { return phrase.Count(n, "token request") }

// lostMints returns the note that a request may have left a token that the run does not know.
func lostMints(t ledger.Token) string {
	return tokenRequests(t.Lost) + " got no clear answer; an unused token may exist for up to 15 minutes, then it expires"
}

// headline returns the outcome in one line.
func headline(r ledger.Receipt) string {
	return sentence(r, func(release ledger.Release) string { return release.Name + " " + release.Version })
}

// sentence returns the outcome, with each release as name returns it. Log and summary share it.
func sentence(r ledger.Receipt, name func(ledger.Release) string) string {
	names := make([]string, 0, len(r.Releases))
	for _, release := range r.Releases {
		names = append(names, name(release))
	}
	what := strings.Join(names, ", ")
	switch r.Result() {
	case ledger.Published:
		return fmt.Sprintf("published %s: %s", what, tally(r))
	case ledger.Unchanged, ledger.AllSkipped:
		return fmt.Sprintf("%s for %s: %s", nothingToUpload(r), what, tally(r))
	case ledger.Partial:
		if missing(r) == 0 {
			return fmt.Sprintf("published %s with errors: %s", what, tally(r))
		}
		return fmt.Sprintf("partially published %s: %s; %s", what, tally(r), toFinish(r))
	case ledger.DryRun:
		return fmt.Sprintf("dry run of %s: %s", what, toDo(r))
	case ledger.Failed:
	}
	switch {
	case r.Count(ledger.OutcomeUnclear) > 0:
		return fmt.Sprintf("no upload was confirmed for %s; %s", what, toFinish(r))
	case what == "":
		return "nothing was published"
	case r.Count(ledger.OutcomePresent) > 0:
		return fmt.Sprintf("nothing was uploaded for %s: %s", what, tally(r))
	default:
		return fmt.Sprintf("nothing was uploaded for %s", what)
	}
}

// nothingToUpload returns the beginning of the outcome of a run that had nothing to upload. Skipped files are not published.
func nothingToUpload(r ledger.Receipt) string {
	if r.Count(ledger.OutcomeSkipped) > 0 {
		return "nothing was uploaded"
	}
	return "nothing to upload"
}

// readBack returns the result of reading back.
func readBack(e ledger.ReadBack, index string) string {
	switch {
	case e.Served && e.Skipped > 0:
		return fmt.Sprintf("%s serves every file with its digest, except %s that the run skipped", index, files(e.Skipped))
	case e.Served:
		return index + " serves every file with its digest"
	case e.Silent > 0:
		return index + " serves every file, but without a digest for " + files(e.Silent)
	case e.Otherwise:
		return index + " serves something other than what was uploaded"
	case len(e.Missing) > 0:
		return index + " did not serve everything yet" // a missing item may be a file's provenance
	default:
		return index + " did not serve every file twice in a row"
	}
}

// OnlyEvidence is what a run that did not see its files on the index knows of them. The threat model has the same sentence.
const OnlyEvidence = "for a file that was not seen on the index, its answer is the only evidence"

// notVerified returns why the files that the run uploaded count as published but not as verified; empty if they are verified, or there are
// none.
func notVerified(r ledger.Receipt) string {
	switch {
	case r.Verified == ledger.Served, r.Count(ledger.OutcomeUploaded) == 0:
		return ""
	case r.Verified == ledger.NotAsked:
		return "the run did not check what " + r.IndexName + " serves; " + OnlyEvidence
	case r.ReadBack.Otherwise, r.ReadBack.Silent > 0:
		return readBack(r.ReadBack, r.IndexName)
	default:
		return readBack(r.ReadBack, r.IndexName) + "; " + OnlyEvidence
	}
}

// tally returns how many files have each outcome.
func tally(r ledger.Receipt) string {
	var parts []string
	add := func(n int, word string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", files(n), word))
		}
	}
	add(r.Count(ledger.OutcomeUploaded), "uploaded")
	add(r.Count(ledger.OutcomePresent), "already published")
	add(r.Count(ledger.OutcomeSkipped), "skipped ("+nameTaken(r)+")")
	add(missing(r), "not published")
	return strings.Join(parts, ", ")
}

// nameTaken returns why the skipped files of a run are not published.
func nameTaken(r ledger.Receipt) string {
	n, different := 0, 0
	for _, f := range r.Files {
		if f.Outcome == ledger.OutcomeSkipped {
			n++
			if f.IndexDigest != "" {
				different++
			}
		}
	}
	switch {
	case n == 1 && different == 1:
		return "a different file with this name exists"
	case n == 1:
		return "a file with this name exists"
	case n == different:
		return "different files with these names exist"
	default:
		return "files with these names exist"
	}
}

// toDo returns how many files a run would upload, or not.
func toDo(r ledger.Receipt) string {
	text := files(missing(r)) + " to upload"
	if n := r.Count(ledger.OutcomePresent); n > 0 {
		text += fmt.Sprintf(", %d already published", n)
	}
	if n := r.Count(ledger.OutcomeSkipped); n > 0 {
		text += fmt.Sprintf(", %d to skip", n)
	}
	return text
}

// toFinish returns how to complete a release that is incomplete.
func toFinish(r ledger.Receipt) string {
	if r.Count(ledger.OutcomeRejected) > 0 {
		return "see why files were rejected before you run the job again"
	}
	return "run the job again to finish"
}

// missing returns how many files the index may lack.
func missing(r ledger.Receipt) int {
	return len(r.Files) - r.Count(ledger.OutcomePresent) - r.Count(ledger.OutcomeUploaded) - r.Count(ledger.OutcomeSkipped)
}

// revocationText returns what became of the upload tokens, and when they were revoked.
func revocationText(b ledger.Burned, when time.Time, index string) string {
	switch b {
	case ledger.BurnProven:
		return fmt.Sprintf("revoked%s (%s now rejects it)", at(when), index)
	case ledger.BurnAccepted:
		return fmt.Sprintf("revocation accepted%s, but %s did not show that it now rejects the token", at(when), index)
	case ledger.BurnUnsupported:
		return fmt.Sprintf("not revoked, because %s does not support it; it expires by itself", index)
	case ledger.BurnFailed:
		return "could not confirm that it was revoked; it expires by itself"
	default:
		return "none was requested"
	}
}

// status returns a file's status for people. planned is set for a dry run, in which no upload was tried.
func status(f ledger.File, planned bool, index string) string {
	switch f.Outcome {
	case ledger.NotAttempted:
		if planned {
			return "to upload"
		}
		return "not uploaded"
	case ledger.OutcomePresent:
		return "already published"
	case ledger.OutcomeConflict:
		return "conflict (" + otherFile(index, f.IndexDigest) + ")"
	case ledger.OutcomeSkipped:
		return "skipped (" + otherFile(index, f.IndexDigest) + ")"
	case ledger.OutcomeRejected:
		return "rejected"
	case ledger.OutcomeUnclear:
		return "no clear answer (" + index + " may have it)"
	case ledger.OutcomeFailed:
		return "upload failed"
	default:
		return string(f.Outcome)
	}
}

// attestedFiles returns how many files have an attestation.
func attestedFiles(r ledger.Receipt) int {
	n := 0
	for _, f := range r.Files {
		if len(f.Attestations) > 0 {
			n++
		}
	}
	return n
}

// identityOf returns the workflow that signed.
func identityOf(r ledger.Receipt) string {
	for _, f := range r.Files {
		for _, a := range f.Attestations {
			if a.Identity != "" {
				return a.Identity
			}
		}
	}
	return "this workflow"
}
