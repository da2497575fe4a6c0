// Package finding defines the common form of a problem and its fix. Every refusal is a finding, from the index and from this program.
package finding

import (
	"errors"
	"strings"
)

// Severity is the effect of a finding on a run.
type Severity uint8

// The severities, from the least to the most severe.
const (
	Notice  Severity = iota // for information
	Warning                 // the run continues, but a person should check it
	Error                   // the run stops, or has failed
)

// String returns the severity as GitHub's annotations name it.
func (s Severity) String() string {
	switch s {
	case Notice:
		return "notice"
	case Warning:
		return "warning"
	default:
		return "error"
	}
}

// Fault says where the fault of a finding lies, and so who can fix it.
type Fault uint8

// The faults. A run whose errors are all Workflow was misconfigured; nothing else depends on a fault.
const (
	Other        Fault = iota // none of the following: the machine, a person who cancelled the run, or nothing needs a fix
	Workflow                  // the workflow's inputs, permissions or trigger: changing the workflow alone fixes it
	Distribution              // the files
	Index                     // the package index, GitHub or Sigstore: their answers and their settings
	Program                   // this program
)

// Finding is one problem. It implements error, so that a package can return it as one.
type Finding struct {
	ID       ID
	Severity Severity // its effect on the run
	Fault    Fault    // where its fault lies
	File     string   // the path of the file it is about, or empty
	Line     int      // counted from 1, or 0
	Col      int      // counted from 1, or 0
	Message  string   // what is wrong, with the message of the index if it sent one
	Detail   string   // the part of Message that is about this file alone, such as its digest; empty if there is none
	Fix      string   // one next step, or empty
}

// New returns a finding with the severity and fault that the table has for its id; see [Sections]. fix may be empty.
func New(id ID, message, fix string) Finding {
	_, d := id.find()
	return Finding{ID: id, Severity: d.Severity, Fault: d.Fault, Message: message, Fix: fix}
}

// In returns the finding as one about the file with this path.
func (f Finding) In(file string) Finding {
	f.File = file
	return f
}

// WithDetail returns the finding with part marked as the part of its message that is about its file alone.
func (f Finding) WithDetail(part string) Finding {
	f.Detail = part
	return f
}

// Subject returns the file that a line has to name before the message: none if the message begins with it.
func (f Finding) Subject() string {
	if strings.HasPrefix(f.Message, f.File) {
		return ""
	}
	return f.File
}

// Error returns the message, followed by the next step if there is one.
func (f Finding) Error() string {
	if f.Fix == "" {
		return f.Message
	}
	return strings.TrimSuffix(f.Message, ".") + ": " + f.Fix
}

// Lines returns the finding as lines of a log: severity, file and message, and below them the next step if there is one.
func (f Finding) Lines() []string {
	line := f.Severity.String() + ": "
	if file := f.Subject(); file != "" {
		line += file + ": "
	}
	if f.Fix == "" {
		return []string{line + f.Message}
	}
	return []string{line + f.Message, "  -> " + f.Fix}
}

// Of returns the findings in err, through wrapped and joined errors, in their order. An error (or a branch of a joined one) without a
// finding becomes one with the id [Internal], so that nothing is lost.
func Of(err error) []Finding {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []Finding
		for _, branch := range joined.Unwrap() {
			all = append(all, Of(branch)...)
		}
		return all
	}
	if f, ok := err.(Finding); ok {
		return []Finding{f}
	}
	if inner := errors.Unwrap(err); inner != nil && holdsFinding(inner) {
		return Of(inner)
	}
	return []Finding{New(Internal, strings.ReplaceAll(err.Error(), "\n", "; "), "")} // joined errors have a line each
}

// Explain returns err with the id and next step for every error in it that is not a finding yet. It returns nil if err is nil.
func Explain(err error, id ID, fix string) error {
	var all []error
	for _, f := range Of(err) {
		if f.ID == Internal {
			f = New(id, f.Message, fix).In(f.File)
		}
		all = append(all, f)
	}
	return errors.Join(all...)
}

// holdsFinding reports whether a finding is in the chain of err.
func holdsFinding(err error) bool {
	var f Finding
	return errors.As(err, &f)
}

// Worst returns the highest severity among the findings, or Notice if there are none.
func Worst(all []Finding) Severity {
	worst := Notice
	for _, f := range all {
		worst = max(worst, f.Severity)
	}
	return worst
}
