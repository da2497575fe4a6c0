package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// TestTakeStreams: what a library prints by itself reaches neither stream, and what is written to the streams that were taken does.
func TestTakeStreams(t *testing.T) {
	t.Parallel()
	const within = "WITHIN_THE_TEST_OF_STREAMS"
	if os.Getenv(within) != "" {
		stdout, stderr := takeStreams()
		fmt.Println("::error::a library")
		fmt.Fprintln(os.Stdout, "::error::a library")
		fmt.Fprintln(os.Stderr, "::error::a library")
		fmt.Fprint(stdout, "out")
		fmt.Fprint(stderr, "err")
		os.Exit(0) // before the testing package prints
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTakeStreams$")
	command.Env = append(os.Environ(), within+"=1")
	out, err := command.CombinedOutput()
	if err != nil || string(out) != "outerr" {
		t.Errorf("%q, %v", out, err)
	}
}
