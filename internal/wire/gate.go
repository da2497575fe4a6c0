package wire

import (
	"context"
	"sync"
	"time"
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

	most   int      // up to which the width grows
	full   int      // how often all of the width was in use
	window paceSums // of the tries that began since the width is what it is
	pace   float64  // seconds for a MiB at the width before; 0: not known yet
}

// NewGate returns a gate of the given width, which is at least one.
func NewGate(width int) *Gate { return NewWideningGate(width, width) }

// NewWideningGate returns a gate that begins with a width, and becomes wider by one, up to most, as long as the server does not take longer
// for its answers. If it does, the gate goes back to the width before, and stays there. After the first 429, 499 or 5xx it never becomes
// wider than it was.
func NewWideningGate(width, most int) *Gate {
	width = max(width, 1)
	return &Gate{width: width, limit: width, most: max(most, width), changed: make(chan struct{})}
}

// Most returns how many tries may run at once at most, if all goes well.
func (g *Gate) Most() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most
}

// pass lets one try run.
type pass struct {
	full, width int // of the gate when the try began
}

// acquire waits until another try may run. Its error is the cause of the context's end. A nil gate has no limit.
func (g *Gate) acquire(ctx context.Context) (pass, error) {
	if g == nil {
		return pass{}, context.Cause(ctx)
	}
	for {
		g.mu.Lock()
		if err := context.Cause(ctx); err != nil {
			g.mu.Unlock()
			return pass{}, err
		}
		if g.running < g.limit {
			p := pass{full: g.full, width: g.width}
			if g.running++; g.running == g.width {
				g.full++
			}
			g.mu.Unlock()
			return p, nil
		}
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// outcome is how a try went, for its gate.
type outcome struct {
	overloaded, succeeded bool
	took                  time.Duration // from the request's first byte to the answer's last
	size                  int64         // of the request's body
}

// release ends a try, and adapts the limit to its answer.
func (g *Gate) release(p pass, e outcome) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	switch {
	case e.overloaded:
		g.limit, g.most = 1, g.width
	case e.succeeded:
		g.widen(p, e)
		g.limit = min(g.limit+1, g.width)
	}
	close(g.changed)
	g.changed = make(chan struct{})
}

// How much longer answers may take where one more is under way. With a server that does one thing after the other it is a quarter from 4
// to 5, and a fifth from 5 to 6. Below slowdown, more is sent in the same time. The first few answers alone must be clearly slower, so
// that a server that slows is not tried for longer than it takes to see that.
const (
	slowdown      = 1.15
	clearSlowdown = 1.22
	few           = 2
)

// widen makes the gate wider if the answers came as fast as at the width before, or else as narrow as it was, for good. Only tries count
// that ran beside as many others as the width allows.
func (g *Gate) widen(p pass, e outcome) {
	if g.window.of != g.width {
		g.window = paceSums{of: g.width}
	}
	if g.most == g.width && g.pace == 0 || p.width != g.width || p.full == g.full {
		return
	}
	g.window.add(e)
	now, tries := g.window.pace(), g.window.tries
	switch {
	case g.pace > 0 && (tries >= g.width && now > slowdown*g.pace || tries >= few && now > clearSlowdown*g.pace):
		g.width--
		g.most, g.pace = g.width, 0
	case tries < g.width: // too few to tell
	case g.width == g.most:
		g.pace = 0 // it stays
	default:
		g.width++
		g.pace = now
	}
}

// paceSums is what the tries at one width took together.
type paceSums struct {
	of, tries int
	seconds   float64
	mibs      float64 // of what was sent, where every request counts as one MiB more: small ones take time too
}

func (s *paceSums) add(e outcome) {
	s.tries++
	s.seconds += e.took.Seconds()
	s.mibs += float64(e.size)/mib + 1
}

func (s *paceSums) pace() float64 { return s.seconds / s.mibs }
