package index

import (
	"sync"
	"time"
)

// pace is how fast uploads go, as far as this run has seen.
type pace struct {
	mu   sync.Mutex
	rate float64 // bytes a second of one upload; 0: not measured
}

const (
	// slow is the pace of a line that nothing is known of, in bytes a second.
	slow = 256 << 10
	// overhead is what an upload takes beside its bytes: the index hashes, scans and stores the file.
	overhead = 10 * time.Second
	// telling is the least size of an upload that tells something of the line.
	telling = 1 << 20
)

// Measured tells how long an upload took.
func (c *Client) Measured(size int64, took time.Duration) {
	if size < telling || took <= 0 {
		return
	}
	c.pace.mu.Lock()
	defer c.pace.mu.Unlock()
	rate := float64(size) / took.Seconds()
	if c.pace.rate > 0 {
		rate = (c.pace.rate + rate) / 2
	}
	c.pace.rate = rate
}

// expected is how long an upload may take: twice the time that the pace so far means.
func (p *pace) expected(size int64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rate == 0 {
		return Expected(size)
	}
	return time.Duration(2*float64(size)/p.rate*float64(time.Second)) + overhead
}

// Expected is how long an upload may take, before anything was measured.
func Expected(size int64) time.Duration { return time.Duration(size/slow)*time.Second + overhead }
