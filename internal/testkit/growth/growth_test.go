package growth_test

import (
	"fmt"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/growth"
)

// failures is a test that counts its failures.
type failures struct {
	testing.TB
	said []string
}

func (*failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}

func TestLinear(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cost func(int) int64
		want int
	}{
		"nothing":   {func(int) int64 { return 0 }, 0},
		"constant":  {func(int) int64 { return 100 }, 0},
		"linear":    {func(n int) int64 { return int64(1000 * n) }, 0},
		"quadratic": {func(n int) int64 { return int64(1000 * n * n) }, 2},
	} {
		f := &failures{TB: t}
		if growth.Linear(f, "steps", c.cost); len(f.said) != c.want {
			t.Errorf("%s: %q", name, f.said)
		}
	}
}

func TestAllocated(t *testing.T) { // not parallel: it measures
	var kept []byte
	got := growth.Allocated(func() { kept = make([]byte, 1<<20) })
	if got < 1<<20 || got > 2<<20 {
		t.Errorf("%d bytes for %d", got, len(kept))
	}
}
