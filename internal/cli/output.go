package cli

import (
	"bytes"
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/org/pypi-oidc-publish/internal/par"
)

const (
	// queuedTexts is how many texts may wait to be written; a text is usually a line.
	queuedTexts = 1024
	// writtenAtOnce is how many bytes are written at a time.
	writtenAtOnce = 32 << 10
	// gatherTime is how long a text waits for others to be written with it.
	gatherTime = 5 * time.Millisecond
	// outputPatience is how long the program waits for a reader of its output that reads nothing.
	outputPatience = 3 * time.Second
	// finalPatience is the same at the end of a program that was not cancelled: nothing but the rest of the output is waited for.
	finalPatience = 30 * time.Second
)

// output writes texts to the standard streams in a goroutine of its own, in the order in which they were printed. So a reader that has
// stopped holds up nobody who publishes or revokes. If very much is queued, a text waits for outputPatience, and then the rest of the
// output is given up.
type output struct {
	queue   chan printed
	written atomic.Int64 // pieces, so far
	ended   <-chan error // has a value when everything is written

	mu   sync.Mutex // held while a text is queued, so that texts stay in order
	over bool       // no more texts are taken: the output was given up, or is complete
}

// printed is a text for a stream.
type printed struct {
	to   *outputStream
	text []byte
}

// newOutput returns an output that takes texts until finish is called.
func newOutput() *output {
	o := &output{queue: make(chan printed, queuedTexts)}
	o.ended = par.Start(o.writeAll)
	return o
}

// stream returns a writer to one of the streams. It never fails.
func (o *output) stream(to io.Writer) io.Writer { return &outputStream{o, to} }

type outputStream struct {
	output *output
	to     io.Writer
}

// Write queues a text.
func (s *outputStream) Write(text []byte) (int, error) {
	s.output.add(printed{s, bytes.Clone(text)})
	return len(text), nil
}

// add queues a text, or drops it if the output is over.
func (o *output) add(next printed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return
	}
	select {
	case o.queue <- next:
		return
	default:
	}
	timer := time.NewTimer(outputPatience)
	defer timer.Stop()
	select {
	case o.queue <- next:
	case <-timer.C:
		o.over = true // later texts without this one could mislead
	}
}

// writeAll writes what is queued, to the end of the queue. Errors are ignored: there is no place to report that nothing can be printed.
func (o *output) writeAll() error {
	for next := range o.queue {
		for more := true; more; {
			var following printed
			following, more = o.gather(&next)
			for len(next.text) > 0 {
				n := min(len(next.text), writtenAtOnce)
				_, _ = next.to.to.Write(next.text[:n])
				next.text = next.text[n:]
				o.written.Add(1)
			}
			next = following
		}
	}
	return nil
}

// gather adds to a text what follows it on the same stream within a moment, so that a run with many files does not write each line by
// itself. It returns the first text of another stream, if that ended it. A text that must be seen at once, and the end of the program, wait
// for nothing.
func (o *output) gather(text *printed) (following printed, more bool) {
	timer := time.NewTimer(gatherTime)
	defer timer.Stop()
	for len(text.text) < writtenAtOnce && !isUrgent(text.text) {
		select {
		case next, open := <-o.queue:
			switch {
			case !open:
				return printed{}, false
			case next.to != text.to:
				return next, true
			}
			text.text = append(text.text, next.text...)
			if isUrgent(next.text) {
				return printed{}, false
			}
		case <-timer.C:
			return printed{}, false
		}
	}
	return printed{}, false
}

// isUrgent reports whether a text has the runner mask a secret.
func isUrgent(text []byte) bool { return bytes.HasPrefix(text, []byte("::add-mask::")) }

// finish waits until everything is written, or until nothing has been read for some time. If ctx is done, that time is short.
func (o *output) finish(ctx context.Context) {
	o.mu.Lock()
	o.over = true
	o.mu.Unlock()
	close(o.queue)
	patience, cancelled := finalPatience, ctx.Done()
	for {
		before := o.written.Load()
		timer := time.NewTimer(patience)
		select {
		case <-o.ended:
			timer.Stop()
			return
		case <-cancelled:
			timer.Stop()
			patience, cancelled = outputPatience, nil
		case <-timer.C:
			if o.written.Load() == before {
				return
			}
		}
	}
}
