// Command pypi-oidc-publish publishes Python distributions from GitHub Actions by Trusted Publishing.
// See README.md for its users and docs/architecture.md for its makers.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/org/pypi-oidc-publish/internal/cli"
)

// version is set by the linker.
var version = "dev"

func main() {
	stdout, stderr := cli.TakeStreams(&os.Stdout, &os.Stderr)
	// Never given back: a second signal must not cut the burn short, and neither must a reader of the log that has gone.
	ctx, _ := signal.NotifyContext(context.Background(), cli.Signals()...)
	signal.Ignore(syscall.SIGPIPE)
	cli.LimitMemory(os.Getenv)
	os.Exit(cli.Main(ctx, cli.Process{
		Args:      os.Args[1:],
		Version:   version,
		Getenv:    os.Getenv,
		Stdout:    stdout,
		Stderr:    stderr,
		Terminal:  isTerminal(stdout),
		Now:       time.Now,
		Sleep:     cli.Sleep,
		Proxy:     http.ProxyFromEnvironment,
		Log:       log.Default(),
		LoadRoots: sync.OnceFunc(cli.EmbeddedRoots),
	}))
}

// isTerminal reports whether a stream leads to a terminal, or to another device that keeps nothing.
func isTerminal(stream *os.File) bool {
	info, err := stream.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
