package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// attached returns the result of attaching the files to the GitHub release.
func attached(e ledger.Attached) string {
	switch {
	case e.Outcome == ledger.ReleaseAttached && e.Wanted == 0:
		return "no file of this run is published, so there was nothing to attach to the GitHub release"
	case e.Outcome == ledger.ReleaseAttached:
		return fmt.Sprintf("the GitHub release has %s of this run", files(e.Assets))
	case e.Wanted > 0:
		return fmt.Sprintf("the GitHub release has %d of %s of this run", e.Assets, files(e.Wanted))
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
		r.line("  %s: %s  %s%s", status(f, planned), f.Name, size(f.Size), digest)
	}
	if n := attestedFiles(receipt); n > 0 {
		r.line("  attested: %s, as %s", files(n), identityOf(receipt))
	}
	for _, line := range tokenLines(receipt.Token) {
		r.line("  %s", line)
	}
	if receipt.Verified == ledger.Served {
		r.line("  read back: %s", readBack(ledger.ReadBack{Served: true, Skipped: receipt.Count(ledger.OutcomeSkipped)}))
	}
	if receipt.Attached.Outcome != "" {
		r.line("  %s", attached(receipt.Attached))
	}
	for _, release := range receipt.Releases {
		if release.URL != "" && hasPage(receipt) {
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
func tokenLines(t ledger.Token) []string {
	var lines []string
	switch {
	case t.Minted > 0 && t.Narrowed:
		lines = append(lines, fmt.Sprintf("upload token: minted%s, narrowed to %s until %s; %s",
			at(t.MintedAt), strings.Join(t.Projects, ", "), clock(t.Expires), tokenEnd(t)))
	case t.Minted > 0:
		lines = append(lines, fmt.Sprintf("upload token: minted%s, not narrowed; %s", at(t.MintedAt), tokenEnd(t)))
	}
	if t.Lost > 0 {
		lines = append(lines, "upload token: "+lostMints(t))
	}
	return lines
}

// tokenEnd returns what became of the upload tokens, and when the index revoked them. A token that expires by itself has no such time.
func tokenEnd(t ledger.Token) string {
	if t.Known == ledger.BurnProven || t.Known == ledger.BurnAccepted {
		return burned(t.Known) + at(t.BurnedAt)
	}
	return burned(t.Known)
}

// lostMints returns the note that a request may have left a token that the run does not know.
func lostMints(t ledger.Token) string {
	return fmt.Sprintf("%s had no clear answer: a token that nobody knows may be left for 15 minutes, after which it expires by itself",
		phrase.Count(t.Lost, "mint"))
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
	case ledger.Unchanged:
		return fmt.Sprintf("nothing to upload of %s: %s", what, tally(r))
	case ledger.Partial:
		return fmt.Sprintf("partly published %s: %s; %s", what, tally(r), toFinish(r))
	case ledger.DryRun:
		return fmt.Sprintf("dry run of %s: %s", what, toDo(r))
	case ledger.Failed:
	}
	switch {
	case r.Count(ledger.OutcomeUnclear) > 0:
		return fmt.Sprintf("nothing of %s is known to have been uploaded; %s", what, toFinish(r))
	case what == "":
		return "nothing was published"
	case r.Count(ledger.OutcomePresent) > 0:
		return fmt.Sprintf("nothing of %s was uploaded: %s", what, tally(r))
	default:
		return fmt.Sprintf("nothing of %s was uploaded", what)
	}
}

// readBack returns the result of reading back.
func readBack(e ledger.ReadBack) string {
	switch {
	case e.Served && e.Skipped > 0:
		return fmt.Sprintf("the index serves every file with its digest, but for what was skipped (%s)", files(e.Skipped))
	case e.Served:
		return "the index serves every file with its digest"
	case e.Silent > 0:
		return "the index serves every file, and tells no digest of " + files(e.Silent)
	case e.Otherwise:
		return "the index serves something else than it was sent"
	case len(e.Missing) > 0:
		return "the index was not seen to serve everything" // a missing item may be a file's provenance
	default:
		return "the index was not seen to serve every file twice in a row"
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
	add(r.Count(ledger.OutcomePresent), "already there")
	add(r.Count(ledger.OutcomeSkipped), "skipped")
	add(missing(r), "missing")
	return strings.Join(parts, ", ")
}

// toDo returns how many files a run would upload, or not.
func toDo(r ledger.Receipt) string {
	text := files(missing(r)) + " to be uploaded"
	if n := r.Count(ledger.OutcomePresent); n > 0 {
		text += fmt.Sprintf(", %d already there", n)
	}
	if n := r.Count(ledger.OutcomeSkipped); n > 0 {
		text += fmt.Sprintf(", %d to be skipped", n)
	}
	return text
}

// toFinish returns how to complete a release that is incomplete, or complete with errors.
func toFinish(r ledger.Receipt) string {
	switch {
	case missing(r) == 0:
		return "no file is missing, but see what went wrong"
	case r.Count(ledger.OutcomeRejected) > 0:
		return "see what was refused before running it again"
	default:
		return "running it again finishes it"
	}
}

// missing returns how many files the index may lack.
func missing(r ledger.Receipt) int {
	return len(r.Files) - r.Count(ledger.OutcomePresent) - r.Count(ledger.OutcomeUploaded) - r.Count(ledger.OutcomeSkipped)
}

// burned returns what became of the upload tokens.
func burned(b ledger.Burned) string {
	switch b {
	case ledger.BurnProven:
		return "burned (the index then refused it)"
	case ledger.BurnAccepted:
		return "burn accepted by the index, which went on taking it or gave no proof"
	case ledger.BurnUnsupported:
		return "not burned, since this index has no way to: it expires by itself"
	case ledger.BurnFailed:
		return "not burned, as far as anybody knows: it expires by itself"
	default:
		return "none was minted"
	}
}

// status returns a file's status for people. planned is set for a dry run, in which no upload was tried.
func status(f ledger.File, planned bool) string {
	if f.Outcome == ledger.NotAttempted && planned {
		return "to be uploaded"
	}
	switch f.Outcome {
	case ledger.OutcomePresent:
		return "already there"
	case ledger.OutcomeConflict:
		if f.IndexDigest == "" {
			return "in conflict: the index has a file of this name"
		}
		return "in conflict: the index has other bytes"
	case ledger.OutcomeSkipped:
		return "skipped: the index has a file of this name"
	case ledger.OutcomeUnclear:
		return "cut off: the index may have it"
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
