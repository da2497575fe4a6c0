package report

import (
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// The runner drops a summary of more than 1 MiB (docs/reference/runner.md §1). The parts below stop when the summary so far has this many
// bytes, and the last line of each part counts the rest. The parts after them are small.
const (
	findingsEnd = 250 << 10
	filesEnd    = 800 << 10

	requirementsEnd = 860 << 10
	digestsEnd      = 920 << 10
	commandsEnd     = 970 << 10
	bundlesEnd      = 1000 << 10

	longestCell = 2000 // maximum bytes of a text from outside in one cell
)

// summary returns the job summary in Markdown, on success and on failure: the outcome, the reasons, and what to do.
func (r *Reporter) summary(of ledger.Receipt) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s %s\n\n", resultIcon(of), title(of))
	overview(&b, of)
	r.findings(&b, of)
	publisherTable(&b, of.Publisher, of.IndexName)
	comparisonTable(&b, of.Compared)
	fileTable(&b, of)
	steps(&b, of)
	timeline(&b, of)
	verifying(&b, of)
	return b.String()
}

// resultIcon returns the symbol of the result.
func resultIcon(r ledger.Receipt) string {
	switch result := r.Result(); {
	case result == ledger.Partial, result != ledger.Failed && r.Count(ledger.OutcomeSkipped) > 0:
		return "⚠️"
	case result == ledger.Published, result == ledger.DryRun:
		return "✅"
	case result == ledger.Unchanged, result == ledger.AllSkipped:
		return "☑️"
	default:
		return "❌"
	}
}

// maxTitleReleases is how many releases the title names.
const maxTitleReleases = 8

// title returns the outcome, with links to the releases.
func title(r ledger.Receipt) string {
	more, last := "", min(len(r.Releases), maxTitleReleases)
	if n := len(r.Releases) - maxTitleReleases; n > 0 {
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

// overview writes one line with the index, the number and size of the files, and the duration.
func overview(b *strings.Builder, r ledger.Receipt) {
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

// bytesOf returns the total size of files in bytes.
func bytesOf(all []ledger.File) int64 {
	var n int64
	for _, f := range all {
		n += f.Size
	}
	return n
}

const (
	namedTogether = 25  // files that share one message
	longestName   = 300 // maximum bytes of a name: the longest that a file system supports, and some folders
)
