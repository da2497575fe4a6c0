package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// The runner drops a summary of more than 1 MiB (reference: runner.md, section 1). Findings and files end before, in bytes
// of the summary so far, and the last line of each counts the rest; what comes after them is small.
const (
	findingsEnd = 250 << 10
	filesEnd    = 900 << 10

	longestCell = 2000 // bytes of a text from outside in one cell
)

// summary is the job summary, on success and on failure: what came of it, why, and what to do.
func (r *Reporter) summary(of ledger.Receipt) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s %s\n\n", sign(of), title(of))
	r.findings(&b, of.Findings)
	publisherTable(&b, of.Publisher)
	fileTable(&b, of)
	checks(&b, of)
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

// title is the outcome, with links to the releases.
func title(r ledger.Receipt) string {
	text := sentence(r, func(release ledger.Release) string { return link(release.Name+" "+release.Version, release.URL) })
	return strings.ToUpper(text[:1]) + text[1:]
}

// findings are a table: errors first, since they are what has to be done.
func (r *Reporter) findings(b *strings.Builder, all []finding.Finding) {
	if len(all) == 0 {
		return
	}
	row(b, "", "What", "What to do")
	row(b, "---", "---", "---")
	left := len(all)
	for _, severity := range []finding.Severity{finding.Error, finding.Warning, finding.Notice} {
		for _, f := range all {
			if f.Severity != severity {
				continue
			}
			if b.Len() > findingsEnd {
				row(b, "", fmt.Sprintf("… and %d more, in the log", left), "")
				b.WriteString("\n")
				return
			}
			left--
			row(b, face(f.Severity), what(f), r.whatToDo(f))
		}
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

func what(f finding.Finding) string {
	if f.File == "" {
		return prose(clipped(f.Message, longestCell))
	}
	return code(clipped(f.File, longestCell)) + "<br>" + prose(clipped(f.Message, longestCell))
}

func (r *Reporter) whatToDo(f finding.Finding) string {
	text := prose(clipped(f.Fix, longestCell))
	if page := r.options.Help(f.ID); page != "" {
		text = strings.TrimSpace(text + " " + link("more", page))
	}
	return text
}

// publisherTable is what the index would have to have.
func publisherTable(b *strings.Builder, p *ledger.Publisher) {
	if p == nil {
		return
	}
	b.WriteString("**The Trusted Publisher that this run needs**\n\n")
	row(b, "Field", "This run claims", "The publisher must say", "")
	row(b, "---", "---", "---", "---")
	for _, c := range p.Claims {
		row(b, escaped(c.Field), orNothing(c.Claimed, "(none)"), orNothing(c.Wanted, "(empty)"), prose(c.Note))
	}
	b.WriteString("\n")
	switch {
	case p.Page == "":
	case p.New:
		fmt.Fprintf(b, "%s, with the name of the project and these values.\n\n", link("Add a pending publisher", p.Page))
	default:
		fmt.Fprintf(b, "%s: the form is filled in already.\n\n", link("Open the project's publishing settings", p.Page))
	}
}

func orNothing(text, nothing string) string {
	if text == "" {
		return escaped(nothing)
	}
	return code(text)
}

func fileTable(b *strings.Builder, r ledger.Receipt) {
	if len(r.Files) == 0 {
		return
	}
	signed := attestedFiles(r) > 0
	cells := func(file, status, size, digest, attestation string) {
		if signed {
			row(b, file, status, size, digest, attestation)
			return
		}
		row(b, file, status, size, digest)
	}
	cells("File", "Status", "Size", "SHA-256", "Attestation")
	cells("---", "---", "---:", "---", "---")
	for i, f := range r.Files {
		if b.Len() > filesEnd {
			cells(fmt.Sprintf("… and %d more, in the log", len(r.Files)-i), "", "", "", "")
			break
		}
		cells(code(f.Name), escaped(status(f.Status)), strings.ReplaceAll(escaped(size(f.Size)), " ", "&nbsp;"), digest(f.SHA256), attestationsCell(f))
	}
	b.WriteString("\n")
}

// shortDigest is how much of a digest tells files apart at a glance; the whole unfolds.
const shortDigest = 12

func digest(sha256 string) string {
	if len(sha256) <= shortDigest {
		return code(sha256)
	}
	return fmt.Sprintf("<details><summary>%s…</summary>%s</details>", code(sha256[:shortDigest]), code(sha256))
}

func attestationsCell(f ledger.File) string {
	links := make([]string, 0, len(f.Attestations))
	for _, a := range f.Attestations {
		links = append(links, link(fmt.Sprintf("log entry %d", a.LogIndex), a.LogURL))
	}
	return strings.Join(links, "<br>")
}

// status is a file's status as people read it.
func status(s ledger.Status) string {
	switch s {
	case ledger.Present:
		return "already there"
	case ledger.Conflict:
		return "in conflict: the index has other bytes"
	case ledger.Skipped:
		return "skipped: the index keeps other bytes"
	case ledger.Unknown:
		return "cut off: the index may have it"
	default:
		return string(s)
	}
}

// checks is what was checked, and what became of the credential.
func checks(b *strings.Builder, r ledger.Receipt) {
	point := func(text string) { fmt.Fprintf(b, "- %s\n", escaped(text)) }
	if r.Index != "" {
		fmt.Fprintf(b, "- index: %s\n", code(r.Index))
	}
	if r.Judged.Files > 0 {
		point(judged(r.Judged))
	}
	if n := attestedFiles(r); n > 0 {
		fmt.Fprintf(b, "- attested %s as %s\n", escaped(files(n)), code(identityOf(r)))
	}
	for _, line := range tokenLines(r.Token) {
		point(line)
	}
	if r.Verified == ledger.Served {
		point("read back: " + readBack(ledger.ReadBack{Served: true}))
	}
	switch r.Release {
	case ledger.ReleaseAttached:
		point("attached to the GitHub release")
	case ledger.ReleaseFailed:
		point("not attached to the GitHub release: see above")
	}
	if took := r.Ended.Sub(r.Began); took > 0 {
		point("time: " + duration(took))
	}
	b.WriteString("\n")
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

// timeline is a chart of the phases, which GitHub draws. Its labels are ours: nothing from outside goes into it.
func timeline(b *strings.Builder, r ledger.Receipt) {
	if len(r.Phases) < 2 || r.Ended.IsZero() || r.Ended.Sub(r.Began) <= 0 {
		return
	}
	axis := "%M:%S"
	if r.Ended.Sub(r.Began) < 10*time.Second {
		axis = "%S.%L"
	}
	fmt.Fprintf(b, "<details><summary>Timeline</summary>\n\n```mermaid\ngantt\n    dateFormat x\n    axisFormat %s\n    todayMarker off\n", axis)
	for _, p := range r.Phases {
		if p.End.IsZero() {
			continue
		}
		from, to := p.Began.Sub(r.Began).Milliseconds(), p.End.Sub(r.Began).Milliseconds()
		fmt.Fprintf(b, "    %s, %s :%d, %d\n", p.Name, strings.ReplaceAll(duration(p.End.Sub(p.Began)), ":", ""), from, max(to, from+1))
	}
	b.WriteString("```\n\n</details>\n\n")
}

// verifying tells consumers how to see for themselves what came from this run.
func verifying(b *strings.Builder, r ledger.Receipt) {
	var there []ledger.File
	for _, f := range r.Files {
		if f.Status == ledger.Uploaded || f.Status == ledger.Present {
			there = append(there, f)
		}
	}
	if len(there) == 0 || r.DryRun {
		return
	}
	b.WriteString("<details><summary>How to verify these files</summary>\n\nEvery digest, in the form that <code>sha256sum --check</code> reads:\n\n<pre>")
	for i, f := range there {
		if b.Len() > filesEnd {
			fmt.Fprintf(b, "… and %d more, in the log\n", len(there)-i)
			break
		}
		fmt.Fprintf(b, "%s  %s\n", escaped(f.SHA256), escaped(f.Name))
	}
	b.WriteString("</pre>\n\n")
	if who := repositoryOf(r); who != "" && attestedFiles(r) > 0 {
		fmt.Fprintf(b, "Every attestation, with the tool of the index (the package %s):\n\n<pre>", code("pypi-attestations"))
		for _, f := range there {
			if len(f.Attestations) > 0 && b.Len() <= filesEnd {
				fmt.Fprintf(b, "pypi-attestations verify pypi --repository %s pypi:%s\n", escaped(who), escaped(f.Name))
			}
		}
		b.WriteString("</pre>\n\n")
	}
	b.WriteString("</details>\n")
}

// repositoryOf is the address of the repository that published.
func repositoryOf(r ledger.Receipt) string {
	if r.Identity == nil || r.Identity.Repository == "" {
		return ""
	}
	return "https://github.com/" + r.Identity.Repository
}

// clipped is the beginning of a long text.
func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return cmp.Or(strings.ToValidUTF8(text[:most], ""), "") + "… (cut; the whole is in the log)"
}
