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
	"errors"
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/finding"
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
