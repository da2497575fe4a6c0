package wire

import (
	"context"
	"sync"
)

// Gate is an adaptive concurrency limiter: it bounds how many tries run at once. It is acquired for a try, not for a call, so that a call
// that waits for its next try does not block others. After a 429, a 499 or a 5xx the limit is one, and every success raises it by one, up
// to the gate's width.
type Gate struct {
	mu      sync.Mutex
	width   int
	limit   int           // how many may run now
	running int           // how many do
	changed chan struct{} // closed and replaced when a try may be able to begin
}

// NewGate returns a gate of the given width, which is at least one.
func NewGate(width int) *Gate {
	width = max(width, 1)
	return &Gate{width: width, limit: width, changed: make(chan struct{})}
}

// acquire waits until another try may run. Its error is the cause of the context's end. A nil gate has no limit.
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

// release ends a try, and adapts the limit to its answer.
func (g *Gate) release(overloaded, succeeded bool) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	switch {
	case overloaded:
		g.limit = 1
	case succeeded && g.limit < g.width:
		g.limit++
	}
	close(g.changed)
	g.changed = make(chan struct{})
}
