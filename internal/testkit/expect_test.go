// Package testkit_test tests the parts of the tests themselves, in one program: each would be linked for one test or two.
package testkit_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// recorder is a test that only remembers its failures.
type recorder struct {
	testing.TB
	failures []string
}

func (*recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// TestExpect: what is as expected is not reported, and each other expectation is named.
func TestExpect(t *testing.T) {
	t.Parallel()
	var r recorder
	expect.Equal(&r, "files", 2, 2)
	expect.Equal(&r, "names", nil, []string{})
	expect.Equal(&r, "counts", map[string]int{}, nil)
	expect.Equal[any](&r, "nothing", nil, nil)
	expect.Contains(&r, "the log", "a b c", "a", "c")
	expect.Lacks(&r, "the log", "a b c", "x", "y")
	if len(r.failures) > 0 {
		t.Errorf("failures where there are none: %q", r.failures)
	}
	expect.Equal(&r, "files", 2, 3)
	expect.Equal(&r, "names", nil, []string{"x"})
	expect.Equal[any](&r, "kinds", []string{}, map[string]int{})
	expect.Equal[any](&r, "nothing", []string{}, nil)
	expect.Contains(&r, "the log", "a b c", "a", "x", "y")
	expect.Lacks(&r, "the log", "a b c", "a", "x", "c")
	wanted := []string{
		"files: got 2, want 3", "names: got [], want [x]", "kinds: got [], want map[]", "nothing: got [], want <nil>",
		"the log does not have \"x\":\na b c", "the log does not have \"y\":\na b c",
		"the log has \"a\":\na b c", "the log has \"c\":\na b c",
	}
	if !slices.Equal(r.failures, wanted) {
		t.Errorf("got\n%q\nwant\n%q", r.failures, wanted)
	}
}
