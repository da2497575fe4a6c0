//go:build race

package e2e_test

// raced reports that the race detector runs, under which starting a process takes ten times as long.
const raced = true
