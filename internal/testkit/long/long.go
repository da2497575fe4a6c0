// Package long tells tests whether they may take long: with the build tag long, as CI runs them in a stage of their own, they do.
//
// Such tests measure memory or time of the largest inputs, build the program for an examination, or take thousands of rounds.
package long

import "testing"

// Only skips a test that takes long, unless such tests are wanted.
func Only(t testing.TB) {
	t.Helper()
	if !Wanted {
		t.Skip("it takes long: run it with -tags long")
	}
}
