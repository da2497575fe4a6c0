// Package report tells people what happens: events become the log, the receipt becomes annotations, outputs and the job
// summary. It sees the ledger and findings, and nothing else.
//
// Rules of what is printed:
//   - a log line says one thing, in small letters, without a full stop; a file has one line for each thing that happens to it;
//   - phases are groups; findings and the outcome stand outside of them, where they are seen without unfolding;
//   - a cause has one annotation, however many files have it, in the words of the index where it spoke, and its next step;
//   - Markdown is built from escaped cells alone (markdown.go); making lines safe is the sink's part, not ours.
package report

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// Console is where a report goes.
type Console interface {
	Line(text string)                // one line of the log
	Group(title string) (end func()) // a foldable group of lines
	Annotate(f finding.Finding)      // a finding, where people look first
	Output(name, value string) error // an output of the step
	Summary(markdown string) error   // the job summary
}

// annotations is how many of each severity the runner shows for one step (reference: runner.md, section 1).
const annotations = 10

// longestMessage is how much of a text from outside an annotation holds, in bytes: the runner cuts the whole at 4,096 characters,
// and the next step comes after it.
const longestMessage = 1800

// Options choose what the log holds.
type Options struct {
	Hashes  bool // digests of the files
	Verbose bool // requests, retries and timings
	// Redact takes secrets out of a text. The sink does so as well, but it cannot know them any more once they are escaped.
	Redact func(string) string
	// Help is where more is said about the findings of an id; empty where nothing is. May be nil.
	Help func(finding.ID) string
	// Manifest writes the manifest where the user wants it as well; nil where nobody asked.
	Manifest func(text []byte) error
}

// Reporter turns events into lines, and a receipt into everything else. Its events come one at a time.
type Reporter struct {
	console Console
	options Options
	end     func() // of the open group
}

// New returns a reporter to the console.
func New(console Console, options Options) *Reporter {
	if options.Redact == nil {
		options.Redact = func(text string) string { return text }
	}
	if options.Help == nil {
		options.Help = func(finding.ID) string { return "" }
	}
	return &Reporter{console: console, options: options, end: func() {}}
}

// Watch prints an event.
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

func (r *Reporter) line(format string, args ...any) { r.console.Line(fmt.Sprintf(format, args...)) }

func (r *Reporter) lines(all []string) {
	for _, line := range all {
		r.console.Line(line)
	}
}

func (r *Reporter) endGroup() {
	r.end()
	r.end = func() {}
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

// existing says what the index has under the name of a file that is not uploaded for it.
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
	r.line("this run is repository %s, workflow %s, environment %s, ref %s, event %s", who.Repository, who.Workflow, environment, who.Ref, who.Event)
	if who.Environment == "" {
		r.line("this job has no environment, so a Trusted Publisher that names one does not take it")
	}
	r.line("the index asks for the audience %s", who.Audience)
}

// unmatched is what the index would have to have, as a table of plain text.
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

// judged is what was checked.
func judged(e ledger.Judged) string {
	by := "the index's rules"
	if e.Rules > 0 {
		by = phrase.Count(e.Rules, "rule")
	}
	return fmt.Sprintf("judged %s by %s: %s, %s", files(e.Files), by, phrase.Count(e.Errors, "error"), phrase.Count(e.Warnings, "warning"))
}

// verbOf is how a file came to its attestation.
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

// logEntry is where an attestation can be seen.
func logEntry(a ledger.Attestation) string {
	text := fmt.Sprintf("log entry %d", a.LogIndex)
	if a.LogURL != "" {
		text += " " + a.LogURL
	}
	return text
}

func destined(e ledger.ReleaseFound) string {
	what := "release"
	if e.Draft {
		what = "draft of a release"
	}
	return fmt.Sprintf("there is a %s of %s on GitHub, and the files can be attached to it", what, e.Tag)
}

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

// attached is what came of attaching the files to the GitHub release.
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

func (r *Reporter) minted(e ledger.Minted) {
	if e.Narrowed {
		r.line("minted an upload token, narrowed to %s until %s", strings.Join(e.Projects, ", "), clock(e.Expires))
		return
	}
	r.line("minted an upload token; its form is unknown, so it could not be narrowed")
}

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

// Close shows the outcome: annotations, the last lines of the log, outputs and the summary. Its error is that of the
// outputs and the summary, which cannot undo what was published.
func (r *Reporter) Close(receipt ledger.Receipt) error {
	r.endGroup()
	receipt = redacted(receipt, r.options.Redact)
	r.annotate(receipt.Findings)
	r.outcome(receipt)
	whole := manifest(receipt)
	problems := []error{r.outputs(receipt, whole), r.console.Summary(r.summary(receipt))}
	if r.options.Manifest != nil {
		problems = append(problems, r.options.Manifest(whole.text()))
	}
	return errors.Join(problems...)
}

// outputs sets the outputs, up to the first that cannot be: the rest would fail alike.
func (r *Reporter) outputs(receipt ledger.Receipt, whole document) error {
	for _, output := range outputs(receipt, whole) {
		if err := r.console.Output(output.name, output.value); err != nil {
			return err
		}
	}
	return nil
}

// outcome is the receipt as text, for those who read the log.
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

// hasPage tells whether the index has anything to show of the run's releases: a page of nothing is none.
func hasPage(r ledger.Receipt) bool {
	return slices.ContainsFunc(r.Files, func(f ledger.File) bool {
		return f.Outcome.OnIndex() || f.Outcome == ledger.OutcomeSkipped || f.Outcome == ledger.OutcomeConflict
	})
}

// tokenLines tell the life of the upload tokens.
func tokenLines(t ledger.Token) []string {
	var lines []string
	switch {
	case t.Minted > 0 && t.Narrowed:
		lines = append(lines, fmt.Sprintf("upload token: minted%s, narrowed to %s until %s; %s", at(t.MintedAt), strings.Join(t.Projects, ", "), clock(t.Expires), tokenEnd(t)))
	case t.Minted > 0:
		lines = append(lines, fmt.Sprintf("upload token: minted%s, not narrowed; %s", at(t.MintedAt), tokenEnd(t)))
	}
	if t.Lost > 0 {
		lines = append(lines, "upload token: "+lostMints(t))
	}
	return lines
}

// tokenEnd is what became of the upload tokens, and when the index took them back. One that expires by itself does so later.
func tokenEnd(t ledger.Token) string {
	if t.Known == ledger.BurnProven || t.Known == ledger.BurnAccepted {
		return burned(t.Known) + at(t.BurnedAt)
	}
	return burned(t.Known)
}

// lostMints tells of tokens that there may be.
func lostMints(t ledger.Token) string {
	return fmt.Sprintf("%s had no clear answer: a token that nobody knows may be left for 15 minutes, after which it expires by itself", phrase.Count(t.Lost, "mint"))
}

// annotate shows every cause once: as many of a severity as the runner shows are annotations, and the rest are lines of the log. So
// are those that are too long for an annotation, and the files that an annotation does not name.
func (r *Reporter) annotate(all []finding.Finding) {
	shown := map[finding.Severity]int{}
	for _, cause := range finding.Causes(all) {
		f, help := cause.Shown(), r.options.Help(cause.First.ID)
		shown[f.Severity]++
		annotated := shown[f.Severity] <= annotations
		if annotated {
			short := cause
			short.First.Message = clipped(short.First.Message, longestMessage)
			short.First.Fix = withHelp(clipped(short.First.Fix, longestMessage), help)
			r.console.Annotate(short.Shown())
		}
		if !annotated || max(len(cause.First.Message), len(f.Fix)) > longestMessage {
			f.Fix = withHelp(f.Fix, help)
			r.lines(f.Lines())
		}
		r.lines(cause.Listing())
	}
	for _, severity := range []finding.Severity{finding.Error, finding.Warning, finding.Notice} {
		switch n := shown[severity] - annotations; {
		case n == 1:
			r.line("1 more %s is only in the log, above", severity)
		case n > 1:
			r.line("%d more %ss are only in the log, above", n, severity)
		}
	}
}

// withHelp is a next step, and where more is said about it.
func withHelp(fix, page string) string {
	switch {
	case page == "":
		return fix
	case fix == "":
		return "more: " + page
	default:
		return fix + " (more: " + page + ")"
	}
}

// headline is the outcome in one line.
func headline(r ledger.Receipt) string {
	return sentence(r, func(release ledger.Release) string { return release.Name + " " + release.Version })
}

// sentence is the outcome, with the releases as name writes them. Log and summary have it from here both.
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

// readBack is what came of reading back.
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
		return "the index was not seen to serve everything" // what is missing may be a file's provenance
	default:
		return "the index was not seen to serve every file twice in a row"
	}
}

// tally counts the files by what became of them.
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

// toDo counts the files by what a run would do with them.
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

// toFinish is what completes a release that is not whole, or whole and not in order.
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

// missing is how many files the index may not have.
func missing(r ledger.Receipt) int {
	return len(r.Files) - r.Count(ledger.OutcomePresent) - r.Count(ledger.OutcomeUploaded) - r.Count(ledger.OutcomeSkipped)
}

// burned is what became of the upload tokens.
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

func files(n int) string { return phrase.Count(n, "file") }

// size is a number of bytes as people read it.
func size(n int64) string {
	const kb, mb, gb = 1e3, 1e6, 1e9
	switch v := float64(n); {
	case v >= gb:
		return fmt.Sprintf("%.1f GB", v/gb)
	case v >= mb:
		return fmt.Sprintf("%.1f MB", v/mb)
	case v >= kb:
		return fmt.Sprintf("%.1f kB", v/kb)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}

// elapsed is the time between two moments: none where one is not known, or where the clock was set back between them.
func elapsed(from, to time.Time) time.Duration {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return max(to.Sub(from), 0)
}

func duration(d time.Duration) string {
	d = max(d, 0)
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	if d < 90*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
}

// at is when something was, where it is known.
func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " at " + clock(t)
}

func clock(at time.Time) string { return at.UTC().Format("15:04:05 UTC") }
