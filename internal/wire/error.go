package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Error is a call that did not succeed: the server's last answer, or the reason why there was none.
type Error struct {
	Op     Op
	Method string
	URL    string
	Answer *Answer // nil: no answer
	Tries  int
	// AmbiguousTries counts the tries that may have had their effect all the same: sent whole with no answer, or answered with an
	// error of the server or of a front before it, as [Ambiguous] has it and the op's policy.
	AmbiguousTries int
	Err            error // why there was no answer

	unreadable int // tries whose answer could not be read
}

// Error names the request and what came of it, never the body of an answer.
func (e *Error) Error() string {
	tries := ""
	if e.Tries > 1 {
		tries = fmt.Sprintf(" after %d tries", e.Tries)
	}
	if e.Answer != nil {
		reason := fmt.Sprint(e.Answer.Status)
		if said := e.Answer.line(e.Answer.Reason); said != "" && !isPlaceholder(e.Answer.Status, said) {
			reason += " " + said
		}
		if to := e.Answer.Header.Get("Location"); to != "" && e.Answer.Status >= 300 && e.Answer.Status < 400 {
			reason += ", a redirect to " + PlainURL(to) + " (redirects are not followed)"
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

// Said are the server's own words, after a colon, where they say more than Error does; nothing otherwise.
func (e *Error) Said() string {
	if e.Answer == nil {
		return ""
	}
	words := e.Answer.ServerMessage()
	if strings.Contains(e.Error(), words) {
		return ""
	}
	return ": " + words
}

// Unwrap is why there was no answer.
func (e *Error) Unwrap() error { return e.Err }

// Advice is the next step where there was no answer for a reason that a later run does not mend either; empty otherwise.
func (e *Error) Advice() string {
	var untrusted *tls.CertificateVerificationError
	var name *net.DNSError
	var unreadable *Unreadable
	switch {
	case errors.As(e.Err, &untrusted):
		return "if that server, or a proxy before it, has a certificate of your own authority, give its root as `ca-bundle`; else do not go on: somebody may be in between"
	case errors.As(e.Err, &name) && name.IsNotFound:
		return "check the host's name: nothing on this machine knows it"
	case errors.As(e.Err, &unreadable) && unreadable.Tunnel:
		return "a message of several lines cannot be read through a proxy: run the job again without the proxy, or with the host in `NO_PROXY`"
	case errors.As(e.Err, &unreadable):
		return "check the address, and what stands between this machine and the server: it answers with something that is not HTTP/1.1"
	}
	return ""
}

// Permanent reports whether another try would end alike, for a reason that [Error.Advice] names.
func (e *Error) Permanent() bool { return permanent(e.Err) }

func permanent(err error) bool {
	var untrusted *tls.CertificateVerificationError
	var name *net.DNSError
	return errors.As(err, &untrusted) || (errors.As(err, &name) && name.IsNotFound)
}

// TooLong reports that an answer, or its head, was longer than is read.
type TooLong struct {
	Bound int64  // in bytes
	Part  string // of the answer that is too long, such as its status line; empty: its body
}

func (e *TooLong) Error() string {
	what := "the answer"
	if e.Part != "" {
		what += "'s " + e.Part
	}
	return fmt.Sprintf("%s is longer than %d bytes, which no server sends here", what, e.Bound)
}

// tryTimeout is the cause of a try that took too long.
type tryTimeout struct{ after time.Duration }

func (e tryTimeout) Error() string { return fmt.Sprintf("no whole answer within %v", e.after) }
