package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// The runner drops a summary of more than 1 MiB (reference: runner.md, section 1). Findings and files end before, in bytes
// of the summary so far, and the last line of each counts the rest; what comes after them is small.
const (
	findingsEnd = 250 << 10
	filesEnd    = 800 << 10

	requirementsEnd = 860 << 10
	digestsEnd      = 920 << 10
	commandsEnd     = 970 << 10

	longestCell = 2000 // bytes of a text from outside in one cell
)

// summary is the job summary, on success and on failure: what came of it, why, and what to do.
func (r *Reporter) summary(of ledger.Receipt) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s %s\n\n", sign(of), title(of))
	extent(&b, of)
	r.findings(&b, of)
	publisherTable(&b, of.Publisher)
	fileTable(&b, of)
	steps(&b, of)
	timeline(&b, of)
	verifying(&b, of)
	return b.String()
}

func sign(r ledger.Receipt) string {
	switch r.Result() {
	case ledger.Published, ledger.DryRun:
		return "✅"
	case ledger.Unchanged:
		return "☑️"
	case ledger.Partial:
		return "⚠️"
	default:
		return "❌"
	}
}

// titled is how many releases the title names.
const titled = 8

// title is the outcome, with links to the releases.
func title(r ledger.Receipt) string {
	more, last := "", min(len(r.Releases), titled)
	if n := len(r.Releases) - titled; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	r.Releases = r.Releases[:last]
	named, reached := 0, hasPage(r)
	text := sentence(r, func(release ledger.Release) string {
		name := escaped(clipped(release.Name+" "+release.Version, longestCell))
		if reached {
			name = link(clipped(release.Name+" "+release.Version, longestCell), release.URL)
		}
		if named++; named == last {
			name += more
		}
		return name
	})
	return strings.ToUpper(text[:1]) + text[1:]
}

// extent is where to, how much and how long, in one line.
func extent(b *strings.Builder, r ledger.Receipt) {
	var parts []string
	if r.Index != "" {
		parts = append(parts, "index "+code(clipped(r.Index, longestCell)))
	}
	if len(r.Files) > 0 {
		parts = append(parts, escaped(files(len(r.Files))+", "+size(bytesOf(r.Files))))
	}
	if took := elapsed(r.Began, r.Ended); took > 0 {
		parts = append(parts, escaped(duration(took)))
	}
	if len(parts) > 0 {
		fmt.Fprintf(b, "%s\n\n", strings.Join(parts, " · "))
	}
}

func bytesOf(all []ledger.File) int64 {
	var n int64
	for _, f := range all {
		n += f.Size
	}
	return n
}

// advice is one next step, and all causes that it is for.
type advice struct {
	severity finding.Severity
	id       finding.ID
	fix      string
	of       []finding.Cause
}

// advices are the causes by their next step, errors first, since they are what has to be done.
func advices(all []finding.Cause) []advice {
	var found []advice
	at := map[string]int{}
	for _, severity := range []finding.Severity{finding.Error, finding.Warning, finding.Notice} {
		for _, c := range all {
			f := c.First
			if f.Severity != severity {
				continue
			}
			key := fmt.Sprintf("%d %q %q", severity, f.ID, f.Fix)
			n, known := at[key]
			if !known {
				n = len(found)
				at[key] = n
				found = append(found, advice{severity: severity, id: f.ID, fix: f.Fix})
			}
			found[n].of = append(found[n].of, c)
		}
	}
	return found
}

// findings are a table of one row for each next step, however many files it is for.
func (r *Reporter) findings(b *strings.Builder, of ledger.Receipt) {
	if len(of.Findings) == 0 {
		return
	}
	head := "Worth knowing"
	if finding.Worst(of.Findings) >= finding.Error {
		head = "What went wrong"
	}
	row(b, "", head)
	row(b, "---", ":---")
	causes := finding.Causes(of.Findings)
	left := len(causes)
	for _, a := range advices(causes) {
		if b.Len() > findingsEnd {
			row(b, "", fmt.Sprintf("… and %d more, in the log", left))
			break
		}
		left -= len(a.of)
		row(b, face(a.severity), told(a.of, findingsEnd-b.Len())+r.whatToDo(a, of.Publisher))
	}
	b.WriteString("\n")
}

// face is a severity at a glance.
func face(s finding.Severity) string {
	switch s {
	case finding.Error:
		return "❌"
	case finding.Warning:
		return "⚠️"
	default:
		return "ℹ️"
	}
}

// told is what was found, up to about so many bytes. What is said of several files is said once.
func told(all []finding.Cause, room int) string {
	var b strings.Builder
	for i, c := range all {
		if b.Len() > room {
			fmt.Fprintf(&b, "<br>… and %d more, in the log", len(all)-i)
			break
		}
		if b.Len() > 0 {
			b.WriteString("<br>")
		}
		if names := named(c.Files); names != "" {
			b.WriteString(names + "<br>")
		}
		b.WriteString(prose(clipped(c.Message(), longestCell)))
	}
	return b.String()
}

// named lists the first of the files.
func named(all []string) string {
	var names []string
	for i, file := range all {
		if i == namedTogether {
			return fmt.Sprintf("%s and %d more, in the log", strings.Join(names, ", "), len(all)-i)
		}
		names = append(names, code(clipped(file, longestName)))
	}
	return strings.Join(names, ", ")
}

const (
	namedTogether = 25  // files that share one message
	longestName   = 300 // bytes of a name: the longest that a file system takes, and some folders
)

// whatToDo is the next step, and where more is said.
func (r *Reporter) whatToDo(a advice, p *ledger.Publisher) string {
	text := prose(clipped(a.fix, longestCell))
	if p != nil && p.Next != "" && a.id == p.Finding {
		text = prose(clipped(p.Next, longestCell))
	}
	more := ""
	if page := r.options.Help(a.id); page != "" {
		more = " " + link("more", page)
	}
	if text == "" {
		return more
	}
	return "<br>**What to do:** " + text + more
}

// publisherTable is what the index would have to have. A run that claims what the publisher must say has one column for both.
func publisherTable(b *strings.Builder, p *ledger.Publisher) {
	if p == nil {
		return
	}
	same := true
	for _, c := range p.Claims {
		same = same && c.Claimed == c.Wanted
	}
	cells := func(field, claimed, wanted, note string) {
		if same {
			row(b, field, wanted, note)
			return
		}
		row(b, field, claimed, wanted, note)
	}
	wanted := "The publisher must say"
	if same {
		wanted = "This run claims, and the publisher must say"
	}
	cells("Field on the index", "This run claims", wanted, "How they are compared")
	cells(":---", ":---", ":---", ":---")
	for _, c := range p.Claims {
		cells(escaped(c.Field), orNothing(c.Claimed, "(none)"), orNothing(c.Wanted, "(empty)"), prose(c.Note))
	}
	b.WriteString("\n")
	places(b, p.Places)
}

// shown are the places that something can be said of.
func shown(all []ledger.Place) []ledger.Place {
	var kept []ledger.Place
	for _, place := range all {
		if place.New || place.Page != "" {
			kept = append(kept, place)
		}
	}
	return kept
}

// places are where the publisher of each project is set up, as many as people will click.
func places(b *strings.Builder, all []ledger.Place) {
	all = shown(all)
	for i, place := range all {
		if i == titled {
			fmt.Fprintf(b, "… and %d more, in the log\n\n", len(all)-i)
			return
		}
		name := code(clipped(place.Project, longestName))
		switch {
		case place.New && place.Page == "":
			fmt.Fprintf(b, "➡️ %s is new to the index: its publisher is a pending one, with this as the name of the project.\n\n", name)
		case place.New:
			fmt.Fprintf(b, "➡️ %s, with the project name %s and these values.\n\n", link("Add a pending publisher", place.Page), name)
		default:
			fmt.Fprintf(b, "➡️ %s of %s: the form is filled in already.\n\n", link("Open the publishing settings", place.Page), name)
		}
	}
}

func orNothing(text, nothing string) string {
	if text == "" {
		return escaped(nothing)
	}
	return code(clipped(text, longestCell))
}

func fileTable(b *strings.Builder, r ledger.Receipt) {
	if len(r.Files) == 0 {
		return
	}
	signed := false
	for _, f := range r.Files {
		signed = signed || f.Outcome.OnIndex() && len(f.Attestations) > 0
	}
	cells := func(file, status, size, digest, attestation string) {
		if signed {
			row(b, file, status, size, digest, attestation)
			return
		}
		row(b, file, status, size, digest)
	}
	cells("File", "Status", "Size", digestHead, "Attestation")
	cells(":---", ":---", "---:", ":---", ":---")
	planned := r.Result() == ledger.DryRun
	for i, f := range r.Files {
		if b.Len() > filesEnd {
			cells(fmt.Sprintf("… and %d more, in the log", len(r.Files)-i), "", "", "", "")
			break
		}
		cells(code(clipped(f.Name, longestCell)), statusCell(f, planned), unbroken(size(f.Size)), digest(f.SHA256), attestationsCell(f))
	}
	b.WriteString("\n")
}

// unbroken is a short text that stays on one line.
func unbroken(text string) string { return strings.ReplaceAll(escaped(text), " ", "&nbsp;") }

// digestHead keeps its column wide enough for a digest beside the triangle that unfolds it.
const digestHead = "SHA&#8209;256&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;"

// shortDigest is how much of a digest tells files apart at a glance; the whole unfolds.
const shortDigest = 8

func digest(sha256 string) string {
	sha256 = clipped(sha256, longestCell)
	if len(sha256) <= shortDigest {
		return code(sha256)
	}
	return fmt.Sprintf("<details><summary>%s…</summary>%s</details>", code(strings.ToValidUTF8(sha256[:shortDigest], "")), code(sha256))
}

// attestationsCell links what the index took with the file: an attestation of a file that it has not says nothing to anybody.
func attestationsCell(f ledger.File) string {
	if !f.Outcome.OnIndex() {
		return ""
	}
	links := make([]string, 0, len(f.Attestations))
	for _, a := range f.Attestations {
		links = append(links, link(strconv.FormatInt(a.LogIndex, 10), a.LogURL))
	}
	return strings.Join(links, "<br>")
}

// statusCell is a file's status, with a sign where somebody has to look.
func statusCell(f ledger.File, planned bool) string {
	short, _, _ := strings.Cut(status(f, planned), ": ") // what is said of it more stands with the findings
	switch f.Outcome {
	case ledger.OutcomeRejected, ledger.OutcomeConflict:
		return "❌ " + escaped(short)
	case ledger.OutcomeSkipped:
		return "⚠️ " + escaped(short)
	case ledger.OutcomeFailed, ledger.OutcomeUnclear:
		return "⚠️ " + escaped(status(f, planned))
	}
	return escaped(short)
}

// status is a file's status as people read it. Where a run only plans, nothing has been tried yet.
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

// steps are what was done and what came of it, with the life of the upload token, in the order of the run.
func steps(b *strings.Builder, r ledger.Receipt) {
	lines := slices.Concat(prepared(r), tokenBegan(r.Token), sent(r), tokenDone(r.Token), afterwards(r))
	switch len(lines) {
	case 0:
		return
	case 1:
		fmt.Fprintf(b, "%s: %s\n\n", lines[0].name, lines[0].text)
		return
	}
	row(b, "Step", "What came of it", "Time")
	row(b, ":---", ":---", "---:")
	for _, l := range lines {
		row(b, unbroken(l.name), l.text, unbroken(tookPhase(r, l.phase)))
	}
	b.WriteString("\n")
}

// line is one step: its text is Markdown, and its phase the one whose time it took, or empty.
type line struct{ name, text, phase string }

// tookPhase is how long a phase took, where it was and has ended.
func tookPhase(r ledger.Receipt, name string) string {
	for _, p := range r.Phases {
		if p.Name == name && name != "" && !p.End.IsZero() {
			return duration(elapsed(p.Began, p.End))
		}
	}
	return ""
}

func prepared(r ledger.Receipt) []line {
	var lines []line
	if r.Judged.Files > 0 {
		lines = append(lines, line{"Checked", escaped(strings.TrimPrefix(judged(r.Judged), "judged ")), "Check"})
	}
	if n := attestedFiles(r); n > 0 {
		lines = append(lines, line{"Attested", escaped(files(n)+", each with its log entry, as") + "<br>" + code(clipped(strings.TrimPrefix(identityOf(r), "https://github.com/"), longestCell)), "Attest"})
	}
	return lines
}

func tokenBegan(t ledger.Token) []line {
	var lines []line
	if t.Lost > 0 {
		lines = append(lines, line{"Token lost", escaped(lostMints(t)), ""})
	}
	if t.Minted == 0 {
		return lines
	}
	minted := strings.TrimSpace(at(t.MintedAt))
	if t.Minted > 1 {
		minted = fmt.Sprintf("%d of them, the first%s", t.Minted, at(t.MintedAt))
	}
	lines = append(lines, line{"Token minted", escaped(minted), "Authorize"})
	if !t.Narrowed {
		return append(lines, line{"Token narrowed", "no: it was used as it was minted", ""})
	}
	return append(lines, line{"Token narrowed", "to " + code(clipped(strings.Join(t.Projects, ", "), longestCell)) + escaped(" until "+clock(t.Expires)), ""})
}

func sent(r ledger.Receipt) []line {
	if r.Token.Minted == 0 && r.Count(ledger.OutcomeUploaded) == 0 {
		return nil
	}
	var landed []ledger.File
	for _, f := range r.Files {
		if f.Outcome == ledger.OutcomeUploaded {
			landed = append(landed, f)
		}
	}
	return []line{{"Uploaded", escaped(fmt.Sprintf("%s, %s", files(len(landed)), size(bytesOf(landed)))), "Upload"}}
}

func tokenDone(t ledger.Token) []line {
	if t.Minted == 0 {
		return nil
	}
	face := ""
	if t.Known == ledger.BurnFailed {
		face = "⚠️ "
	}
	return []line{{"Token ended", face + escaped(tokenEnd(t)), "Burn"}}
}

func afterwards(r ledger.Receipt) []line {
	var lines []line
	switch r.Verified {
	case ledger.Served:
		lines = append(lines, line{"Read back", escaped(readBack(ledger.ReadBack{Served: true, Skipped: r.Count(ledger.OutcomeSkipped)})), "Read back"})
	case ledger.NotServed:
		lines = append(lines, line{"Read back", "⚠️ not everything was seen as it was sent: see above", "Read back"})
	case ledger.NotAsked:
	}
	switch r.Attached.Outcome {
	case ledger.ReleaseAttached:
		lines = append(lines, line{"GitHub release", link(attached(r.Attached), r.Attached.Page), "GitHub release"})
	case ledger.ReleaseFailed:
		lines = append(lines, line{"GitHub release", "⚠️ " + link(attached(r.Attached), r.Attached.Page), "GitHub release"})
	}
	return lines
}

// attestedFiles is how many files an attestation goes with.
func attestedFiles(r ledger.Receipt) int {
	n := 0
	for _, f := range r.Files {
		if len(f.Attestations) > 0 {
			n++
		}
	}
	return n
}

// identityOf is the workflow that signed.
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

// clipped is the beginning of a long text.
func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return phrase.Beginning(text, most) + "… (cut; the whole is in the log)"
}
