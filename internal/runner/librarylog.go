package runner

import (
	"io"
	"strings"
	"sync"
)

const (
	longestReport = 200 // bytes of one report of a library that are printed
	mostReports   = 20  // reports of libraries that are printed in one run
)

// LibraryLog returns a writer for the standard library's logger, to which net/http reports unsolicited bytes from a server. Each write
// is one report and becomes one line of the log, redacted and sanitized like every line.
//
// Quoted text in a report is omitted: it comes from a server and may contain a secret in a form that redaction does not recognize,
// because it was quoted or cut at the end of a buffer. A report is cut to 200 bytes, and reports after the 20th are dropped. It never
// fails.
func (r *Runner) LibraryLog() io.Writer { return &libraryLog{runner: r} }

type libraryLog struct {
	runner *Runner

	mu      sync.Mutex
	reports int
}

// Write prints one report.
func (l *libraryLog) Write(report []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reports++
	switch {
	case l.reports > mostReports:
	case l.reports == mostReports:
		l.runner.Line("more messages of libraries follow and are not printed")
	default:
		l.runner.Line("a library reports: " + l.runner.withoutQuotes(string(report)))
	}
	return len(report), nil
}

// withoutQuotes returns a report up to its first quoted text, redacted and then cut.
func (r *Runner) withoutQuotes(report string) string {
	message, _, quotes := strings.Cut(strings.TrimSpace(report), `"`)
	message, rest := cut(r.redactor.Redact(message), longestReport)
	if quotes {
		rest = "… (quoted text is not printed)"
	}
	return message + rest
}
