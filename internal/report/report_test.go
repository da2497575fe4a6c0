package report_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// page collects everything that a person or another job reads, in one text.
type page struct{ log, outputs, summary strings.Builder }

func (p *page) Line(text string) { fmt.Fprintln(&p.log, text) }

func (p *page) Group(title string) func() {
	fmt.Fprintf(&p.log, "[%s\n", title)
	return func() { fmt.Fprintln(&p.log, "]") }
}

func (p *page) Annotate(f finding.Finding) {
	fmt.Fprintf(&p.log, "%s %s %s: %s | %s\n", f.Severity, f.ID, f.File, f.Message, f.Fix)
}

func (p *page) Output(name, value string) error {
	fmt.Fprintf(&p.outputs, "%s=%s\n", name, value)
	return nil
}

func (p *page) Summary(markdown string) error {
	p.summary.WriteString(markdown)
	return nil
}

func (p *page) String() string {
	return "--- log\n" + p.log.String() + "--- outputs\n" + p.outputs.String() + "--- summary\n" + p.summary.String()
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func file(name string, status ledger.Status) ledger.File {
	return ledger.File{
		Path: "dist/" + name, Name: name, Release: pep.Release{Project: "my-project", Version: "1"}, Version: "1.0", Size: 1234567,
		SHA256: strings.Repeat("ab", 32), BLAKE2b: strings.Repeat("cd", 32), Status: status,
	}
}

func release() []ledger.Release {
	return []ledger.Release{{Release: pep.Release{Project: "my-project", Version: "1"}, Name: "My_Project", Version: "1.0", URL: "https://index.example/project/my-project/1.0/"}}
}

// opening is what every run that gets as far as its plan begins with.
func opening(files ...ledger.File) []ledger.Event {
	return []ledger.Event{
		ledger.Began{At: noon, Index: "https://upload.index.example/legacy/", How: "Trusted Publishing, since no password is given"},
		ledger.Phase{At: noon, Name: "Collect"},
		ledger.Collected{Files: files},
		ledger.Phase{At: noon, Name: "Check"},
		ledger.Judged{Files: len(files)},
		ledger.Phase{At: noon, Name: "Plan"},
		ledger.Planned{Files: files, Releases: release()},
	}
}

func minted() []ledger.Event {
	return []ledger.Event{
		ledger.Phase{At: noon, Name: "Authorize"},
		ledger.Identified{Identity: ledger.Identity{Repository: "o/r", Workflow: "release.yml", Environment: "pypi", Ref: "refs/tags/v1.0", Event: "push", Audience: "rehearsal"}},
		ledger.Minted{Narrowed: true, Projects: []string{"my-project"}, Expires: noon.Add(5 * time.Minute)},
		ledger.Phase{At: noon, Name: "Upload"},
	}
}

func burned(outcome ledger.Burned) []ledger.Event {
	return []ledger.Event{ledger.Phase{At: noon, Name: "Burn"}, ledger.BurnedAll{Outcome: outcome}, ledger.Ended{At: noon.Add(1500 * time.Millisecond)}}
}

func join(parts ...[]ledger.Event) []ledger.Event {
	var all []ledger.Event
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

const (
	wheel = "my_project-1.0-py3-none-any.whl"
	sdist = "my_project-1.0.tar.gz"
)

func situations() map[string][]ledger.Event {
	refusal := finding.Finding{
		ID: "upload-second-sdist", Severity: finding.Error, File: "dist/" + sdist,
		Message: "the index refused " + sdist + ": Only one sdist may be uploaded per release.", Fix: "remove this one, or raise the version",
	}
	many := []ledger.Event{ledger.Began{At: noon, Index: "https://upload.index.example/legacy/", How: "Trusted Publishing, since no password is given"}}
	for n := range 13 {
		many = append(many, ledger.Noted{Finding: finding.Finding{ID: "name-missing", Severity: finding.Error, File: fmt.Sprintf("dist/%d.whl", n), Message: "'name' is a required field", Fix: "build it again"}})
	}
	return map[string][]ledger.Event{
		"published": join(opening(file(wheel, ledger.Upload), file(sdist, ledger.Present)), minted(), []ledger.Event{
			ledger.Started{File: wheel},
			ledger.Tried{Op: "upload", Method: "POST", URL: "https://upload.index.example/legacy/", N: 1, Status: 503, Took: time.Second, Wait: 2 * time.Second},
			ledger.Tried{Op: "upload", Method: "POST", URL: "https://upload.index.example/legacy/", N: 2, Status: 200, Took: time.Second},
			ledger.Landed{File: wheel, Took: 4 * time.Second},
		}, burned(ledger.BurnProven)),
		"unchanged": join(opening(file(wheel, ledger.Present)), []ledger.Event{ledger.Ended{At: noon}}),
		"partial": join(opening(file(wheel, ledger.Upload), file(sdist, ledger.Upload), file("my_project-1.0.zip", ledger.Upload)), minted(), []ledger.Event{
			ledger.Started{File: wheel},
			ledger.Landed{File: wheel, Took: time.Second},
			ledger.Started{File: sdist},
			ledger.Turned{File: sdist, Finding: refusal},
		}, burned(ledger.BurnFailed)),
		"cut off": join(opening(file(wheel, ledger.Upload), file(sdist, ledger.Upload)), minted(), []ledger.Event{
			ledger.MintLost{},
			ledger.Started{File: wheel},
			ledger.Withdrawn{File: wheel},
			ledger.Started{File: sdist},
			ledger.Noted{Finding: finding.Finding{ID: "cancelled", Severity: finding.Error, Message: "the run was ended before it was done: terminated signal received", Fix: "run it again"}},
		}, burned(ledger.BurnAccepted)),
		"skipped":       join(opening(file(wheel, ledger.Skipped), file(sdist, ledger.Present)), []ledger.Event{ledger.Ended{At: noon}}),
		"misconfigured": {ledger.Noted{Finding: finding.Finding{ID: "input-value", Severity: finding.Error, Message: "skip-existing is \"yes\"", Fix: "write true or false"}}},
		"many findings": append(many, ledger.Ended{At: noon}),
		"hostile": join(opening(file("a|b`<img src=x>\n| x | [y](javascript:z) *b* ~~c~~ @octocat.whl", ledger.Upload)), []ledger.Event{
			ledger.Noted{Finding: finding.Finding{ID: "x", Severity: finding.Error, File: "dist/|`<b>", Message: "first\n\n# heading\n| a | b |\n<script>x</script> &amp; **bold** http://evil.example", Fix: "::error::x"}},
			ledger.Ended{At: noon},
		}),
	}
}

func TestSituations(t *testing.T) {
	t.Parallel()
	for name, events := range situations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &page{}
			r := report.New(p, report.Options{Hashes: true, Verbose: true})
			book := ledger.NewBook(r.Watch)
			for _, event := range events {
				book.Note(event)
			}
			if err := r.Close(book.Receipt()); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(p.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if p.String() != string(want) {
				t.Errorf("%s has changed (go test ./internal/report -update writes it anew):\n%s", golden, p)
			}
		})
	}
}

// TestATableStaysATable: whatever a name or a message holds, each file is one row of four cells.
func TestATableStaysATable(t *testing.T) {
	t.Parallel()
	p := &page{}
	book := ledger.NewBook(nil)
	for _, event := range situations()["hostile"] {
		book.Note(event)
	}
	if err := report.New(p, report.Options{}).Close(book.Receipt()); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(p.summary.String()) {
		if strings.HasPrefix(line, "|") {
			rows++
			if n := strings.Count(line, "|"); n != 5 {
				t.Errorf("%d cells: %s", n-1, line)
			}
		}
	}
	for _, raw := range []string{"<img", "<script", "javascript:", "**bold**", "# heading", "`", "http://evil"} {
		if strings.Contains(p.summary.String(), raw) {
			t.Errorf("%s is in the summary:\n%s", raw, p.summary.String())
		}
	}
	if rows != 3 { // head, rule, and one file
		t.Errorf("%d rows", rows)
	}
}

// TestASummaryOfThousandsOfFiles stays below what the runner takes.
func TestASummaryOfThousandsOfFiles(t *testing.T) {
	t.Parallel()
	var files []ledger.File
	for n := range 2500 {
		files = append(files, file(fmt.Sprintf("my_project-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.%d.whl", n), ledger.Present))
	}
	events := opening(files...)
	for n := range 500 {
		events = append(events, ledger.Noted{Finding: finding.Finding{ID: "x", Severity: finding.Error, File: files[n].Path, Message: strings.Repeat("|", 2000), Fix: strings.Repeat("<", 500)}})
	}
	p := &page{}
	book := ledger.NewBook(nil)
	for _, event := range events {
		book.Note(event)
	}
	if err := report.New(p, report.Options{}).Close(book.Receipt()); err != nil {
		t.Fatal(err)
	}
	if n := p.summary.Len(); n > 1<<20 {
		t.Errorf("%d bytes", n)
	}
	if !strings.Contains(p.summary.String(), " more, in the log") {
		t.Error("the files that are left out are not counted")
	}
}

func TestOutputsAreJSONWhereTheySaySo(t *testing.T) {
	t.Parallel()
	p := &page{}
	book := ledger.NewBook(nil)
	book.Note(ledger.Planned{Files: []ledger.File{file("a\"b\n.whl", ledger.Present)}, Releases: release()})
	if err := report.New(p, report.Options{}).Close(book.Receipt()); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(p.outputs.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if name != "files" && name != "releases" {
			continue
		}
		var list []any
		if err := json.Unmarshal([]byte(value), &list); err != nil || len(list) != 1 {
			t.Errorf("%s: %v", line, err)
		}
	}
}
