package publish

import "sync"

// uploadGate decides whether new uploads may start. It is held while a refusal is investigated, which may turn out to be none, and
// closed after a final one.
type uploadGate struct {
	mu      sync.Mutex
	changed sync.Cond // on mu
	holds   int
	closed  bool
}

func newUploadGate() *uploadGate {
	g := &uploadGate{}
	g.changed.L = &g.mu
	return g
}

// hold keeps new uploads waiting until it is released.
func (g *uploadGate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holds++
}

// release ends one hold, if held says that there is one, and closes the gate if no new upload may start at all.
func (g *uploadGate) release(within, closing bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if within {
		g.holds--
	}
	g.closed = g.closed || closing
	g.changed.Broadcast()
}

// wait waits until it is known whether a new upload may start, and reports whether it may.
func (g *uploadGate) wait() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.holds > 0 && !g.closed {
		g.changed.Wait()
	}
	return !g.closed
}

// isClosed reports whether no new upload may start.
func (g *uploadGate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}
