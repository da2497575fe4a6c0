package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// fileTable writes the table of the files, with a column for attestations if a file on the index has any.
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
		cells(
			code(clipped(f.Name, longestCell)), statusCell(f, planned, r.IndexName), unbroken(size(f.Size)), digest(f.SHA256),
			attestationsCell(f),
		)
	}
	b.WriteString("\n")
}

// unbroken returns a short text as Markdown that does not wrap.
func unbroken(text string) string { return strings.ReplaceAll(escaped(text), " ", "&nbsp;") }

// digestHead keeps its column wide enough for a shortened digest beside the triangle that unfolds it.
const digestHead = "SHA&#8209;256&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;"

// shortDigest is how many characters of a digest are shown; the rest unfolds.
const shortDigest = 8

// digest returns the beginning of a digest as a triangle that unfolds the whole.
func digest(sha256 string) string {
	sha256 = clipped(sha256, longestCell)
	if len(sha256) <= shortDigest {
		return code(sha256)
	}
	return fmt.Sprintf("<details><summary>%s…</summary>%s</details>", code(strings.ToValidUTF8(sha256[:shortDigest], "")), code(sha256))
}

// attestationsCell returns links to the log entries of the attestations that the index accepted with the file. It returns an empty string
// if the index does not have the file.
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

// statusCell returns a file's status, with a symbol if it needs attention.
func statusCell(f ledger.File, planned bool, index string) string {
	short, _, _ := strings.Cut(status(f, planned, index), " (") // the details are with the findings
	switch f.Outcome {
	case ledger.OutcomeRejected, ledger.OutcomeConflict:
		return "❌ " + escaped(short)
	case ledger.OutcomeSkipped:
		return "⚠️ " + escaped(short)
	case ledger.OutcomeFailed, ledger.OutcomeUnclear:
		return "⚠️ " + escaped(status(f, planned, index))
	}
	return escaped(short)
}
