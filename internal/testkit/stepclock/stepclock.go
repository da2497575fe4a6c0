// Package stepclock is a clock for tests that goes on by itself, and that a wait puts forward: minutes of waiting take a millisecond. All
// who share a clock, such as a program and the servers that it talks to, see the same time.
package stepclock

import (
	"context"
	"sync"
	"time"
)

// pause is how long a wait takes at most: others that began to wait at the same time get the same start.
const pause = time.Millisecond

// Clock is the machine's clock, put forward by what was waited. Its zero value is ready for use, and safe for use by several goroutines.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// Step puts the clock forward by d.
func (c *Clock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// Reset makes the clock that of the machine again.
func (c *Clock) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = 0
}

// Sleep puts the clock forward to the time after d, unless it is that late already since others waited meanwhile. If ctx is done before, it
// returns the cause of ctx and leaves the clock alone.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	end := c.Now().Add(d)
	timer := time.NewTimer(min(d, pause))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = max(c.ahead, time.Until(end))
	return nil
}
