package fakepypi

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Request is one request that a server of the test environment received.
type Request struct {
	Op        string // purpose of the request, see [Op]
	Method    string
	Path      string // with the query
	UserAgent string
	Size      int64     // of the body, from Content-Length; -1 if that is missing
	Status    int       // of the answer; 0 if there is none yet, or if the connection broke off
	Started   time.Time // by the clock in [Options]
	Ended     time.Time // zero until it has been answered
	Beside    int       // how many requests of the same op were being answered when this one began
}

// journal records the requests of all servers.
type journal struct {
	now   func() time.Time
	ended func(Request) // called with every request that has ended; may be nil

	mu      sync.Mutex
	entries []*Request
}

// record returns a handler that records every request and passes it to next.
func (j *journal) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watch := &watcher{ResponseWriter: w, status: j.begin(r)}
		defer watch.status(0, true)
		next.ServeHTTP(watch, r)
	})
}

// begin adds an entry. It returns a function that sets the status, and the end, of the entry.
func (j *journal) begin(r *http.Request) func(status int, ended bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	entry := &Request{
		Op:        Op(r),
		Method:    r.Method,
		Path:      r.URL.RequestURI(),
		UserAgent: r.UserAgent(),
		Size:      r.ContentLength,
		Started:   j.now(),
	}
	for _, other := range j.entries {
		if other.Op == entry.Op && other.Ended.IsZero() {
			entry.Beside++
		}
	}
	j.entries = append(j.entries, entry)
	return func(status int, ended bool) {
		j.mu.Lock()
		if entry.Status == 0 {
			entry.Status = status
		}
		if ended {
			entry.Ended = j.now()
		}
		now := *entry
		j.mu.Unlock()
		if ended && j.ended != nil {
			j.ended(now)
		}
	}
}

// busy reports whether a request is being answered.
func (j *journal) busy() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.ContainsFunc(j.entries, unanswered)
}

func unanswered(r *Request) bool { return r.Ended.IsZero() }

// reset forgets the requests. Where one is being answered it forgets none, and returns false.
func (j *journal) reset() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if slices.ContainsFunc(j.entries, unanswered) {
		return false
	}
	j.entries = nil
	return true
}

// requests returns a copy of all entries.
func (j *journal) requests() []Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []Request
	for _, entry := range slices.Clone(j.entries) {
		all = append(all, *entry)
	}
	return all
}

// watcher reports the status of an answer, even if the handler writes to the connection itself.
type watcher struct {
	http.ResponseWriter
	status func(status int, ended bool)
}

// WriteHeader implements [http.ResponseWriter] and reports a final status.
func (w *watcher) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.status(status, false)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter]. Without an earlier status it reports 200.
func (w *watcher) Write(b []byte) (int, error) {
	w.status(http.StatusOK, false)
	return w.ResponseWriter.Write(b)
}

// Unwrap returns the wrapped writer, for [http.ResponseController].
func (w *watcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack implements [http.Hijacker].
func (w *watcher) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &watchedConn{Conn: conn, status: w.status}, buffers, nil
}

// watchedConn reads the status from the status line that is written.
type watchedConn struct {
	net.Conn
	status func(status int, ended bool)
}

// Write implements [net.Conn] and reports the status if b begins with a status line.
func (c *watchedConn) Write(b []byte) (int, error) {
	if rest, found := bytes.CutPrefix(b, []byte("HTTP/1.1 ")); found && len(rest) > 3 {
		if code, err := strconv.Atoi(string(rest[:3])); err == nil {
			c.status(code, false)
		}
	}
	return c.Conn.Write(b)
}
