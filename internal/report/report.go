// Package report shows people what happens: events become the log, and the receipt becomes annotations, outputs and the job summary. It
// depends only on the ledger and on findings.
//
// Rules for what is printed:
//   - a log line has one statement, in small letters, without a full stop; a file has one line for each thing that happens to it;
//   - phases are groups; findings and the outcome are outside of groups, so that they are visible without unfolding;
//   - a cause has one annotation, however many files have it, with the message of the index if it sent one, and the next step;
//   - Markdown is built from escaped cells only (markdown.go); the sink makes lines safe, not this package.
package report

import (
	"errors"
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

// Console receives a report.
type Console interface {
	Line(text string)                // prints one line of the log
	Group(title string) (end func()) // begins a group of lines that can be folded; end ends it
	Annotate(f finding.Finding)      // shows a finding as an annotation
	Output(name, value string) error // sets an output of the step
	Summary(markdown string) error   // adds to the job summary
}

// Options select what a report contains.
type Options struct {
	Hashes  bool // print the digests of the files
	Verbose bool // print requests, retries and timings
	// Redact removes secrets from a text; nil removes nothing. The sink also redacts, but it does not recognize a secret once it is
	// escaped.
	Redact func(string) string
	// Help returns the page that explains findings with an id, or an empty string if there is none. It may be nil.
	Help func(finding.ID) string
	// Words returns a finding in the words of its reader; nil changes nothing.
	Words func(finding.Finding) finding.Finding
	// Status shows one line that the next one replaces, and removes it if it is empty; nil if no person watches a terminal. The progress of
	// uploads is such a line then.
	Status func(text string)
	// Manifest writes the manifest to the place that the user asked for; nil if there is none.
	Manifest func(text []byte) error
}

// Reporter turns events into log lines, and a receipt into everything else. Its methods must not be called concurrently.
type Reporter struct {
	console Console
	options Options
	end     func() // ends the open group
	index   string // the name of the index in messages
	uploads uploads
}

// New returns a reporter that writes to the console.
func New(console Console, options Options) *Reporter {
	if options.Redact == nil {
		options.Redact = func(text string) string { return text }
	}
	if options.Help == nil {
		options.Help = func(finding.ID) string { return "" }
	}
	return &Reporter{console: console, options: options, end: func() {}, index: ledger.UnknownIndex}
}

func (r *Reporter) line(format string, args ...any) { r.console.Line(fmt.Sprintf(format, args...)) }

// lines prints lines of the log.
func (r *Reporter) lines(all []string) {
	for _, line := range all {
		r.console.Line(line)
	}
}

// endGroup ends the open group, if there is one.
func (r *Reporter) endGroup() {
	r.end()
	r.end = func() {}
}

// Close shows the outcome: annotations, the last lines of the log, outputs and the summary. It returns the errors of writing outputs,
// summary and manifest; they do not change what was published.
func (r *Reporter) Close(receipt ledger.Receipt) error {
	r.endGroup()
	if r.options.Status != nil {
		r.options.Status("")
	}
	receipt = redacted(receipt, r.options.Redact)
	if r.options.Words != nil {
		for i, f := range receipt.Findings {
			receipt.Findings[i] = r.options.Words(f)
		}
	}
	r.annotate(receipt.Findings)
	r.outcome(receipt)
	whole := manifest(receipt)
	problems := []error{r.outputs(receipt, whole), r.console.Summary(r.summary(receipt))}
	if r.options.Manifest != nil {
		problems = append(problems, r.options.Manifest(whole.text()))
	}
	return errors.Join(problems...)
}

// outputs sets the outputs, up to the first that fails: the others would fail for the same reason.
func (r *Reporter) outputs(receipt ledger.Receipt, whole document) error {
	for _, output := range outputs(receipt, whole) {
		if err := r.console.Output(output.name, output.value); err != nil {
			return err
		}
	}
	return nil
}
