package fakepypi_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
)

// TestPool: a borrower has a server for itself, and finds nothing of the one before.
func TestPool(t *testing.T) {
	t.Parallel()
	pool := pypitest.NewPool(t, 2, fakepypi.Options{})
	var now atomic.Int64
	for i := range 12 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			s := pool.Borrow(t)
			if n := now.Add(1); n > 2 {
				t.Errorf("%d borrowers of two servers", n)
			}
			t.Cleanup(func() { now.Add(-1) })
			if s.Has("alder") || len(s.Tokens()) > 0 {
				t.Error("it knows what the borrower before has done")
			}
			s.AddPublisher(fakepypi.Publisher{Project: "alder"})
			if _, err := s.APIToken(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
