// Package finding has the one shape of "what is wrong and what to do". Every refusal is one, from the index and from us.
package finding

import (
	"errors"
	"strings"
)

// Severity tells what a finding does to a run.
type Severity uint8

// The severities, from the least to the most severe.
const (
	Notice  Severity = iota // worth knowing
	Warning                 // the run goes on, but a person should look
	Error                   // the run stops, or has failed
)

// String is the severity as GitHub's annotations name it.
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

// Fault says whose fault a finding is, which is who can mend it.
type Fault uint8

// The faults. A run that ends in errors of the workflow alone was misconfigured, and nothing else depends on a fault.
const (
	Other        Fault = iota // of none of the following: the machine, or a person who ended the run; or nothing has to be mended
	Workflow                  // what the workflow says or allows: a change of it alone can mend that
	Distribution              // the files
	Index                     // the package index, GitHub or Sigstore: their answers, and what they are set up to do
	Program                   // this program
)

// Finding is one thing that is wrong. It is an error, so that a package can return it as one.
type Finding struct {
	ID       ID
	Severity Severity // what it does to the run
	Fault    Fault    // whose it is
	File     string   // the path of the file it is about, or empty
	Line     int      // counted from 1, or 0
	Col      int      // counted from 1, or 0
	Message  string   // what is wrong, in the words of the index where it spoke
	Detail   string   // the part of Message that is true of this file alone, such as its digest; empty where there is none
	Fix      string   // one next step, or empty where there is none
}

// New returns a finding with the severity and the fault that the table has for its id; see [Sections]. fix may be empty.
func New(id ID, message, fix string) Finding {
	_, d := id.find()
	return Finding{ID: id, Severity: d.Severity, Fault: d.Fault, Message: message, Fix: fix}
}

// In returns the finding as one about the file with this path.
func (f Finding) In(file string) Finding {
	f.File = file
	return f
}

// WithDetail returns the finding as one in whose message this part is true of its file alone.
func (f Finding) WithDetail(part string) Finding {
	f.Detail = part
	return f
}

// Error is the message, and the next step after it.
func (f Finding) Error() string {
	if f.Fix == "" {
		return f.Message
	}
	return strings.TrimSuffix(f.Message, ".") + ": " + f.Fix
}

// Lines returns the finding as a log shows it: its severity, file and message, and below them the next step where there is one.
func (f Finding) Lines() []string {
	line := f.Severity.String() + ": "
	if f.File != "" {
		line += f.File + ": "
	}
	if f.Fix == "" {
		return []string{line + f.Message}
	}
	return []string{line + f.Message, "  -> " + f.Fix}
}

// Of collects the findings in err, through wrapped and joined errors, in their order. An error (or a branch of a joined
// one) in which there is no finding becomes one with the id [Internal], so that nothing is lost.
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
	return []Finding{New(Internal, err.Error(), "")}
}

// Explain returns err with the given id and next step for what is wrong in it and nobody has explained yet. It is nil where err is.
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

func holdsFinding(err error) bool {
	var f Finding
	return errors.As(err, &f)
}

// Worst is the highest severity among the findings; Notice where there is none.
func Worst(all []Finding) Severity {
	worst := Notice
	for _, f := range all {
		worst = max(worst, f.Severity)
	}
	return worst
}
