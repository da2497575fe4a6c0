package publish

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// sending is the upload of one file, by a clock that the test moves.
type sending struct {
	*progress
	h   *harness
	now time.Time
}

// newSending returns the upload of a file of this size in bytes to an index, which may have the limits of PyPI.
func newSending(t *testing.T, size int64, warehouse bool) *sending {
	t.Helper()
	s := &sending{h: bare(t, nil), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	site := index.SiteOf(parsed(t, "https://index.example/legacy/"), nil, true).AsPyPI()
	site.Warehouse = warehouse
	s.h.connect(site, index.Password("me", s.h.redactor.New("a password", site.Upload)))
	s.h.deps.Now = func() time.Time { return s.now }
	file := fileOf(t, wheel, "")
	file.Size = size
	s.progress = &progress{run: newRun(s.h.options, s.h.deps), target: file, gate: newUploadGate()}
	return s
}

// sendAll sends all bytes at a rate a second, in pieces of a second.
func (s *sending) sendAll(rate int64) {
	s.h.t.Helper()
	if err := s.begin(); err != nil {
		s.h.t.Fatal(err)
	}
	for sent := int64(0); sent < s.target.Size; sent += rate {
		s.sent(sent)
		s.now = s.now.Add(time.Second)
	}
	s.sent(s.target.Size)
}

// TestProgress_EveryTenSeconds: a long upload is reported now and then, a short one never.
func TestProgress_EveryTenSeconds(t *testing.T) {
	t.Parallel()
	long := newSending(t, 35e6, true)
	long.sendAll(1e6)
	all := eventsOf[ledger.Progress](long.h)
	if len(all) != 3 {
		t.Fatalf("%d reports in 35 seconds", len(all))
	}
	expect.Equal(t, "last report", all[2], ledger.Progress{File: wheel, Sent: 30e6, Size: 35e6, Rate: 1e6, Left: 5 * time.Second})
	expect.Equal(t, "warnings", long.h.noted(), nil)
	expect.Equal(t, "time of the try", long.took(), 35*time.Second)

	short := newSending(t, 5e6, true)
	short.sendAll(1e6)
	expect.Equal(t, "reports of a short upload", len(eventsOf[ledger.Progress](short.h)), 0)
}

// TestProgress_TooSlow: what the index will give up on is warned about once, where its limit is known.
func TestProgress_TooSlow(t *testing.T) {
	t.Parallel()
	slow := newSending(t, 300e6, true)
	slow.sendAll(1e6)
	expect.Equal(t, "warnings", slow.h.noted(), []string{"too-slow"})
	f := slow.h.found("too-slow")
	expect.Equal(t, "file", f.File, "dist/"+wheel)
	expect.Contains(t, "the warning", f.Message, wheel, "5m0s", "4m0s")
	expect.Contains(t, "the next step", f.Fix, "parallel-uploads")

	quick := newSending(t, 239e6, true)
	quick.sendAll(1e6)
	expect.Equal(t, "warnings about an upload that is quick enough", quick.h.noted(), nil)
	elsewhere := newSending(t, 300e6, false)
	elsewhere.sendAll(1e6)
	expect.Equal(t, "warnings about another index", elsewhere.h.noted(), nil)
}

// TestProgress_AnotherTry begins at its own first byte: what the tries before it took does not count.
func TestProgress_AnotherTry(t *testing.T) {
	t.Parallel()
	s := newSending(t, 100e6, true)
	expect.Equal(t, "time before the first byte", s.took(), 0)
	s.sent(0)
	s.now = s.now.Add(9 * time.Second)
	s.sent(50e6)
	s.now = s.now.Add(time.Minute) // between two tries
	wantError(t, "another try", s.begin(), nil)
	expect.Equal(t, "time before its first byte", s.took(), 0)
	s.sent(0)
	s.now = s.now.Add(10 * time.Second)
	s.sent(10e6)
	expect.Equal(t, "rate", eventOf[ledger.Progress](s.h).Rate, 1e6)
	expect.Equal(t, "time of the last try", s.took(), 10*time.Second)
}

// TestProgress_Waiting: a file that is read at once and waits between its tries is never reported as being sent slowly, nor as done.
func TestProgress_Waiting(t *testing.T) {
	t.Parallel()
	s := newSending(t, 20e3, true)
	for range 9 {
		wantError(t, "try", s.begin(), nil)
		s.sent(20e3)
		s.sent(20e3) // the end of the file
		s.now = s.now.Add(30 * time.Second)
		s.sent(20e3) // the answer is late
	}
	expect.Equal(t, "reports of progress", len(eventsOf[ledger.Progress](s.h)), 0)
	expect.Equal(t, "warnings", s.h.noted(), nil)
	expect.Equal(t, "time of the last try", s.took(), 30*time.Second)
}

// TestProgress_Begin: an upload begins once, however many tries it takes, and never after a final refusal of another one.
func TestProgress_Begin(t *testing.T) {
	t.Parallel()
	s := newSending(t, 1, true)
	wantError(t, "first try", s.begin(), nil)
	s.gate.release(false, true)
	wantError(t, "another try, when another file was refused", s.begin(), nil)
	expect.Equal(t, "begun", eventsOf[ledger.Started](s.h), []ledger.Started{{File: wheel}})

	late := newSending(t, 1, true)
	late.gate.release(false, true)
	wantError(t, "first try, when another file was refused", late.begin(), ErrIncomplete)
	expect.Equal(t, "begun", len(eventsOf[ledger.Started](late.h)), 0)
}

// TestProgress_Rejected: while it is not known what a refusal means, no other upload begins, and those under way go on.
func TestProgress_Rejected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		final bool
		want  error
	}{"a refusal": {true, ErrIncomplete}, "none after all": {false, nil}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSending(t, 1, true)
				if err := s.begin(); err != nil {
					t.Fatal(err)
				}
				s.rejected()
				s.rejected() // of another try
				underWay := &progress{run: s.run, target: s.target, gate: s.gate, begun: true}
				wantError(t, "another try of an upload under way", underWay.begin(), nil)
				next := &progress{run: s.run, target: s.target, gate: s.gate}
				began := make(chan error, 1)
				go func() { began <- next.begin() }()
				synctest.Wait()
				expect.Equal(t, "uploads that have begun meanwhile", len(began), 0)
				s.gate.release(s.held, c.final)
				wantError(t, "the next upload", <-began, c.want)
			})
		})
	}
}
