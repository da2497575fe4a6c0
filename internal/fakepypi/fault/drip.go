package fault

import (
	"io"
	"time"
)

// drip splits a stream into small pieces with a pause before each. It serves one direction of one connection.
type drip struct {
	pause func(time.Duration) error
	pace  time.Duration
	piece int
	left  int // pieces that still have a pause; below 0 all have one
}

// drip returns the pauses of a slow fault.
func (i *Injector) drip(f Fault) *drip {
	left := f.Pieces
	if left == 0 {
		left = -1
	}
	return &drip{i.pause, f.BytesPerSecond, f.Piece, left}
}

// next pauses, and returns how many of n bytes to transfer now.
func (d *drip) next(n int) (int, error) {
	if d.left == 0 || n == 0 {
		return n, nil
	}
	if d.left > 0 {
		d.left--
	}
	return min(n, d.piece), d.pause(d.pace)
}

// slowBody is the body of a request that the server reads slowly.
type slowBody struct {
	io.ReadCloser
	drip *drip
}

// Read implements [io.Reader], with a pause before each piece.
func (b slowBody) Read(p []byte) (int, error) {
	n, err := b.drip.next(len(p))
	if err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p[:n])
}

// write sends b in pieces.
func (d *drip) write(w io.Writer, b []byte) (sent int, err error) {
	for sent < len(b) {
		n, err := d.next(len(b) - sent)
		if err != nil {
			return sent, err
		}
		n, err = w.Write(b[sent : sent+n])
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}
