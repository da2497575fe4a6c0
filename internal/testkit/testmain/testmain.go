// Package testmain runs the tests of a package in less time: it is called by a TestMain.
//
// Some packages' tests start thousands of servers and runs, each with folders of its own. Collecting garbage takes a tenth of their time,
// and where a file system looks for a free place by going through those just freed, making and removing files takes a third.
package testmain

import (
	"errors"
	"os"
	"runtime/debug"
)

// gcPercent is how much a heap may grow before it is collected, in percent. The tests' own heaps are small, and there is memory enough.
const gcPercent = 400

// Run runs the tests and returns the exit code. Meanwhile temporary files are in memory, if the system has a file system there that has
// room for them and runs programs, unless TMPDIR is set.
func Run(m interface{ Run() int }) int {
	debug.SetGCPercent(gcPercent)
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
