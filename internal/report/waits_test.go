package report_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/report"
)

// TestLog_Waits: a wait is one line of the log, whether it is verbose or not: who did not answer as wished, when the next try is, and for
// how long there are tries. Nothing is printed of a try that no wait follows.
func TestLog_Waits(t *testing.T) {
	t.Parallel()
	const second, minute = time.Second, time.Minute
	for want, tried := range map[string]ledger.Tried{
		"PyPI answered 503: next try in 8 s (3rd try, 18 min left)": {N: 2, Status: 503, Wait: 8 * second, Left: 18*minute + 5*second},
		"PyPI answered 500: next try in 750 ms (2nd try, 3 min left)": {
			N: 1, Status: 500, Wait: 750 * time.Millisecond, Left: 3 * minute,
		},
		"GitHub answered 502: next try in 30 s (11th try, 45 s left)": {
			Service: "GitHub",
			N:       10,
			Status:  502,
			Wait:    30 * second,
			Left:    45 * second,
		},
		"Sigstore answered 429: next try in 2 min (21st try, 4 min left)": {
			Service: "Sigstore",
			N:       20,
			Status:  429,
			Wait:    2 * minute,
			Left:    4 * minute,
		},
		"PyPI did not answer (connection refused): next try in 16 s (42nd try, 89 s left)": {
			N: 41, Err: errors.New("connection\n refused"), Wait: 15600 * time.Millisecond, Left: 89 * second,
		},
		"PyPI did not answer (" + strings.Repeat("x", 120) + "…): next try in 1 s (112th try, 20 min left)": {
			N: 111, Err: errors.New(strings.Repeat("x", 9999)), Wait: second, Left: 20 * minute,
		},
		"PyPI did not answer (***): next try in 1 s (23rd try, 20 min left)": {
			N:    22,
			Err:  errors.New("a secret"),
			Wait: second,
			Left: 20 * minute,
		},
		"": {N: 7, Status: 503},
	} {
		for _, verbose := range []bool{false, true} {
			var log page
			redact := func(text string) string { return strings.ReplaceAll(text, "a secret", "***") }
			reporter := report.New(&log, report.Options{Verbose: verbose, Redact: redact})
			reporter.Watch(ledger.Began{IndexName: "PyPI"})
			reporter.Watch(tried)
			lines := strings.Split(strings.TrimSuffix(log.log.String(), "\n"), "\n")[1:]
			right := slices.Contains(lines, want) && (verbose || len(lines) == 1)
			if want == "" {
				right = !strings.Contains(log.log.String(), "next try")
			}
			if !right {
				t.Errorf("%+v, verbose %v, is logged as %q", tried, verbose, lines)
			}
		}
	}
}
