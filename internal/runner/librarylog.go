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

// LibraryLog returns a writer for the standard library's own logger, to which net/http reports bytes that a server sent although no
// request asked for them. Each write is one report, and becomes one line of the log, redacted and made plain as every line is.
//
// What is quoted in a report is left out: a server has sent it, it may hold a secret, and quotation and the edge of a buffer change a
// secret such that it is not recognised any more. A report is cut to 200 bytes, and after 20 reports the rest is dropped. It never fails.
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

// withoutQuotes returns a report up to what it quotes, redacted before it is cut.
func (r *Runner) withoutQuotes(report string) string {
	said, _, quotes := strings.Cut(strings.TrimSpace(report), `"`)
	said, rest := cut(r.vault.Redact(said), longestReport)
	if quotes {
		rest = "… (quoted text is not printed)"
	}
	return said + rest
}
