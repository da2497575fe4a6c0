// Package e2e_test tests the whole program as people and GitHub's runner use it: in steps of jobs, as commands of a shell, and in a
// container, against the test server over real HTTP.
package e2e_test

import (
	"context"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/org/pypi-oidc-publish/internal/cli"
	"github.com/org/pypi-oidc-publish/internal/testkit/stepclock"
	"github.com/org/pypi-oidc-publish/internal/testkit/testmain"
)

// The commands that the test binary is, besides itself: the program, and the same program whose waits take no
// time, and put its clock forward.
const (
	programName = "pypi-oidc-publish"
	noWaitName  = "pypi-oidc-publish-no-wait"

	printersName = "printers" // a process that prints as libraries do
)

// TestMain makes the program a command on the PATH of every test and script.
func TestMain(m *testing.M) {
	program := func(now func() time.Time, sleep func(context.Context, time.Duration) error) func() {
		return func() {
			ctx, _ := signal.NotifyContext(context.Background(), cli.Signals()...)
			cli.LimitMemory(os.Getenv)
			code := cli.Main(ctx, cli.Process{
				Args:    os.Args[1:],
				Version: "test",
				Getenv:  os.Getenv,
				Stdout:  os.Stdout,
				Stderr:  os.Stderr,
				Now:     now,
				Sleep:   sleep,
				Proxy:   http.ProxyFromEnvironment,
				Log:     log.Default(),
			})
			notePeak(os.Getenv(peakFile))
			os.Exit(code)
		}
	}
	var clock stepclock.Clock
	testscript.Main(waiting{m}, map[string]func(){
		programName: program(time.Now, cli.Sleep), noWaitName: program(clock.Now, clock.Sleep), "embedded-roots": countRoots,
		printersName: printAnyhow,
	})
}

// waiting runs more tests at once than there are processors, unless -parallel says how many: they wait for timers and processes most of
// the time.
type waiting struct{ *testing.M }

// shortTests are the tests that -short runs, unless -run says which: they show all that people read of a run, that the runner's contract is
// kept, and the order of uploads. What each step does is held by the tests of its own package, in less time.
const shortTests = "^Test(Golden_|RunnerContract$|NextSteps$|Upload_Order$|TakeStreams$)"

// Run implements the interface that testscript.Main calls.
func (w waiting) Run() int {
	flag.Parse()
	setDefault("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0)))
	if testing.Short() {
		setDefault("test.run", shortTests)
	}
	return testmain.Run(w.M)
}

// setDefault sets a flag of the testing package, unless it is given.
func setDefault(name, value string) {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	if err := flag.Set(name, value); err != nil {
		panic(err) // the flag exists
	}
}

// countRoots is a process that has the embedded roots and prints whether it trusts any.
func countRoots() {
	cli.EmbeddedRoots()
	pool, err := x509.SystemCertPool()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(!pool.Equal(x509.NewCertPool()))
}

// printAnyhow is a process that prints as a library does, and to the streams that main took before.
func printAnyhow() {
	stdout, stderr := cli.TakeStreams(&os.Stdout, &os.Stderr)
	fmt.Println("::error::a library")
	fmt.Fprintln(os.Stdout, "::error::a library")
	fmt.Fprintln(os.Stderr, "::error::a library")
	fmt.Fprint(stdout, "out")
	fmt.Fprint(stderr, "err")
}
