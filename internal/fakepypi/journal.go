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

// Request is one request that a server of the stage was asked.
type Request struct {
	Op        string // what it was for, see [Op]
	Method    string
	Path      string // with the query
	UserAgent string
	Size      int64     // of the body by its Content-Length; -1 where that is not given
	Status    int       // of the answer; 0 as long as there is none, or where the connection broke off
	Started   time.Time // by the stage's clock
	Ended     time.Time // zero as long as it is being answered
	Beside    int       // how many requests of the same op were being answered when this one began
}

// journal remembers the requests of all servers.
type journal struct {
	now func() time.Time

	mu      sync.Mutex
	entries []*Request
}

// record notes every request that goes to next.
func (j *journal) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watch := &watcher{ResponseWriter: w, status: j.begin(r)}
		defer watch.status(0, true)
		next.ServeHTTP(watch, r)
	})
}

// begin opens an entry; the function it returns notes the status, and the end.
func (j *journal) begin(r *http.Request) func(status int, ended bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	entry := &Request{Op: Op(r), Method: r.Method, Path: r.URL.RequestURI(), UserAgent: r.UserAgent(), Size: r.ContentLength, Started: j.now()}
	for _, other := range j.entries {
		if other.Op == entry.Op && other.Ended.IsZero() {
			entry.Beside++
		}
	}
	j.entries = append(j.entries, entry)
	return func(status int, ended bool) {
		j.mu.Lock()
		defer j.mu.Unlock()
		if entry.Status == 0 {
			entry.Status = status
		}
		if ended {
			entry.Ended = j.now()
		}
	}
}

// reset forgets the requests. Where one is being answered it forgets none, and returns false.
func (j *journal) reset() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if slices.ContainsFunc(j.entries, func(entry *Request) bool { return entry.Ended.IsZero() }) {
		return false
	}
	j.entries = nil
	return true
}

func (j *journal) requests() []Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []Request
	for _, entry := range slices.Clone(j.entries) {
		all = append(all, *entry)
	}
	return all
}

// watcher sees the status of an answer go by, also where the handler writes to the connection itself.
type watcher struct {
	http.ResponseWriter
	status func(status int, ended bool)
}

func (w *watcher) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.status(status, false)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watcher) Write(b []byte) (int, error) {
	w.status(http.StatusOK, false)
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] find what is wrapped.
func (w *watcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack implements [http.Hijacker].
func (w *watcher) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &watchedConn{Conn: conn, status: w.status}, buffers, nil
}

// watchedConn reads the status line of what is written.
type watchedConn struct {
	net.Conn
	status func(status int, ended bool)
}

func (c *watchedConn) Write(b []byte) (int, error) {
	if rest, found := bytes.CutPrefix(b, []byte("HTTP/1.1 ")); found && len(rest) > 3 {
		if code, err := strconv.Atoi(string(rest[:3])); err == nil {
			c.status(code, false)
		}
	}
	return c.Conn.Write(b)
}
