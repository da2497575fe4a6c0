package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// mostCompared is of how many releases the log and the summary show how they differ from the last ones.
const mostCompared = 8

// label returns what people read in place of the name of what is compared, which is part of the manifest.
func label(what string) string {
	switch what {
	case "sdist":
		return "sdist"
	case "wheels":
		return "Wheels"
	case "platforms":
		return "Platforms"
	case "python":
		return "Requires-Python"
	case "extras":
		return "Extras"
	case "dependencies":
		return "Dependencies"
	case "license":
		return "Licence"
	default:
		return what
	}
}

// comparisonTitle returns what a release is compared with.
func comparisonTitle(c ledger.Comparison) string { return "Compared with " + c.Name + " " + c.Before }

// notable reports whether there is a finding about a difference of the releases.
func notable(all []ledger.Comparison) bool {
	for _, c := range all {
		for _, d := range c.Differences {
			if d.Severity != "" {
				return true
			}
		}
	}
	return false
}

// unremarkable says in some words how releases differ of which there is nothing to look at.
func unremarkable(all []ledger.Comparison) string {
	for _, c := range all {
		if slices.ContainsFunc(c.Differences, func(d ledger.Difference) bool { return d.Before != d.Now }) {
			return "nothing unusual"
		}
	}
	return "no difference"
}

// compared prints how the releases differ from the last ones.
func (r *Reporter) compared(all []ledger.Comparison) {
	for i, c := range all {
		if i == mostCompared {
			r.line("… and %d more releases, in the manifest", len(all)-i)
			return
		}
		for _, line := range ComparisonLines(c) {
			r.line("%s", line)
		}
	}
}

// ComparisonLines returns what differs between two releases, as lines of a log.
func ComparisonLines(c ledger.Comparison) []string {
	lines := []string{strings.ToLower(comparisonTitle(c)[:1]) + comparisonTitle(c)[1:] + ":"}
	for _, d := range c.Differences {
		mark := ""
		switch {
		case d.Severity != "":
			mark = " (" + d.Severity + ")"
		case d.Before == d.Now:
			continue
		}
		lines = append(lines, fmt.Sprintf("  %s: %s -> %s%s", d.What, d.Before, d.Now, mark))
	}
	if len(lines) == 1 {
		return []string{strings.TrimSuffix(lines[0], ":") + ": no difference"}
	}
	return lines
}

// comparisonTable writes one table of how the releases differ from the last ones, folded if there is nothing to look at.
func comparisonTable(b *strings.Builder, all []ledger.Comparison) {
	if len(all) == 0 {
		return
	}
	title := escaped("Compared with the last releases")
	if len(all) == 1 {
		title = escaped(clipped(comparisonTitle(all[0]), longestCell))
	}
	folded := !notable(all)
	if folded {
		fmt.Fprintf(b, "<details><summary>%s: %s</summary>\n\n", title, unremarkable(all))
	}
	versions := func(c ledger.Comparison) (before, now string) {
		return escaped(clipped(c.Before, longestCell)), escaped(clipped(c.Version, longestCell))
	}
	before, now := "Before", "Now"
	if len(all) == 1 {
		before, now = versions(all[0])
	}
	row(b, title, before, now)
	row(b, ":---", ":---", ":---")
	for i, c := range all {
		if i == mostCompared {
			row(b, fmt.Sprintf("… and %d more, in the manifest", len(all)-i), "", "")
			break
		}
		if len(all) > 1 {
			before, now := versions(c)
			row(b, code(clipped(c.Name, longestName)), before, now)
		}
		for _, d := range c.Differences {
			icon := ""
			switch d.Severity {
			case finding.Warning.String():
				icon = severityIcon(finding.Warning) + " "
			case finding.Notice.String():
				icon = severityIcon(finding.Notice) + " "
			}
			row(b, escaped(label(d.What)), escaped(clipped(d.Before, longestCell)), icon+escaped(clipped(d.Now, longestCell)))
		}
	}
	b.WriteString("\n")
	if folded {
		b.WriteString("</details>\n\n")
	}
}
