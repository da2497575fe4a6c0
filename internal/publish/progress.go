package publish

import (
	"fmt"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

const (
	// progressEvery is how often the progress of a long upload is reported.
	progressEvery = 10 * time.Second
	// indexLimit is after how long the index gives up on one upload (docs/reference/pypi-server.md §9.2).
	indexLimit = 240 * time.Second
)

// progress tracks one upload. The HTTP transport calls sent from another goroutine.
type progress struct {
	*run
	target *target
	gate   *uploadGate
	began  time.Time // of the first try
	held   bool      // the gate is held for this file

	mu       sync.Mutex
	last     int64     // bytes of this try
	tryBegan time.Time // its first byte
	reported time.Time
	warned   bool
}

// begin records that the upload has begun, unless another one was rejected while this one waited.
func (p *progress) begin() error {
	if !p.began.IsZero() {
		return nil // another try of an upload in flight, which finishes
	}
	if !p.gate.wait() {
		return ErrIncomplete
	}
	p.began = p.Now()
	p.Record(ledger.Started{File: p.target.Name})
	return nil
}

// rejected has no new upload start until it is known what a refusal means. A second call changes nothing.
func (p *progress) rejected() {
	if p.held {
		return
	}
	p.held = true
	p.gate.hold()
}

// took returns how long the last try has taken so far.
func (p *progress) took() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tryBegan.IsZero() {
		return 0
	}
	return p.Now().Sub(p.tryBegan)
}

// sent records the progress of a long upload every ten seconds, and once that it will not be over in the time that the index gives.
func (p *progress) sent(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	if bytes < p.last || p.tryBegan.IsZero() {
		p.tryBegan, p.reported = now, now
	}
	p.last = bytes
	took := now.Sub(p.tryBegan)
	if now.Sub(p.reported) < progressEvery || bytes == 0 {
		return
	}
	p.reported = now
	rate := float64(bytes) / took.Seconds()
	left := time.Duration(float64(p.target.Size-bytes) / rate * float64(time.Second))
	p.Record(ledger.Progress{File: p.target.Name, Sent: bytes, Size: p.target.Size, Rate: rate, Left: left})
	if whole := took + left; whole > indexLimit && !p.warned && p.Index.Site().Warehouse {
		p.warned = true
		p.record(p.tooSlow(whole))
	}
}

// tooSlow returns the warning about an upload that takes longer than the index allows.
func (p *progress) tooSlow(whole time.Duration) finding.Finding {
	return finding.New(finding.TooSlow,
		fmt.Sprintf("at this rate the upload of %s takes %v, but %s stops uploads after %v",
			p.target.Name, whole.Round(time.Second), p.indexName(), indexLimit),
		"upload fewer files at a time (`parallel-uploads`), make the file smaller, or publish from a runner with a faster connection").
		In(p.target.displayPath)
}
