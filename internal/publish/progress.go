package publish

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

const (
	// progressEvery is how often the progress of a long upload is recorded in a log.
	progressEvery = 10 * time.Second
	// indexLimit is after how long the index gives up on one upload (docs/reference/pypi-server.md §9.2).
	indexLimit = 240 * time.Second
)

// progress tracks one upload. The HTTP transport calls sent from another goroutine.
type progress struct {
	*run
	target *target
	gate   *uploadGate
	begun  bool // the upload, by its first try
	held   bool // the gate is held for this file

	mu       sync.Mutex
	began    time.Time // the last try, when its first byte was read; zero before that
	reported time.Time
	warned   bool
}

// begin is called before every try, of which each has a progress of its own. The first one records that the upload has begun, unless
// another one was rejected while this one waited.
func (p *progress) begin() error {
	p.mu.Lock()
	p.began = time.Time{}
	p.mu.Unlock()
	if p.begun {
		return nil // another try of an upload in flight, which finishes
	}
	if !p.gate.wait() {
		return ErrIncomplete
	}
	p.begun = true
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
	if p.began.IsZero() {
		return 0
	}
	return p.Now().Sub(p.began)
}

// sent records the progress of a long upload now and then while something is left to send, and once that it will not be over in the
// time that the index gives.
func (p *progress) sent(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	if p.began.IsZero() {
		p.began, p.reported = now, now
	}
	took := now.Sub(p.began)
	if now.Sub(p.reported) < cmp.Or(p.ProgressEvery, progressEvery) || bytes == 0 || bytes >= p.target.Size {
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
