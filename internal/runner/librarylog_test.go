package runner_test

import (
	"bytes"
	"fmt"
	"log"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/runner"
)

// TestLibraryLog: a report is one line of the log, without what it quotes, for any content.
func TestLibraryLog(t *testing.T) {
	t.Parallel()
	const password = "a-password-of-someone"
	for name, c := range map[string]struct{ report, want string }{
		"plain": {"all is well\n", "a library reports: all is well\n"},
		"a quoted secret": {
			fmt.Sprintf("starting with %q; err=%v", "x\"\n::error::"+password[:12], nil),
			"a library reports: starting with … (quoted text is not printed)\n",
		},
		"a secret": {"cookie " + password + " dropped", "a library reports: cookie *** dropped\n"},
		"a secret at the edge": {
			strings.Repeat("x", 190) + password + "yyyyyyyyyy",
			"a library reports: " + strings.Repeat("x", 190) + "***yyyyyyy … (3 more bytes)\n",
		},
		"commands": {
			"::error::x\n::add-mask::y ##[error]z\r\x1b[2K",
			"a library reports: ::error::x ::add-mask::y ##\u200b[error]z \ufffd[2K\n",
		},
		"long":    {strings.Repeat("ü", 1<<20), "a library reports: " + strings.Repeat("ü", 100) + " … (2096952 more bytes)\n"},
		"nothing": {"", "a library reports: \n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			r, redactor := runner.New(func(string) string { return "" }, &out)
			redactor.New(password)
			logger := log.New(r.LibraryLog(), "", 0)
			logger.Print(c.report)
			if got := out.String(); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestLibraryLog_Bounded: a server that makes libraries report without end fills no log.
func TestLibraryLog_Bounded(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r, _ := runner.New(func(string) string { return "" }, &out)
	to := r.LibraryLog()
	for range 1000 {
		if n, err := to.Write([]byte("again")); n != 5 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 20 || lines[19] != "more messages of libraries follow and are not printed" {
		t.Errorf("%d lines, the last one is %q", len(lines), lines[len(lines)-1])
	}
}
