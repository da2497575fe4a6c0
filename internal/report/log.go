package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// Watch prints one event as lines of the log, or as a group. Most events of the end of a run are shown by [Reporter.Close] instead.
func (r *Reporter) Watch(event ledger.Event) {
	if r.options.Status != nil {
		defer func() {
			if r.uploads.apply(event) {
				r.options.Status(r.uploads.String())
			}
		}()
	}
	switch e := event.(type) {
	case ledger.Began:
		r.index = cmp.Or(e.IndexName, r.index)
		what := "publishing to"
		if e.DryRun {
			what = "dry run, nothing will be sent to"
		}
		r.line("%s %s (%s)", what, e.Index, e.Auth)
	case ledger.Phase:
		r.endGroup()
		r.end = r.console.Group(phaseTitle(e.Name))
	case ledger.Collected:
		r.collected(e.Files)
	case ledger.Checked:
		r.line("checked %s", checked(e))
	case ledger.Compared:
		r.compared(e.Releases)
	case ledger.Planned:
		r.planned(e.Files)
	case ledger.Identified:
		r.identified(e.Identity)
	case ledger.Unmatched:
		r.unmatched(e.Publisher)
	case ledger.Attested:
		r.line("%s %s: %s", r.verbOf(e.Attestation), e.File, logEntry(e.Attestation))
	case ledger.Minted:
		r.minted(e)
	case ledger.Unrestricted:
		r.line("%s could not read the restricted upload token, so the run uses the unrestricted one: %s", r.index, e.Reason)
	case ledger.MintLost:
		r.line("%s got no clear answer: an unused token may exist for up to 15 minutes", tokenRequests(e.Count))
	case ledger.Started:
		r.line("uploading %s", e.File)
	case ledger.Progress:
		if r.options.Status != nil {
			return
		}
		r.line("  %s: %s of %s, %s/s, %s left", e.File, size(e.Sent), size(e.Size), size(int64(e.Rate)), duration(e.Left))
	case ledger.Uploaded:
		r.line("uploaded %s in %s", e.File, duration(e.Took))
	case ledger.AlreadyPresent:
		had := "this file"
		if e.Unverified {
			had = "a file with this name, which could not be compared"
		}
		r.line("already published: %s (%s already had %s)", e.File, r.index, had)
	case ledger.SkippedConflict:
		r.line("skipped %s: %s", e.File, otherFile(r.index, e.IndexDigest))
	case ledger.Rejected:
		r.line("%s rejected %s", r.index, e.File)
	case ledger.OutcomeUnknown:
		r.line("no clear answer after sending %s; %s may have it", e.File, r.index)
	case ledger.UploadFailed:
		r.line("failed to upload %s; %s does not have it", e.File, r.index)
	case ledger.UploadAborted:
		r.line("stopped uploading %s; %s does not have it", e.File, r.index)
	case ledger.BurnedAll:
		r.line("upload token: %s", revocationText(e.Outcome, time.Time{}, r.index))
	case ledger.ReadBack:
		r.line("%s", readBack(e, r.index))
	case ledger.ReleaseFound:
		r.line("%s", releaseFound(e))
	case ledger.Asset:
		r.line("%s", asset(e))
	case ledger.Attached:
		r.line("%s", strings.TrimSpace(attached(e)+" "+e.Page))
	case ledger.Tried:
		r.tried(e)
	case ledger.Unattested:
		r.line("uploading the files without attestations")
	case ledger.Noted, ledger.Ended:
		// Findings are shown at the end, together.
	}
}

func (r *Reporter) collected(files []ledger.File) {
	for _, f := range files {
		r.line("%s  %s", f.Name, size(f.Size))
		if r.options.Hashes {
			r.line("  sha256  %s", f.SHA256)
		}
	}
}

func (r *Reporter) planned(files []ledger.File) {
	for _, f := range files {
		switch f.Action {
		case ledger.ActionPresent:
			r.line("already published: %s (same content)", f.Name)
		case ledger.ActionConflict:
			r.line("conflict: %s (%s)", f.Name, r.existing(f))
		case ledger.ActionSkip:
			r.line("to skip: %s (%s)", f.Name, r.existing(f))
		default:
			r.line("to upload: %s", f.Name)
		}
	}
}

// existing returns what the index has under the name of a file that is not uploaded because of it.
func (r *Reporter) existing(f ledger.File) string {
	if f.IndexDigest == "" {
		return r.index + " gives no digest for its file"
	}
	return r.index + " has a different file: " + f.IndexDigest
}

// otherFile returns that the index has another file with the same name; digest is its digest, or empty if it is unknown.
func otherFile(index, digest string) string {
	if digest == "" {
		return index + " has a file with this name"
	}
	return index + " has a different file with this name"
}

// phaseTitle returns the title of a phase for people. Its name is part of the manifest and does not change.
func phaseTitle(name string) string {
	switch name {
	case "Burn":
		return "Revoke token"
	case "Read back":
		return "Verify"
	default:
		return name
	}
}

func (r *Reporter) identified(who ledger.Identity) {
	environment := "environment " + who.Environment
	if who.Environment == "" {
		environment = "no environment"
	}
	r.line("identity: repository %s, workflow %s, %s, ref %s, event %s", who.Repository, who.Workflow, environment, who.Ref, who.Event)
	if who.Environment == "" {
		r.line("no environment: a Trusted Publisher that requires one will reject this run")
	}
	if r.options.Verbose {
		r.line("%s requires ID tokens with the audience %s", r.index, who.Audience)
	}
}

// unmatched prints the Trusted Publisher that the index would need, as a table of plain text.
func (r *Reporter) unmatched(p ledger.Publisher) {
	r.line("the Trusted Publisher on %s must match this run (field, value of this run, value to enter):", r.index)
	for _, c := range p.Claims {
		r.line("  %-17s %-40s %s", c.Field, cmp.Or(c.Claimed, "(none)"), cmp.Or(c.Wanted, "(leave empty)"))
	}
	for _, page := range distinctPages(p.Pages) {
		what := "edit its publishers"
		if page.New {
			what = "new project, add a pending publisher"
		}
		r.line("  %s: %s", page.Project, strings.TrimSuffix(what+": "+page.Page, ": "))
	}
}

// checked returns how many files were checked, and how many problems were found.
func checked(e ledger.Checked) string {
	if e.Errors+e.Warnings == 0 {
		return files(e.Files) + ": no problems found"
	}
	return fmt.Sprintf("%s: %s, %s", files(e.Files), countOrNo(e.Errors, "error"), countOrNo(e.Warnings, "warning"))
}

// countOrNo returns a number of things, with "no" for 0: "no errors", "1 error", "2 errors".
func countOrNo(n int, thing string) string {
	if n == 0 {
		return "no " + thing + "s"
	}
	return phrase.Count(n, thing)
}

// verbOf returns how a file got its attestation.
func (r *Reporter) verbOf(a ledger.Attestation) string {
	switch {
	case a.Adopted:
		return "using the existing attestation of"
	case a.Served:
		return r.index + " already has the attestation of"
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

// releaseFound returns the line about the GitHub release that was found.
func releaseFound(e ledger.ReleaseFound) string {
	what := "GitHub release"
	if e.Draft {
		what = "draft GitHub release"
	}
	return fmt.Sprintf("found the %s for %s; the files can be attached to it", what, e.Tag)
}

// asset returns the line about one asset.
func asset(e ledger.Asset) string {
	switch {
	case e.LeftUnchanged:
		return "left unchanged: " + e.Name
	case e.Existed:
		return "already attached: " + e.Name
	default:
		return "attached " + e.Name
	}
}

func (r *Reporter) minted(e ledger.Minted) {
	if e.Restricted {
		r.line("requested an upload token, restricted to %s until %s", strings.Join(e.Projects, ", "), clock(e.Expires))
		return
	}
	r.line("requested an upload token; its format is unknown, so it could not be restricted")
}

// tried prints the wait after an attempt of a request, and in verbose mode the attempt.
func (r *Reporter) tried(e ledger.Tried) {
	if r.options.Verbose {
		result := fmt.Sprint(e.Status)
		if e.Err != nil {
			result = e.Err.Error()
		}
		r.line("  %s: %s %s: %s (try %d, %s)", e.Op, e.Method, e.URL, result, e.N, duration(e.Took))
	}
	if e.Wait > 0 {
		r.line("%s: next try in %s (%s try, %s left)", r.failedTry(e), wait(e.Wait), ordinal(e.N+1), wait(e.Left))
	}
}

// failedTry returns who did not answer as wished, and what came instead.
func (r *Reporter) failedTry(e ledger.Tried) string {
	who := cmp.Or(e.Service, r.index)
	if e.Err == nil {
		return fmt.Sprintf("%s answered %d", who, e.Status)
	}
	const most = 120
	why := strings.Join(strings.Fields(r.options.Redact(e.Err.Error())), " ")
	if len(why) > most {
		why = phrase.Beginning(why, most) + "…"
	}
	return fmt.Sprintf("%s did not answer (%s)", who, why)
}
