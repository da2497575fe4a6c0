package fault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Handler returns a handler that injects the faults planned for the op of a request, and passes all other requests to next. door is the
// op of the connections of its listener. While a fault is planned for door, the handler closes connections after each answer, because a
// client that reuses one would make no new ones.
//
// The server needs [ConnContext]. For a fault without an answer the handler panics with [http.ErrAbortHandler].
func (i *Injector) Handler(next http.Handler, listenerOp string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.awaits(listenerOp) {
			w.Header().Set("Connection", "close")
		}
		p := i.nextFault(i.options.Op(r))
		if p == nil {
			next.ServeHTTP(w, r)
			return
		}
		if t, known := behaviorOf(p.Fault.Kind); known { // Inject accepts no others
			t.inject(&injection{i, p, p.Fault, w, r, next, tape{header: w.Header().Clone()}})
		}
	})
}

// injection is one request with a fault.
type injection struct {
	injector *Injector
	plan     *plan
	fault    Fault
	w        http.ResponseWriter
	r        *http.Request
	next     http.Handler
	tape     tape // the real answer, after it was made
}

// unknownLength is how many bytes of a body are read as its first half if its length is unknown.
const unknownLength = 1 << 10

// reach reads the request up to the fault's point. Reading ends at the latest when the server closes the connection. An error means that
// the body ended early.
func (s *injection) reach() error {
	switch s.fault.Point {
	case WithinBody:
		half := int64(unknownLength)
		if s.r.ContentLength >= 0 {
			half = s.r.ContentLength / 2
		}
		_, err := io.CopyN(io.Discard, s.r.Body, half)
		return err
	case AfterStore:
		s.next.ServeHTTP(&s.tape, s.r)
		return s.drain()
	case AfterBody:
		return s.drain()
	case AtAccept, BeforeBody:
	}
	return nil
}

// drain reads the rest of the body. Otherwise closing the connection would reset it, and the server would not notice that the client has
// disconnected.
func (s *injection) drain() error {
	_, err := io.Copy(io.Discard, s.r.Body)
	return err
}

// reset resets the connection.
func (s *injection) reset() {
	_ = s.reach() // end the connection even if the body ended early
	s.end(true)
}

// close closes the connection without an answer.
func (s *injection) close() {
	_ = s.reach()
	s.end(false)
}

// end closes the connection without an answer, with a reset or normally.
func (s *injection) end(reset bool) {
	if c := connOf(s.r); c != nil {
		end(c.TCPConn, reset)
	}
	panic(http.ErrAbortHandler)
}

// hang waits until the client disconnects or the injector is closed.
func (s *injection) hang() {
	if s.reach() == nil {
		select {
		case <-s.r.Context().Done():
		case <-s.injector.closing:
		}
	}
	s.end(false)
}

// answer sends the fault's own answer.
func (s *injection) answer() {
	early := s.fault.Point == BeforeBody
	to := http.NewResponseController(s.w)
	if early {
		_ = to.EnableFullDuplex() // otherwise the server may read the body before it answers
		s.w.Header().Set("Connection", "close")
	}
	_ = s.reach()
	header := s.w.Header()
	header.Set("Date", s.date(0))
	if s.fault.RetryAfter != "" {
		header.Set("Retry-After", s.fault.RetryAfter)
	}
	if s.fault.RetryIn != 0 {
		header.Set("Retry-After", s.date(s.fault.RetryIn))
	}
	kind, body := "text/plain; charset=utf-8", "%d %s\n"
	if s.fault.Page {
		kind, body = "text/html; charset=utf-8", "<!DOCTYPE html>\n<html><head><title>%[1]d %[2]s</title></head>\n"+
			"<body><center><h1>%[1]d %[2]s</h1></center><hr><center>a machine on the way</center></body></html>\n"
	}
	header.Set("Content-Type", kind)
	s.w.WriteHeader(s.fault.Status)
	_, _ = fmt.Fprintf(s.w, body, s.fault.Status, http.StatusText(s.fault.Status)) // it fails if the client is gone: no action needed
	if early {
		// Closing the connection with unread bytes would reset it, and the answer would be lost: servers read on for a while.
		_ = to.Flush()
		_ = s.drain()
	}
}

// date returns the date this far ahead in the format of headers.
func (s *injection) date(ahead time.Duration) string {
	return s.injector.options.Now().Add(ahead).UTC().Format(http.TimeFormat)
}

// promise is the Content-Length of a truncated answer that has nothing to cut.
const promise = 64

// truncate sends half of the real answer.
func (s *injection) truncate() {
	_ = s.reach()
	s.tape.replay(s.w, strconv.FormatInt(max(s.tape.size, promise), 10))
	_, _ = s.w.Write(s.tape.body[:len(s.tape.body)/2])
	// The server closes a connection whose answer is shorter than announced.
}

// oversize sends the real answer, followed by spaces.
func (s *injection) oversize() {
	_ = s.reach()
	s.tape.replay(s.w, "")
	_, err := s.w.Write(s.tape.body)
	filler := bytes.Repeat([]byte(" "), 64<<10)
	for left := s.fault.Size; left > 0 && err == nil; left -= int64(len(filler)) {
		_, err = s.w.Write(filler[:min(left, int64(len(filler)))])
	}
}

// slowRequest passes the request to the real handler, which reads it slowly.
func (s *injection) slowRequest() {
	r := s.r.Clone(s.r.Context())
	r.Body = slowBody{s.r.Body, s.injector.drip(s.fault)}
	s.next.ServeHTTP(s.w, r)
}

// slowAnswer sends the real answer slowly.
func (s *injection) slowAnswer() {
	c := connOf(s.r)
	if c == nil {
		panic(http.ErrAbortHandler)
	}
	s.w.Header().Set("Connection", "close") // the fault must not affect later answers
	c.slow.Store(s.injector.drip(s.fault))
	s.next.ServeHTTP(s.w, s.r)
}

// meet passes the request to the real handler, which sees the end of its body when all requests of the plan were read that far.
func (s *injection) meet() {
	r := s.r.Clone(s.r.Context())
	r.Body = &meetingBody{ReadCloser: s.r.Body, left: s.r.ContentLength, wait: func() error {
		return s.injector.meet(s.plan, s.r.Context().Done())
	}}
	s.next.ServeHTTP(s.w, r)
}

// lastBytes is how much of a body is read only when all have met: the end of a form, before which its last part is not complete.
const lastBytes = 4

// meetingBody waits before it reads the end of a body.
type meetingBody struct {
	io.ReadCloser
	left int64 // how many bytes there are still; below 0 if that is unknown
	wait func() error
	met  bool
}

// Read reads from the body.
func (b *meetingBody) Read(p []byte) (int, error) {
	if !b.met && b.left >= 0 && b.left <= lastBytes {
		if err := b.meet(); err != nil {
			return 0, err
		}
	}
	if !b.met && b.left > lastBytes {
		p = p[:min(int64(len(p)), b.left-lastBytes)]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	if !b.met && errors.Is(err, io.EOF) {
		if failed := b.meet(); failed != nil {
			return 0, failed
		}
	}
	return n, err
}

func (b *meetingBody) meet() error {
	b.met = true
	return b.wait()
}
