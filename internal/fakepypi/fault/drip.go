package fault

import (
	"io"
	"time"
)

// drip lets a stream through in small pieces with a pause before each. It serves one direction of one connection.
type drip struct {
	pause func(time.Duration) error
	pace  time.Duration
	piece int
	left  int // pieces that are still paused for; below 0 all are
}

func (i *Injector) drip(f Fault) *drip {
	left := f.Pieces
	if left == 0 {
		left = -1
	}
	return &drip{i.pause, f.Pace, f.Piece, left}
}

// next pauses, and returns how many of n bytes may go now.
func (d *drip) next(n int) (int, error) {
	if d.left == 0 || n == 0 {
		return n, nil
	}
	if d.left > 0 {
		d.left--
	}
	return min(n, d.piece), d.pause(d.pace)
}

// slowBody is the body of a request, read by a slow server.
type slowBody struct {
	io.ReadCloser
	drip *drip
}

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
