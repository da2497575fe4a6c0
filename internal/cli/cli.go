// Package cli is the verbs of the program: their flags, their exit codes, and the wiring of the rooms below.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/runner"
)

// The exit codes.
const (
	Done          = 0 // every file was accepted, already there, or skipped as asked
	Failed        = 1 // not so; the report says what is where
	Misconfigured = 2 // the run was asked for something that cannot be
)

// World is the process: everything that a run learns from outside comes through here.
type World struct {
	Args    []string // without the program's name
	Version string
	Getenv  func(name string) string
	Stdout  io.Writer // where GitHub's runner reads commands from
	Stderr  io.Writer // usage
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error
	Proxy   func(*http.Request) (*url.URL, error)
	Log     Log    // the standard library's own logger; nil where the process has none that prints
	Trust   func() // makes roots ready before the first request that needs them; nil where the system has some
}

// Log is the standard library's own logger, such as [log.Default]. Libraries report to it what they have nobody to return it to, by
// default on standard error: net/http, for example, bytes that a server sent although no request asked for them, which may hold secrets
// and commands of GitHub's runner.
type Log interface {
	SetOutput(w io.Writer)
	SetFlags(flags int)
}

// logTo sends what libraries report to out, without a date; to nobody where out is [io.Discard], as it is from the beginning.
func (w World) logTo(out io.Writer) {
	if w.Log != nil {
		w.Log.SetFlags(0)
		w.Log.SetOutput(out)
	}
}

// Sleep waits for d, or until ctx is done, whose cause is then its error.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// verb is one thing that the program does.
type verb struct {
	name, arguments, help string
	run                   func(ctx context.Context, w World, v verb, args []string) int
}

// verbs is the table, in the order in which people read it.
func verbs() []verb {
	return []verb{
		{"publish", "[flags] [PATH...]", "publish distributions; inside GitHub Actions this is what no verb means, with the step's inputs", publishVerb},
		{"check", "[flags] [PATH...]", "judge distributions by the index's rules, without network and without publishing; exit code 2 means that it could not", checkVerb},
		{"rehearse", "[flags] [PATH...]", "do all of it on this machine alone, with an index and an ID token issuer of its own", rehearseVerb},
		{"serve", "[flags]", "run that index and issuer for other clients (twine, uv, pip, tests of workflows), until it is stopped", serveVerb},
		{"version", "", "print the version", versionVerb},
	}
}

// Main does what the arguments ask for, and returns the exit code.
func Main(ctx context.Context, w World) int {
	w.logTo(io.Discard)
	if len(w.Args) == 0 {
		w.Args = asService(w.Getenv)
	}
	if len(w.Args) == 0 && w.Getenv("GITHUB_ACTIONS") == "true" {
		return publishVerb(ctx, w, verbs()[0], nil)
	}
	name := ""
	if len(w.Args) > 0 {
		name = w.Args[0]
	}
	for _, v := range verbs() {
		if v.name == name {
			return v.run(ctx, w, v, w.Args[1:])
		}
	}
	if name == "help" || name == "-h" || name == "-help" || name == "--help" {
		usage(w.Stdout)
		return Done
	}
	switch {
	case strings.HasPrefix(name, "-"):
		w.complain(fmt.Sprintf("flags come after a verb; %q comes before one\n", withoutValue(name)))
	case name != "":
		w.complain(fmt.Sprintf("there is no verb %q\n", name))
	}
	usage(w.Stderr)
	return Misconfigured
}

func usage(out io.Writer) {
	fmt.Fprint(out, "usage: pypi-oidc-publish VERB [flags]\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(out, "  %-10s %s\n", v.name, v.help)
	}
	fmt.Fprint(out, "\nVERB -h tells the flags of a verb. Exit codes: 0 done, 1 not so (the report says what is where), 2 misconfigured.\n")
}

// parse reads a verb's flags. done tells that the verb has nothing more to do, with its exit code.
func (w World) parse(v verb, flags *flag.FlagSet, args []string) (code int, done bool) {
	var said strings.Builder
	flags.SetOutput(&said)
	flags.Usage = func() {
		fmt.Fprintf(&said, "usage: pypi-oidc-publish %s %s\n\n%s\n", v.name, v.arguments, v.help)
		if hasFlags(flags) {
			fmt.Fprint(&said, "\n")
			flags.PrintDefaults()
		}
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(w.Stdout, said.String())
		return Done, true
	case err != nil:
		w.complain(strings.TrimSuffix(said.String(), "\n"))
		return Misconfigured, true
	}
	for _, argument := range flags.Args() {
		switch {
		case !strings.Contains(v.arguments, "PATH"):
			w.complain(fmt.Sprintf("%s takes no arguments; %q is one", v.name, argument))
			return Misconfigured, true
		case strings.HasPrefix(argument, "-"):
			w.complain(fmt.Sprintf("flags come before paths; %q comes after one", withoutValue(argument)))
			return Misconfigured, true
		}
	}
	return Done, false
}

// withoutValue is a flag's name alone: its value may be a password.
func withoutValue(argument string) string {
	name, _, _ := strings.Cut(argument, "=")
	return name
}

// complain tells what is wrong with the arguments, which may be names of files that a shell has put there.
func (w World) complain(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(w.Stderr, runner.Plain(line))
	}
}

func hasFlags(flags *flag.FlagSet) bool {
	n := 0
	flags.VisitAll(func(*flag.Flag) { n++ })
	return n > 0
}

func versionVerb(_ context.Context, w World, v verb, args []string) int {
	if code, done := w.parse(v, flag.NewFlagSet(v.name, flag.ContinueOnError), args); done {
		return code
	}
	fmt.Fprintf(w.Stdout, "pypi-oidc-publish %s\n", w.Version)
	return Done
}
