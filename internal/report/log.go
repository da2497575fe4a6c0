package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// Watch prints one event as lines of the log, or as a group. Most events of the end of a run are shown by [Reporter.Close] instead.
func (r *Reporter) Watch(event ledger.Event) {
	switch e := event.(type) {
	case ledger.Began:
		what := "publishing to"
		if e.DryRun {
			what = "dry run, which sends nothing to"
		}
		r.line("%s %s (%s)", what, e.Index, e.How)
	case ledger.Phase:
		r.endGroup()
		r.end = r.console.Group(e.Name)
	case ledger.Collected:
		r.collected(e.Files)
	case ledger.Judged:
		r.line("%s", judged(e))
	case ledger.Planned:
		r.planned(e.Files)
	case ledger.Identified:
		r.identified(e.Identity)
	case ledger.Unmatched:
		r.unmatched(e.Publisher)
	case ledger.Attested:
		r.line("%s %s: %s", verbOf(e.Attestation), e.File, logEntry(e.Attestation))
	case ledger.Minted:
		r.minted(e)
	case ledger.Widened:
		r.line("the index could not read the narrowed upload token, so it is used as it was minted: %s", e.Words)
	case ledger.MintLost:
		r.line("a mint had no clear answer: there may be a token that nobody knows, for 15 minutes at most")
	case ledger.Started:
		r.line("uploading %s", e.File)
	case ledger.Progress:
		r.line("  %s: %s of %s, %s/s, %s left", e.File, size(e.Sent), size(e.Size), size(int64(e.Rate)), duration(e.Left))
	case ledger.Uploaded:
		r.line("uploaded %s in %s", e.File, duration(e.Took))
	case ledger.AlreadyPresent:
		r.line("already there: %s (the index says so)", e.File)
	case ledger.SkippedConflict:
		r.line("skipped %s: the index has a file of this name", e.File)
	case ledger.Rejected:
		r.line("refused %s", e.File)
	case ledger.OutcomeUnknown:
		r.line("cut off %s when all of it was sent: the index may have it", e.File)
	case ledger.UploadFailed:
		r.line("failed to upload %s: the index has nothing of it", e.File)
	case ledger.UploadAborted:
		r.line("gave up %s before the index had it", e.File)
	case ledger.BurnedAll:
		r.line("upload token: %s", burned(e.Outcome))
	case ledger.ReadBack:
		r.line("%s", readBack(e))
	case ledger.ReleaseFound:
		r.line("%s", destined(e))
	case ledger.Asset:
		r.line("%s", asset(e))
	case ledger.Attached:
		r.line("%s", strings.TrimSpace(attached(e)+" "+e.Page))
	case ledger.Tried:
		r.tried(e)
	case ledger.Unattested:
		r.line("the files go without attestations")
	case ledger.Noted, ledger.Ended:
		// Findings are shown at the end, together.
	}
}

func (r *Reporter) collected(files []ledger.File) {
	for _, f := range files {
		r.line("%s  %s", f.Name, size(f.Size))
		if r.options.Hashes {
			r.line("  sha256  %s", f.SHA256)
			r.line("  blake2b %s", f.BLAKE2b)
		}
	}
}

func (r *Reporter) planned(files []ledger.File) {
	for _, f := range files {
		switch f.Action {
		case ledger.ActionPresent:
			r.line("already there: %s (the same bytes)", f.Name)
		case ledger.ActionConflict:
			r.line("in conflict: %s (%s)", f.Name, existing(f))
		case ledger.ActionSkip:
			r.line("to be skipped: %s (%s)", f.Name, existing(f))
		default:
			r.line("to be uploaded: %s", f.Name)
		}
	}
}

// existing returns what the index has under the name of a file that is not uploaded because of it.
func existing(f ledger.File) string {
	if f.IndexDigest == "" {
		return "the index gives no digest of its file"
	}
	return "the index has other bytes: " + f.IndexDigest
}

func (r *Reporter) identified(who ledger.Identity) {
	environment := who.Environment
	if environment == "" {
		environment = "none"
	}
	r.line("this run is repository %s, workflow %s, environment %s, ref %s, event %s",
		who.Repository, who.Workflow, environment, who.Ref, who.Event)
	if who.Environment == "" {
		r.line("this job has no environment, so a Trusted Publisher that names one does not take it")
	}
	r.line("the index asks for the audience %s", who.Audience)
}

// unmatched prints the Trusted Publisher that the index would need, as a table of plain text.
func (r *Reporter) unmatched(p ledger.Publisher) {
	r.line("what this run claims, and what the Trusted Publisher on the index must say:")
	for _, c := range p.Claims {
		r.line("  %-17s %-40s %s", c.Field, cmp.Or(c.Claimed, "(none)"), cmp.Or(c.Wanted, "(leave it empty)"))
	}
	for _, place := range shown(p.Places) {
		what := "its settings"
		if place.New {
			what = "new to the index, a pending publisher"
		}
		r.line("%s", strings.TrimRight(fmt.Sprintf("  %s: %s %s", place.Project, what, place.Page), " "))
	}
}

// judged returns how many files and rules were checked, and how many problems were found.
func judged(e ledger.Judged) string {
	by := "the index's rules"
	if e.Rules > 0 {
		by = phrase.Count(e.Rules, "rule")
	}
	return fmt.Sprintf("judged %s by %s: %s, %s", files(e.Files), by, phrase.Count(e.Errors, "error"), phrase.Count(e.Warnings, "warning"))
}

// verbOf returns how a file got its attestation.
func verbOf(a ledger.Attestation) string {
	switch {
	case a.Adopted:
		return "took the attestation beside"
	case a.Served:
		return "the index has the attestation of"
	default:
		return "attested"
	}
}

// logEntry returns where an attestation is logged.
func logEntry(a ledger.Attestation) string {
	text := fmt.Sprintf("log entry %d", a.LogIndex)
	if a.LogURL != "" {
		text += " " + a.LogURL
	}
	return text
}

// destined returns the line about the GitHub release that was found.
func destined(e ledger.ReleaseFound) string {
	what := "release"
	if e.Draft {
		what = "draft of a release"
	}
	return fmt.Sprintf("there is a %s of %s on GitHub, and the files can be attached to it", what, e.Tag)
}

// asset returns the line about one asset.
func asset(e ledger.Asset) string {
	switch {
	case e.Kept:
		return "kept as it is: " + e.Name
	case e.There:
		return "already attached: " + e.Name
	default:
		return "attached " + e.Name
	}
}

func (r *Reporter) minted(e ledger.Minted) {
	if e.Narrowed {
		r.line("minted an upload token, narrowed to %s until %s", strings.Join(e.Projects, ", "), clock(e.Expires))
		return
	}
	r.line("minted an upload token; its form is unknown, so it could not be narrowed")
}

// tried prints one attempt of a request, in verbose mode only.
func (r *Reporter) tried(e ledger.Tried) {
	if !r.options.Verbose {
		return
	}
	came := fmt.Sprint(e.Status)
	if e.Err != nil {
		came = e.Err.Error()
	}
	again := ""
	if e.Wait > 0 {
		again = ", next try in " + duration(e.Wait)
	}
	r.line("  %s: %s %s: %s (try %d, %s%s)", e.Op, e.Method, e.URL, came, e.N, duration(e.Took), again)
}
