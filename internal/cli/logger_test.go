package cli_test

import (
	"bytes"
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
)

// quietLog is a logger that remembers where it writes to.
type quietLog struct {
	mu  sync.Mutex
	out []io.Writer
}

func (*quietLog) SetFlags(int) {}

func (l *quietLog) SetOutput(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out = append(l.out, w)
}

// TestLogger_SilencedByEveryCommand before it does anything else, for any arguments, and leaves it silent.
func TestLogger_SilencedByEveryCommand(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		arguments []string
		verbose   bool
	}{
		"nothing":              {},
		"help":                 {[]string{"help"}, false},
		"no command":           {[]string{"gremlin"}, false},
		"version":              {[]string{"version"}, false},
		"publish":              {[]string{"publish", "-verbose", "-dry-run", "no-such-folder"}, true},
		"publish, not verbose": {[]string{"publish", "no-such-folder"}, false},
		"check":                {[]string{"check", "no-such-folder"}, false},
		"rehearse":             {[]string{"rehearse", "-verbose", "no-such-folder"}, true},
		"serve":                {[]string{"serve", "-addr", "127.0.0.1:0"}, false},
		"a wrong flag":         {[]string{"serve", "-gremlin"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logger quietLog
			var output bytes.Buffer
			began := false // whether the command has asked for anything of the world
			cli.Main(ended, cli.Process{
				Args: c.arguments, Version: "test", Stdout: &output, Stderr: &output, Now: time.Now, Sleep: cli.Sleep, Log: &logger,
				Getenv: func(string) string {
					began = began || len(logger.out) == 0
					return ""
				},
			})
			if began || len(logger.out) == 0 || logger.out[0] != io.Discard || logger.out[len(logger.out)-1] != io.Discard {
				t.Errorf("it writes to %v, and something ran before: %v", logger.out, began)
			}
			if reports := len(logger.out) > 1; reports != c.verbose {
				t.Errorf("it writes to %v\n%s", logger.out, output.String())
			}
		})
	}
}
