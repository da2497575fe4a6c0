package index

import (
	"sync"
	"time"
)

// throughput is how fast uploads go, as far as this run has seen.
type throughput struct {
	mu   sync.Mutex
	rate float64 // bytes a second of one upload; 0: not measured
}

const (
	// defaultRate is the pace of a line that nothing is known of, in bytes a second.
	defaultRate = 256 << 10
	// overhead is what an upload takes beside its bytes: the index hashes, scans and stores the file.
	overhead = 10 * time.Second
	// minSample is the least size of an upload that tells something of the line.
	minSample = 1 << 20
)

// Measured tells how long an upload took.
func (c *Client) Measured(size int64, took time.Duration) {
	if size < minSample || took <= 0 {
		return
	}
	c.throughput.mu.Lock()
	defer c.throughput.mu.Unlock()
	rate := float64(size) / took.Seconds()
	if c.throughput.rate > 0 {
		rate = (c.throughput.rate + rate) / 2
	}
	c.throughput.rate = rate
}

// expected is how long an upload may take: twice the time that the pace so far means.
func (p *throughput) expected(size int64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rate == 0 {
		return Expected(size)
	}
	return time.Duration(2*float64(size)/p.rate*float64(time.Second)) + overhead
}

// Expected is how long an upload may take, before anything was measured.
func Expected(size int64) time.Duration {
	return time.Duration(size/defaultRate)*time.Second + overhead
}
