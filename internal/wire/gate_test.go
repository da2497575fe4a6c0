package wire

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// rush sends n tries through the gate, each a second long, and returns how many were under way at most.
func rush(t *testing.T, g *Gate, n int, pressed bool) int64 {
	t.Helper()
	var under, most atomic.Int64
	for range n {
		go func() {
			if err := g.enter(t.Context()); err != nil {
				t.Error(err)
				return
			}
			most.Store(max(most.Load(), under.Add(1)))
			time.Sleep(time.Second)
			under.Add(-1)
			g.leave(pressed, !pressed)
		}()
	}
	time.Sleep(time.Duration(n+1) * time.Second)
	synctest.Wait()
	return most.Load()
}

func TestGateNarrowsAndWidens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(4)
		if got := rush(t, g, 12, false); got != 4 {
			t.Errorf("%d at once through a gate of 4", got)
		}
		rush(t, g, 1, true)
		if g.open != 1 {
			t.Errorf("open %d after a 5xx", g.open)
		}
		rush(t, g, 2, false)
		if g.open != 3 {
			t.Errorf("open %d after two successes", g.open)
		}
		if got := rush(t, g, 12, false); got != 4 || g.under != 0 {
			t.Errorf("%d at once, %d under way, after the gate recovered", got, g.under)
		}
	})
}

func TestGateHonoursTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1)
		if err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		cause := errors.New("cancelled")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if err := g.enter(ctx); !errors.Is(err, cause) {
			t.Error(err)
		}
	})
}
