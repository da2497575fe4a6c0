package report

import (
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// advice is one next step, with all causes that it applies to.
type advice struct {
	severity finding.Severity
	id       finding.ID
	fix      string
	of       []finding.Cause
}

// advices groups the causes by their next step, errors first, because they need action.
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

// findings writes a table with one row for each next step, however many files it applies to.
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
		row(b, severityIcon(a.severity), messages(a.of, findingsEnd-b.Len())+r.whatToDo(a, of.Publisher))
	}
	b.WriteString("\n")
}

// severityIcon returns the symbol of a severity.
func severityIcon(s finding.Severity) string {
	switch s {
	case finding.Error:
		return "❌"
	case finding.Warning:
		return "⚠️"
	default:
		return "ℹ️"
	}
}

// messages returns the messages of causes, up to about room bytes. A message about several files appears once.
func messages(all []finding.Cause, budget int) string {
	var b strings.Builder
	for i, c := range all {
		if b.Len() > budget {
			fmt.Fprintf(&b, "<br>… and %d more, in the log", len(all)-i)
			break
		}
		if b.Len() > 0 {
			b.WriteString("<br>")
		}
		if names := named(c.Files); names != "" {
			b.WriteString(names + "<br>")
		}
		b.WriteString(inlineCode(clipped(c.Message(), longestCell)))
	}
	return b.String()
}

// named returns the first names of a list of files, and how many more there are.
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

// whatToDo returns the next step, and the link to the page about the finding.
func (r *Reporter) whatToDo(a advice, p *ledger.Publisher) string {
	text := inlineCode(clipped(a.fix, longestCell))
	if p != nil && p.Next != "" && a.id == p.Finding {
		text = inlineCode(clipped(p.Next, longestCell))
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

// publisherTable writes the Trusted Publisher that the index would need. If the run claims what the publisher must say, both share one
// column.
func publisherTable(b *strings.Builder, p *ledger.Publisher, index string) {
	if p == nil {
		return
	}
	same := true
	for _, c := range p.Claims {
		same = same && c.Claimed == c.Wanted
	}
	cells := func(field, claimed, wanted, hint string) {
		if same {
			row(b, field, wanted, hint)
			return
		}
		row(b, field, claimed, wanted, hint)
	}
	wanted := "Value to enter"
	if same {
		wanted = "Value of this run, and value to enter"
	}
	cells(escaped("Field on "+index), "Value of this run", wanted, "Comparison")
	cells(":---", ":---", ":---", ":---")
	for _, c := range p.Claims {
		cells(escaped(c.Field), orNothing(c.Claimed, "(none)"), orNothing(c.Wanted, "(empty)"), inlineCode(c.Note))
	}
	b.WriteString("\n")
	places(b, p.Pages)
}

// distinctPages returns the places that are new to the index or have a page.
func distinctPages(all []ledger.PublisherPage) []ledger.PublisherPage {
	var distinct []ledger.PublisherPage
	for _, page := range all {
		if page.New || page.Page != "" {
			distinct = append(distinct, page)
		}
	}
	return distinct
}

// places writes where the publisher of each project is set up, for the first projects only.
func places(b *strings.Builder, all []ledger.PublisherPage) {
	all = distinctPages(all)
	for i, page := range all {
		if i == maxTitleReleases {
			fmt.Fprintf(b, "… and %d more, in the log\n\n", len(all)-i)
			return
		}
		name := code(clipped(page.Project, longestName))
		switch {
		case page.New && page.Page == "":
			fmt.Fprintf(b, "➡️ %s is a new project: add a pending publisher with this project name and these values.\n\n", name)
		case page.New:
			fmt.Fprintf(b, "➡️ %s with the project name %s and these values.\n\n", link("Add a pending publisher", page.Page), name)
		default:
			fmt.Fprintf(b, "➡️ %s of %s; the form is already filled in. Only an owner of the project sees that page.\n\n",
				link("Open the publishing settings", page.Page), name)
		}
	}
}

// orNothing returns text as code, or nothing if it is empty.
func orNothing(text, nothing string) string {
	if text == "" {
		return escaped(nothing)
	}
	return code(clipped(text, longestCell))
}
