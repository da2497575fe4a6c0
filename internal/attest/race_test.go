//go:build race

package attest

// raced tells that the race detector runs, under which nothing takes the time that it takes.
const raced = true
