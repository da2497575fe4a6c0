// Package cli defines the commands of the program: their flags, their exit codes, and how they connect the packages below.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/runner"
)

// The exit codes.
const (
	Done          = 0 // every file was accepted, was already there, or was skipped as requested
	Failed        = 1 // failed or incomplete; the report lists each file and the next step
	Misconfigured = 2 // the arguments, inputs or workflow must be changed; for check: the check could not run
)

// Process describes the process. A run gets everything from outside through it: arguments, environment, streams, clock and network.
type Process struct {
	Args      []string // without the program's name
	Version   string
	Getenv    func(name string) string
	Stdout    io.Writer // GitHub's runner reads commands from it
	Stderr    io.Writer // usage errors
	Terminal  bool      // Stdout is a terminal; a person watches it, unless the environment says that this is CI
	Now       func() time.Time
	Sleep     func(ctx context.Context, d time.Duration) error
	Proxy     func(*http.Request) (*url.URL, error)
	Log       Log    // the standard library's logger; nil if none prints
	LoadRoots func() // loads the root certificates before the first request; nil if the system has its own

	flags *flag.FlagSet // of the command that runs; nil if it is a step of a workflow, which has inputs
}

// Log is implemented by the standard library's logger, such as [log.Default]. Libraries log to it what they cannot return as an error,
// by default on standard error. For example, net/http logs bytes that a server sent without a request, which may contain secrets and
// commands of GitHub's runner.
type Log interface {
	SetOutput(w io.Writer)
	SetFlags(flags int)
}

// Signals returns the signals that end a run, which still revokes its token and reports. Those that make the Go runtime print the stack of
// every goroutine are among them.
func Signals() []os.Signal {
	return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGABRT}
}

// logTo makes libraries log to out, without a date. With [io.Discard], the default, their messages are dropped.
func (w Process) logTo(out io.Writer) {
	if w.Log != nil {
		w.Log.SetFlags(0)
		w.Log.SetOutput(out)
	}
}

// Sleep waits for d. If ctx is done before, it returns the cause of ctx.
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

// command describes one command of the program.
type command struct {
	name, arguments, help string
	run                   func(ctx context.Context, w Process, v command, args []string) int
}

// commands returns the commands, in the order of the help text.
func commands() []command {
	return []command{
		{
			"publish", "[flags] [PATH...]", "publish distributions; the default inside GitHub Actions, with the inputs of the step",
			publishCommand,
		},
		{
			"check", "[flags] [PATH...]", "check distributions against PyPI's rules, offline; exit code 2: the check could not run",
			checkCommand,
		},
		{
			"verify", "[flags] [PATH... | NAME==VERSION]",
			"compare distributions, or a release, with what an index serves: digests, and who published them; exit code 2: it could not",
			verifyCommand,
		},
		{
			"setup", "[flags] [PATH]",
			"print the release workflow and the publisher for a checkout, and what changes if it publishes with another action",
			setupCommand,
		},
		{
			"rehearse", "[flags] [PATH...]", "try a whole release on this machine only, against a built-in test index and ID token issuer",
			rehearseCommand,
		},
		{
			"serve", "[flags]",
			"run the test index and ID token issuer of rehearse for other clients (twine, uv, pip, workflow tests) until stopped",
			serveCommand,
		},
		{versionName, "", "print the version", versionCommand},
	}
}

// versionName is the command that flags of most programs stand for.
const versionName = "version"

// Main runs the command that the arguments name, and returns the exit code: [Done], [Failed] or [Misconfigured]. Without arguments, it
// publishes inside GitHub Actions, and serves in a service container. A panic is [Failed], and printed as any other text.
func Main(ctx context.Context, w Process) (code int) {
	w.logTo(io.Discard)
	w.Terminal = w.Terminal && w.Getenv("CI") == "" && w.Getenv("GITHUB_ACTIONS") == "" && w.Getenv("TERM") != "dumb"
	out := newOutput()
	defer out.finish(ctx)
	w.Stdout, w.Stderr = out.stream(w.Stdout), out.stream(w.Stderr)
	if err := par.Catch(func() error {
		code = w.dispatch(ctx)
		return nil
	}); err != nil {
		w.printUsageError(err.Error())
		return Failed
	}
	return code
}

// dispatch runs the command that the arguments name, and returns its exit code.
func (w Process) dispatch(ctx context.Context) int {
	if len(w.Args) == 0 {
		w.Args = asService(w.Getenv)
	}
	if len(w.Args) == 0 && w.Getenv("GITHUB_ACTIONS") == "true" {
		return publishCommand(ctx, w, commands()[0], nil)
	}
	name := ""
	if len(w.Args) > 0 {
		name = w.Args[0]
	}
	switch name {
	case "help", "-h", "-help", "--help":
		if len(w.Args) == 1 {
			usage(w.Stdout)
			return Done
		}
		w.Args = []string{w.Args[1], "-h"}
		name = w.Args[0]
	case "-V", "-version", "--version":
		name = versionName
	}
	for _, v := range commands() {
		if v.name == name {
			return v.run(ctx, w, v, w.Args[1:])
		}
	}
	switch {
	case strings.HasPrefix(name, "-"):
		w.printUsageError(fmt.Sprintf("flags come after the command, not before it: %q\n", withoutValue(name)))
	case name != "":
		w.printUsageError(fmt.Sprintf("unknown command %q%s\n", name, didYouMean(name)))
	}
	usage(w.Stderr)
	return Misconfigured
}

// didYouMean returns the end of the message about an unknown command: the command that was probably meant, or nothing. A path is no
// command: most people want to check it first.
func didYouMean(name string) string {
	all := commands()
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = v.name
	}
	_, err := os.Lstat(name)
	switch nearest := nearestName(name, names); {
	case nearest != "":
		return "; did you mean " + nearest + "?"
	case err == nil:
		return "; to check these files, write the command before the path: check PATH"
	default:
		return ""
	}
}

// nearestName returns the name that somebody who typed another probably meant: one that begins like that, or differs from it in two letters
// at most. It is empty if there is none.
func nearestName(typed string, names []string) string {
	const most = 2 // letters that differ
	nearest, least := "", most+1
	for _, name := range names {
		switch d := phrase.Distance(typed, name, least); {
		case strings.HasPrefix(name, typed):
			return name
		case d < least:
			nearest, least = name, d
		}
	}
	return nearest
}

// usage prints the list of commands.
func usage(out io.Writer) {
	fmt.Fprint(out, "usage: pypi-oidc-publish COMMAND [flags]\n\n")
	for _, v := range commands() {
		fmt.Fprintf(out, "  %-10s %s\n", v.name, v.help)
	}
	fmt.Fprint(
		out, "\nhelp COMMAND lists the flags of a command. Exit codes: 0 done, 1 failed or incomplete (see the report), 2 misconfigured.\n",
	)
}

// parse reads the flags of a command, before, between and after its paths; after -- there are only paths. done reports that the command is
// finished, and code is then the exit code.
func (w Process) parse(v command, flags *flag.FlagSet, args []string) (code int, done bool) {
	flags.SetOutput(io.Discard)
	switch err := parseAll(flags, args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(w.Stdout, v.usage(flags))
		return Done, true
	case err != nil:
		text := err.Error() + flagMeant(flags, err)
		if wantsJSON(flags, args) {
			return w.usageError("json", text), true
		}
		w.printUsageError(text + "\n" + v.usage(flags))
		return Misconfigured, true
	}
	if flags.NArg() > 0 && !strings.Contains(v.arguments, "PATH") {
		w.printUsageError(fmt.Sprintf("%s takes no arguments: %q", v.name, flags.Arg(0)))
		return Misconfigured, true
	}
	return Done, false
}

// usage returns the text about a command and its flags.
func (v command) usage(flags *flag.FlagSet) string {
	var text strings.Builder
	fmt.Fprintf(&text, "usage: pypi-oidc-publish %s %s\n\n%s\n", v.name, v.arguments, v.help)
	if names := flagNames(flags); len(names) > 0 {
		fmt.Fprintln(&text)
		flags.SetOutput(&text)
		flags.PrintDefaults()
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// flagNames returns the names of a command's flags, in alphabetical order.
func flagNames(flags *flag.FlagSet) []string {
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// flagMeant returns the end of the message about a flag that does not exist: the one that was probably meant, or nothing.
func flagMeant(flags *flag.FlagSet, err error) string {
	typed, undefined := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !undefined {
		return ""
	}
	if nearest := nearestName(typed, flagNames(flags)); nearest != "" {
		return "; did you mean -" + nearest + "?"
	}
	return ""
}

// wantsJSON reports whether arguments that could not be parsed ask for JSON, which a program reads: for one, an error is JSON too.
func wantsJSON(flags *flag.FlagSet, args []string) bool {
	if flags.Lookup("format") == nil {
		return false
	}
	for i, argument := range args {
		name, value, given := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		if !given && i+1 < len(args) {
			value = args[i+1]
		}
		if strings.HasPrefix(argument, "-") && name == "format" && value == "json" {
			return true
		}
	}
	return false
}

// parseAll parses flags wherever they are; the package flag stops at the first argument that is none.
func parseAll(flags *flag.FlagSet, args []string) error {
	var paths []string
	for {
		if err := flags.Parse(args); err != nil {
			return err
		}
		rest := flags.Args()
		if len(rest) == 0 {
			break
		}
		if read := len(args) - len(rest); read > 0 && args[read-1] == "--" {
			paths = append(paths, rest...)
			break
		}
		paths, args = append(paths, rest[0]), rest[1:]
	}
	return flags.Parse(append([]string{"--"}, paths...)) // so that the flag set knows them
}

// withoutValue returns the name of a flag without its value, which may be a password.
func withoutValue(argument string) string {
	name, _, _ := strings.Cut(argument, "=")
	return name
}

// printUsageError prints a usage error. Arguments may be hostile file names that a shell has expanded.
func (w Process) printUsageError(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(w.Stderr, runner.Plain(line))
	}
}

// versionCommand prints the version.
func versionCommand(_ context.Context, w Process, v command, args []string) int {
	if code, done := w.parse(v, flag.NewFlagSet(v.name, flag.ContinueOnError), args); done {
		return code
	}
	fmt.Fprintf(w.Stdout, "pypi-oidc-publish %s\n", w.Version)
	return Done
}
