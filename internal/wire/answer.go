package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is a server's response, read whole and bounded.
type Answer struct {
	Status int
	Reason string // of the status line, without the code
	Header http.Header
	Body   []byte
	// AmbiguousTries counts the earlier tries of the call that may have had their effect all the same: sent whole with no answer,
	// or answered with an error of the server or of a gateway before it, as [Answer.Ambiguous] has it and the op's policy.
	AmbiguousTries int

	redact func(string) string
}

// Date returns the time by the server's clock; zero if it gave none.
func (a *Answer) Date() time.Time {
	at, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// RetryAfter returns how long the server asks to wait, in either form of the header: seconds, or a date that is compared with now
// (RFC 9110, section 10.2.3). It is not bounded.
func (a *Answer) RetryAfter(now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(a.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}
