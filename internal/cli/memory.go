package cli

import "runtime/debug"

// memoryAimed is the memory, in bytes, that the garbage collector keeps the program within as far as it can. What a run holds has limits of
// its own, in the packages that hold it; together they are below this.
const memoryAimed = 160 << 20

// LimitMemory has the garbage collector run often enough for a process that a small runner can hold, unless the user has set GOMEMLIMIT.
func LimitMemory(getenv func(name string) string) {
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryAimed)
	}
}
