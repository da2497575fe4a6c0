// Package testmain runs the tests of a package in less time: it is called by a TestMain.
//
// Some packages' tests start thousands of servers and runs, each with folders of its own. Collecting garbage takes a tenth of their time,
// and where a file system looks for a free place by going through those just freed, making and removing files takes a third. Many wait:
// for a server that hangs, for another program, for a pause; as many as there are cores leave the cores idle.
package testmain

import (
	"errors"
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

// gcPercent is how much a heap may grow before it is collected, in percent. The tests' own heaps are small, and there is memory enough.
const gcPercent = 400

// parallel is how many tests run at once for each core, unless -parallel says how many.
const parallel = 2

// Run runs the tests and returns the exit code. Meanwhile temporary files are in memory, if the system has a file system there that has
// room for them and runs programs, unless TMPDIR is set.
func Run(m interface{ Run() int }) int {
	debug.SetGCPercent(gcPercent)
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set(strconv.Itoa(parallel * runtime.GOMAXPROCS(0))) // it is a number
	}
	if os.Getenv("TMPDIR") != "" {
		return m.Run()
	}
	within := inMemory()
	if within == "" {
		return m.Run()
	}
	folder, err := os.MkdirTemp(within, "go-test-")
	if err != nil {
		return m.Run() // nobody may write there
	}
	defer func() { _ = os.RemoveAll(folder) }() // the tests remove their own
	// Other users may pass through it, as through the ordinary one: a test starts the program as another user.
	if err := errors.Join(os.Chmod(folder, 0o755), os.Setenv("TMPDIR", folder)); err != nil {
		panic(err) // it is ours
	}
	return m.Run()
}
