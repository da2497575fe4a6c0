package wire

import (
	"context"
	"sync"
)

// Gate bounds how many tries are under way at once. It is taken per try, not per call, so that a call that waits for its
// next try does not stand in the way. After a 429, a 499 or a 5xx it lets one at a time through, and grows by one again
// with every success until its width is reached.
type Gate struct {
	mu      sync.Mutex
	width   int
	limit   int           // how many may be under way now
	running int           // how many are
	changed chan struct{} // closed and renewed when room may have appeared
}

// NewGate returns a gate of the given width, at least one.
func NewGate(width int) *Gate {
	width = max(width, 1)
	return &Gate{width: width, limit: width, changed: make(chan struct{})}
}

// acquire waits for room. A nil gate is always open.
func (g *Gate) acquire(ctx context.Context) error {
	if g == nil {
		return context.Cause(ctx)
	}
	for {
		g.mu.Lock()
		if err := context.Cause(ctx); err != nil {
			g.mu.Unlock()
			return err
		}
		if g.running < g.limit {
			g.running++
			g.mu.Unlock()
			return nil
		}
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// release gives the room back, and tells how the try went.
func (g *Gate) release(pressed, succeeded bool) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	switch {
	case pressed:
		g.limit = 1
	case succeeded && g.limit < g.width:
		g.limit++
	}
	close(g.changed)
	g.changed = make(chan struct{})
}
