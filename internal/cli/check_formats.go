package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/publish"
	"github.com/org/pypi-oidc-publish/internal/report"
	"github.com/org/pypi-oidc-publish/internal/runner"
)

// writers returns the functions that print a result, by the name of the output format.
func writers() map[string]func(Process, publish.CheckResult) {
	return map[string]func(Process, publish.CheckResult){"text": Process.asText, "github": Process.asAnnotations, "json": Process.asJSON}
}

// asText prints the findings grouped by file. The last line counts them.
func (w Process) asText(j publish.CheckResult) {
	r := w.console(false)
	files, set := byFile(j)
	for _, file := range files {
		if len(file.findings) == 0 {
			r.Line(file.path + ": no problems")
			continue
		}
		r.Line(file.path)
		w.lines(r, file.findings)
	}
	if len(set) > 0 {
		r.Line("across all files")
		w.lines(r, set)
	}
	compared(r, j)
	r.Line(tallyOf(j))
}

// compared prints how the releases differ from the last ones on the index.
func compared(r *runner.Runner, j publish.CheckResult) {
	for _, c := range j.Compared {
		for _, line := range report.ComparisonLines(c) {
			r.Line(line)
		}
	}
}

// lines prints findings, each with its fix and page.
func (w Process) lines(r *runner.Runner, found []finding.Finding) {
	for _, f := range found {
		r.Line("  " + f.Severity.String() + ": " + f.Message)
		if f.Fix != "" {
			r.Line("    -> " + f.Fix)
		}
		r.Line("    " + w.help(f.ID))
	}
}

// asAnnotations prints the findings as annotations. The last line counts them.
func (w Process) asAnnotations(j publish.CheckResult) {
	r := w.console(true)
	w.annotate(r, j)
	compared(r, j)
	r.Line(tallyOf(j))
}

// annotate prints the ten worst causes as annotations, because GitHub shows ten of a step, and the others as lines.
func (w Process) annotate(r *runner.Runner, j publish.CheckResult) {
	const most = 10
	worst := finding.Causes(j.Findings)
	sort.SliceStable(worst, func(i, j int) bool { return worst[i].First.Severity > worst[j].First.Severity })
	for i, cause := range worst {
		f := cause.Annotation()
		if i >= most {
			f = cause.Summary()
		}
		f.Fix = report.WithHelp(f.Fix, w.help(f.ID))
		if i == most {
			r.Line(fmt.Sprintf("%d more are only in the log:", len(worst)-most))
		}
		lines := cause.Listing()
		if i < most {
			r.Annotate(f)
		} else {
			lines = slices.Concat(f.Lines(), lines)
		}
		for _, line := range lines {
			r.Line(line)
		}
	}
}

// tallyOf returns the result in one line.
func tallyOf(j publish.CheckResult) string {
	return phrase.Count(len(j.Files), "file") + " checked: " + counted(j.Findings)
}

// counted says how many findings there are of each severity.
func counted(all []finding.Finding) string {
	n := map[finding.Severity]int{}
	for _, f := range all {
		n[f.Severity]++
	}
	var parts []string
	for _, severity := range []finding.Severity{finding.Error, finding.Warning, finding.Notice} {
		if n[severity] > 0 {
			parts = append(parts, phrase.Count(n[severity], severity.String()))
		}
	}
	if len(parts) == 0 {
		return "no problems"
	}
	return strings.Join(parts, ", ")
}

// The JSON format is read by programs: its names must not change.
type (
	jsonCheck struct {
		Files    []jsonFile               `json:"files"`
		Findings []jsonFinding            `json:"findings"`           // of the set
		Compared []report.ComparisonEntry `json:"compared,omitempty"` // as in the manifest: with the last releases on the index
	}
	jsonFile struct {
		Path     string        `json:"path"`
		Verdict  string        `json:"verdict"` // accept, or reject if a finding is an error
		Findings []jsonFinding `json:"findings"`
	}
	jsonFailure struct {
		Findings []jsonFinding `json:"findings"` // why the command could not do its work
	}
	jsonFinding struct {
		Rule     string `json:"rule"`
		Severity string `json:"severity"`
		Message  string `json:"message"`
		Fix      string `json:"fix"`
		Path     string `json:"path"` // empty if it is not about one file
		Help     string `json:"help"` // the address of the text that explains it
	}
)

// asJSON prints the result as JSON.
func (w Process) asJSON(j publish.CheckResult) {
	files, set := byFile(j)
	out := jsonCheck{Files: []jsonFile{}, Findings: w.jsonFindings(set), Compared: report.ComparisonEntries(j.Compared)}
	for _, file := range files {
		outcome := "accept"
		if finding.Worst(file.findings) == finding.Error {
			outcome = "reject"
		}
		out.Files = append(out.Files, jsonFile{file.path, outcome, w.jsonFindings(file.findings)})
	}
	w.printJSON(out)
}

// printJSON prints a value as JSON.
func (w Process) printJSON(out any) {
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(err) // it contains only texts and numbers
	}
	fmt.Fprintln(w.Stdout, harmless(string(text)))
}

// harmless returns the same JSON with two things escaped: what the runner would read as a command, anywhere in a line, and control
// characters.
func harmless(text string) string {
	var b strings.Builder
	for _, c := range strings.ReplaceAll(text, "##[", `#\u0023[`) {
		if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)) {
			fmt.Fprintf(&b, `\u%04x`, c)
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// jsonFindings returns findings in the JSON format.
func (w Process) jsonFindings(found []finding.Finding) []jsonFinding {
	list := []jsonFinding{}
	for _, f := range found {
		list = append(list, jsonFinding{string(f.ID), f.Severity.String(), f.Message, f.Fix, f.File, w.help(f.ID)})
	}
	return list
}
