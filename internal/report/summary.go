package report

import (
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// The runner drops a summary of more than 1 MiB (reference: runner.md, section 1). Findings and files end before, in bytes
// of the summary so far, and the last line of each counts the rest.
const (
	findingsEnd = 250 << 10
	filesEnd    = 900 << 10
)

// summary is the job summary, on success and on failure.
func summary(r ledger.Receipt) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s %s\n\n", sign(r), title(r))
	if r.Index != "" {
		fmt.Fprintf(&b, "Index: %s\n", code(r.Index))
	}
	findings(&b, r.Findings)
	fileTable(&b, r)
	for _, line := range tokenLines(r.Token) {
		fmt.Fprintf(&b, "- %s\n", escaped(line))
	}
	if r.Verified == ledger.Served {
		fmt.Fprintf(&b, "- read back: %s\n", readBack(ledger.ReadBack{Served: true}))
	}
	if took := r.Ended.Sub(r.Began); took > 0 {
		fmt.Fprintf(&b, "- time: %s\n", escaped(duration(took)))
	}
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

func findings(b *strings.Builder, all []finding.Finding) {
	for i, f := range all {
		if b.Len() > findingsEnd {
			fmt.Fprintf(b, "\n… and %d more, in the log.\n", len(all)-i)
			return
		}
		where := ""
		if f.File != "" {
			where = code(f.File) + ": "
		}
		fmt.Fprintf(b, "\n> **%s** %s%s", escaped(f.Severity.String()), where, escaped(f.Message))
		if f.Fix != "" {
			fmt.Fprintf(b, "<br>**What to do:** %s", escaped(f.Fix))
		}
		b.WriteString("\n")
	}
}

func fileTable(b *strings.Builder, r ledger.Receipt) {
	if len(r.Files) == 0 {
		return
	}
	b.WriteString("\n")
	row(b, "File", "Status", "Size", "SHA-256")
	row(b, "---", "---", "---", "---")
	for i, f := range r.Files {
		if b.Len() > filesEnd {
			row(b, fmt.Sprintf("… and %d more, in the log", len(r.Files)-i), "", "", "")
			break
		}
		row(b, code(f.Name), escaped(status(f.Status)), strings.ReplaceAll(escaped(size(f.Size)), " ", "&nbsp;"), code(f.SHA256))
	}
	b.WriteString("\n")
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
