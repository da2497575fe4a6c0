package fault

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Handler is next, whose requests are struck by the faults planned for their op. It belongs to the listener of the door:
// as long as that has a fault to come, connections are not kept, since a client that keeps one makes no new ones.
//
// The server needs [ConnContext]. A struck handler ends by [http.ErrAbortHandler] where there is to be no answer.
func (i *Injector) Handler(next http.Handler, door string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.awaits(door) {
			w.Header().Set("Connection", "close")
		}
		f, struck := i.take(i.options.Op(r))
		if !struck {
			next.ServeHTTP(w, r)
			return
		}
		if t, known := traitOf(f.Kind); known { // Break takes no others
			t.strike(&strike{i, f, w, r, next, tape{header: w.Header().Clone()}})
		}
	})
}

// strike is one request that a fault strikes.
type strike struct {
	injector *Injector
	fault    Fault
	w        http.ResponseWriter
	r        *http.Request
	next     http.Handler
	tape     tape // the real answer, once there is one
}

// unknownLength is how much is read of a body before the middle of it, if its length is not known.
const unknownLength = 1 << 10

// reach brings the request to the fault's point. Reads end at the latest when the server closes the connection. An error
// tells that the body broke off before.
func (s *strike) reach() error {
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

// drain reads what is left of the body. Without that a close would become a reset, and the server would not notice that
// the client has gone.
func (s *strike) drain() error {
	_, err := io.Copy(io.Discard, s.r.Body)
	return err
}

func (s *strike) reset() {
	_ = s.reach() // a client that broke off is cut off all the same
	s.end(true)
}

func (s *strike) close() {
	_ = s.reach()
	s.end(false)
}

// end ends the connection without an answer.
func (s *strike) end(reset bool) {
	if c := connOf(s.r); c != nil {
		end(c.TCPConn, reset)
	}
	panic(http.ErrAbortHandler)
}

func (s *strike) hang() {
	if s.reach() == nil {
		select {
		case <-s.r.Context().Done():
		case <-s.injector.closing:
		}
	}
	s.end(false)
}

func (s *strike) answer() {
	early := s.fault.Point == BeforeBody
	to := http.NewResponseController(s.w)
	if early {
		_ = to.EnableFullDuplex() // without that the server may wait for the body before it answers
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
	_, _ = fmt.Fprintf(s.w, body, s.fault.Status, http.StatusText(s.fault.Status)) // The client may be gone.
	if early {
		// Closed with unread bytes, the connection would be reset and the answer lost: servers go on reading for a while.
		_ = to.Flush()
		_ = s.drain()
	}
}

// date is a date that far ahead, as headers have it.
func (s *strike) date(ahead time.Duration) string {
	return s.injector.options.Now().Add(ahead).UTC().Format(http.TimeFormat)
}

// promise is what a truncated answer says it has, if there is nothing to cut.
const promise = 64

func (s *strike) truncate() {
	_ = s.reach()
	s.tape.replay(s.w, strconv.FormatInt(max(s.tape.size, promise), 10))
	_, _ = s.w.Write(s.tape.body[:len(s.tape.body)/2])
	// The server closes a connection whose answer is shorter than it said.
}

func (s *strike) oversize() {
	_ = s.reach()
	s.tape.replay(s.w, "")
	_, err := s.w.Write(s.tape.body)
	filler := bytes.Repeat([]byte(" "), 64<<10)
	for left := s.fault.Size; left > 0 && err == nil; left -= int64(len(filler)) {
		_, err = s.w.Write(filler[:min(left, int64(len(filler)))])
	}
}

func (s *strike) slowRequest() {
	r := s.r.Clone(s.r.Context())
	r.Body = slowBody{s.r.Body, s.injector.drip(s.fault)}
	s.next.ServeHTTP(s.w, r)
}

func (s *strike) slowAnswer() {
	c := connOf(s.r)
	if c == nil {
		panic(http.ErrAbortHandler)
	}
	s.w.Header().Set("Connection", "close") // what comes after this answer is none of the fault's business
	c.slow.Store(s.injector.drip(s.fault))
	s.next.ServeHTTP(s.w, s.r)
}
