package publish

import (
	"fmt"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
)

const (
	// progressEvery is how often a long upload is told of.
	progressEvery = 10 * time.Second
	// indexLimit is after how long the index gives up on one upload (reference: pypi-server.md, section 9.2).
	indexLimit = 240 * time.Second
)

// progress watches one upload. Its bytes are told by the client, from another goroutine.
type progress struct {
	*run
	file  ledger.File
	began time.Time // of the first try
	// refused tells that the door is held for this file.
	refused bool

	mu       sync.Mutex
	last     int64     // bytes of this try
	tryBegan time.Time // its first byte
	told     time.Time
	warned   bool
}

// begin tells that the upload has begun, unless another one was refused while this one waited at the gate.
func (p *progress) begin() error {
	if !p.began.IsZero() {
		return nil // another try of an upload in flight, which finishes
	}
	if !p.door.pass() {
		return ErrIncomplete
	}
	p.began = p.Now()
	p.Book.Note(ledger.Started{File: p.file.Name})
	return nil
}

// refuse tells that the index has refused the file: nothing new begins until it is known what that means.
func (p *progress) refuse() {
	p.refused = true
	p.door.hold()
}

// took is how long the last try has taken.
func (p *progress) took() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tryBegan.IsZero() {
		return 0
	}
	return p.Now().Sub(p.tryBegan)
}

// sent tells of a long upload every ten seconds, and once that it will not be over in the time that the index gives it.
func (p *progress) sent(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	if bytes < p.last || p.tryBegan.IsZero() {
		p.tryBegan, p.told = now, now
	}
	p.last = bytes
	took := now.Sub(p.tryBegan)
	if now.Sub(p.told) < progressEvery || bytes == 0 {
		return
	}
	p.told = now
	rate := float64(bytes) / took.Seconds()
	left := time.Duration(float64(p.file.Size-bytes) / rate * float64(time.Second))
	p.Book.Note(ledger.Progress{File: p.file.Name, Sent: bytes, Size: p.file.Size, Rate: rate, Left: left})
	if whole := took + left; whole > indexLimit && !p.warned && p.Index.Site().Warehouse {
		p.warned = true
		p.Book.Note(ledger.Noted{Finding: tooSlow(p.file, whole)})
	}
}

func tooSlow(f ledger.File, whole time.Duration) finding.Finding {
	return finding.Finding{
		ID: "too-slow", Severity: finding.Warning, File: f.Path,
		Message: fmt.Sprintf("at this rate %s takes %v, and the index gives up on an upload after %v", f.Name, whole.Round(time.Second), indexLimit),
		Fix:     "upload fewer files at a time (`parallel-uploads`), make the file smaller, or publish from a runner with a better line",
	}
}
