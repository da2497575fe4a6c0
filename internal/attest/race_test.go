//go:build race

package attest

// raced reports that the race detector runs, which changes how long everything takes.
const raced = true
