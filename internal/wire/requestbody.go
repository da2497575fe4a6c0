package wire

import (
	"context"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/org/pypi-oidc-publish/internal/par"
)

// bodyPiece is how many bytes of a body are read at a time.
const bodyPiece = 128 * kib

// requestBody is the body of one try. It reads its source in a goroutine of its own, one piece ahead of the transport, for two reasons.
// The transport waits for the reader of a body even if the try was cut off, so that a file system that does not answer would hold up both.
// And a source may compute, such as a digest, while the transport sends.
type requestBody struct {
	limit  context.Context // of the try: neither Read nor Close waits longer
	source io.ReadCloser
	empty  chan []byte // pieces to be filled
	full   chan piece  // what was read

	begin  sync.Once     // starts the goroutine or, if nothing is read, closes the source
	finish sync.Once     // closes closed
	closed chan struct{} // closed by Close
	ended  chan struct{} // closed when the source is

	current piece
	rest    []byte                // of current, which the transport has not got yet
	left    atomic.Int64          // bytes of the body that the transport has not got yet
	failed  atomic.Pointer[error] // the error of the source
}

// piece is a part of a body, and what follows it.
type piece struct {
	bytes []byte
	err   error // nil: another piece
}

// newRequestBody returns the body of a try. size is that of the body in bytes; if it is negative, it is unknown.
func newRequestBody(limit context.Context, source io.ReadCloser, size int64) *requestBody {
	b := &requestBody{
		limit: limit, source: source, empty: make(chan []byte, 2), full: make(chan piece, 1),
		closed: make(chan struct{}), ended: make(chan struct{}),
	}
	b.left.Store(size)
	if size >= 0 && size < bodyPiece {
		b.empty <- make([]byte, size+1) // so that the end comes with the last bytes, and no other piece is needed
		return b
	}
	for range cap(b.empty) {
		b.empty <- make([]byte, bodyPiece)
	}
	return b
}

// whole reports whether the transport has got all of the body. It has, before the server can have it.
func (b *requestBody) whole() bool { return b == nil || b.left.Load() <= 0 }

// failure returns why the source could not be read; nil if it could, as far as it was.
func (b *requestBody) failure() error {
	if b == nil || b.failed.Load() == nil {
		return nil
	}
	return *b.failed.Load()
}

// Read returns what was read. It must not be called concurrently.
func (b *requestBody) Read(p []byte) (int, error) {
	part, err := b.next(int64(len(p)))
	return copy(p, part), err
}

// writeTo writes so many bytes of the body, or all if it has fewer, each piece as it was read. It must not be called concurrently.
func (b *requestBody) writeTo(w io.Writer, limit int64) (written int64, err error) {
	for written < limit {
		part, err := b.next(limit - written)
		if err == io.EOF {
			break
		}
		if err != nil {
			return written, err
		}
		n, err := w.Write(part)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// next returns up to so many bytes of what was read, and one at least if any are wanted. They are valid until the next call.
func (b *requestBody) next(most int64) (part []byte, err error) {
	b.begin.Do(func() { _ = par.Start(b.fill) })
	for len(b.rest) == 0 {
		if b.current.err != nil {
			return nil, b.current.err
		}
		if b.current.bytes != nil {
			b.empty <- b.current.bytes[:cap(b.current.bytes)] // which has room
		}
		select {
		case b.current = <-b.full:
			b.rest = b.current.bytes
		case <-b.closed:
			return nil, os.ErrClosed
		case <-b.limit.Done():
			return nil, context.Cause(b.limit)
		}
	}
	part = b.rest[:min(most, int64(len(b.rest)))]
	b.rest = b.rest[len(part):]
	b.left.Add(-int64(len(part)))
	return part, nil
}

// fill reads the source to its end, or until the body is closed. Each piece is filled, since the transport makes a packet of each, and a
// source such as a form consists of many short ones. A panic of the source is its error.
func (b *requestBody) fill() error {
	defer close(b.ended)
	defer b.source.Close()
	var (
		next piece
		n    int // after a panic too: what was not returned by then was not read
	)
	read := func() error {
		for n < len(next.bytes) {
			more, err := b.source.Read(next.bytes[n:])
			n += more
			if err != nil {
				return err
			}
		}
		return nil
	}
	for {
		select {
		case next.bytes = <-b.empty:
		case <-b.closed:
			return nil
		}
		n = 0
		next.err = par.Catch(read)
		next.bytes = next.bytes[:n]
		if next.err != nil && next.err != io.EOF {
			b.failed.Store(&next.err)
		}
		select {
		case b.full <- next:
		case <-b.closed:
			return nil
		}
		if next.err != nil {
			return nil
		}
	}
}

// Close closes the source. It waits for that, but not beyond the limit of the try.
func (b *requestBody) Close() error {
	b.finish.Do(func() { close(b.closed) })
	b.begin.Do(func() {
		defer close(b.ended)
		b.source.Close()
	})
	select {
	case <-b.ended:
	case <-b.limit.Done():
	}
	return nil
}
