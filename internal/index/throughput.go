package index

import (
	"sync"
	"time"
)

// throughput is the measured throughput of the uploads of this run.
type throughput struct {
	mu   sync.Mutex
	rate float64 // bytes per second of one upload; 0: not measured
}

const (
	// defaultRate is the assumed throughput before any measurement, in bytes per second.
	defaultRate = 256 << 10
	// overhead is the additional time of an upload in which the index hashes, scans and stores the file.
	overhead = 10 * time.Second
	// minSample is the minimal size of an upload that is measured.
	minSample = 1 << 20
)

// Measured records the duration of an upload of this size in bytes.
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

// expected returns how long an upload may take: twice the time at the measured throughput, plus the overhead.
func (p *throughput) expected(size int64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rate == 0 {
		return Expected(size)
	}
	return time.Duration(2*float64(size)/p.rate*float64(time.Second)) + overhead
}

// Expected returns how long an upload of this size in bytes may take, before any measurement.
func Expected(size int64) time.Duration {
	return time.Duration(size/defaultRate)*time.Second + overhead
}
