// Package growth checks that the cost of reading an input grows as its length does. It counts, and looks at no clock.
package growth

import (
	"runtime"
	"testing"
)

// Linear fails the test unless twice the input costs at most about twice as much, from scale 1 to 2 and from 2 to 4. cost returns what the
// input of a scale costs, in the unit, such as bytes or steps. What an input of any length costs may be part of it.
func Linear(t testing.TB, unit string, cost func(scale int) int64) {
	t.Helper()
	before := cost(1)
	for _, scale := range []int{2, 4} {
		now := cost(scale)
		if now > before/2*5 {
			t.Errorf("an input of scale %d costs %d %s, one of half the length %d: that is not linear", scale, now, unit, before)
		}
		before = now
	}
}

// Allocated returns how many bytes a function takes from memory, given back or not. Nothing else may run at the same time: a test that
// calls it must not be parallel.
func Allocated(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}
