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

// Fault says who can mend what a finding is about.
type Fault uint8

// The faults. Most findings do not say: nothing depends on it.
const (
	Unsaid       Fault = iota
	Workflow           // what the workflow says or allows: a run that ends for nothing else was misconfigured
	Distribution       // the files
	Index              // the package index, or a service that it relies on
)

// Internal is the id of a finding made from an error that nobody explained.
const Internal = "internal"

// Finding is one thing that is wrong. It is an error, so that a room can return it as one.
type Finding struct {
	ID       string   // a stable slug, such as "name-missing" or "invalid-publisher"
	Severity Severity // what it does to the run
	Fault    Fault    // who can mend it
	File     string   // the path of the file it is about, or empty
	Line     int      // counted from 1, or 0
	Col      int      // counted from 1, or 0
	Message  string   // what is wrong, in the words of the index where it spoke
	Fix      string   // one next step, or empty where there is none
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
	return []Finding{{ID: Internal, Severity: Error, Message: err.Error()}}
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
