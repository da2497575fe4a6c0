package wire

import (
	"errors"
	"fmt"
	"time"
)

// Error is the error of a call that did not succeed: it has the server's last answer, or the reason why there was none.
type Error struct {
	Op     Op
	Method string
	URL    string
	Answer *Answer // to the last try; nil: none
	Tries  int     // of all calls that share the budget
	// Took is how long each try of this call took from connect to the end of the answer.
	Took []time.Duration
	// AmbiguousTries counts the tries that may have had their effect all the same: sent whole with no answer, or answered with an
	// error of the server or of a gateway before it, as [Answer.Ambiguous] has it and the op's policy.
	AmbiguousTries int
	Err            error // why there was no answer

	retryAfter time.Duration // which the server asked to wait for, beyond what was left; zero: it did not
	unreadable int           // tries whose answer could not be read
}

// Error returns the request and what came of it, never the body of an answer.
func (e *Error) Error() string {
	tries := ""
	if e.Tries > 1 {
		tries = fmt.Sprintf(" after %d tries", e.Tries)
	}
	if e.Answer != nil {
		reason := fmt.Sprint(e.Answer.Status)
		if phrase := e.Answer.oneLine(e.Answer.reason()); phrase != "" && !isPlaceholder(e.Answer.Status, phrase) {
			reason += " " + phrase
		}
		if to := e.Answer.Header.Get("Location"); to != "" && e.Answer.Status/100 == 3 {
			reason += ", a redirect to " + PlainURL(to) + " (redirects are not followed)"
		}
		if e.retryAfter > 0 {
			tries += fmt.Sprintf(", and asks to wait for %v", e.retryAfter.Round(time.Second))
		}
		return fmt.Sprintf("%s: %s %s answered %s%s", e.Op, e.Method, e.URL, reason, tries)
	}
	got := "no answer"
	var unreadable *Unreadable
	if errors.As(e.Err, &unreadable) {
		got = "an answer that is not readable HTTP"
	}
	return fmt.Sprintf("%s: %s %s got %s%s: %v", e.Op, e.Method, e.URL, got, tries, e.Err)
}

// Unwrap returns why there was no answer.
func (e *Error) Unwrap() error { return e.Err }

// TooLong is the error of an answer that is longer than is read, or whose head is.
type TooLong struct {
	Bound int64  // in bytes
	Part  string // of the answer that is too long, such as its status line; empty: its body
}

func (e *TooLong) Error() string {
	what := "the answer"
	if e.Part != "" {
		what += "'s " + e.Part
	}
	return fmt.Sprintf("%s is longer than the limit of %d bytes", what, e.Bound)
}

// tryTimeout is the cause of a try that took too long.
type tryTimeout struct{ after time.Duration }

func (e tryTimeout) Error() string { return fmt.Sprintf("no complete answer within %v", e.after) }
