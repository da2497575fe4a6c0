package fakepypi

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/fault"
)

// server is one listener with its handler. It tracks its connections, so that close can wait for them.
type server struct {
	listener net.Listener
	tls      *tls.Config // nil for plain HTTP
	http     http.Server
	busy     sync.WaitGroup // connections and handlers, and the accept loop

	mu      sync.Mutex
	conns   map[net.Conn]http.ConnState // those that are open, but for hijacked ones
	changed chan struct{}               // closed, and replaced, when conns changes
}

// listen opens a TCP address. Without a host it uses loopback, so that other machines have access only on request.
func listen(ctx context.Context, addr string) (*server, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port))
	if err != nil {
		return nil, err
	}
	return &server{listener: listener, conns: map[net.Conn]http.ConnState{}, changed: make(chan struct{})}, nil
}

// host returns the address without the port.
func (s *server) host() string {
	host, _, _ := net.SplitHostPort(s.listener.Addr().String()) // a listener's address is well-formed
	return host
}

// url returns the address for clients on this machine.
func (s *server) url() string {
	addr, ok := s.listener.Addr().(*net.TCPAddr)
	if ok && addr.IP.IsUnspecified() {
		_, port, _ := net.SplitHostPort(addr.String())
		return "http://" + net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + s.listener.Addr().String()
}

// loopback reports whether only this machine can reach the server.
func (s *server) loopback() bool {
	addr, ok := s.listener.Addr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

// serve starts to answer requests with handler.
func (s *server) serve(handler http.Handler) {
	s.http = http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.busy.Add(1) // a hijacked connection is no longer counted, but its handler is
			defer s.busy.Done()
			handler.ServeHTTP(w, r)
		}),
		ConnContext:       fault.ConnContext,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
		ConnState: func(conn net.Conn, state http.ConnState) {
			s.note(conn, state)
			switch state {
			case http.StateNew:
				s.busy.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.busy.Done()
			case http.StateActive, http.StateIdle:
			}
		},
	}
	s.busy.Add(1)
	go func() {
		defer s.busy.Done()
		_ = s.http.Serve(s.listener) // always returns an error after the listener was closed
	}()
}

// note remembers the state of a connection.
func (s *server) note(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(s.conns, conn)
	default:
		s.conns[conn] = state
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// longestDrain is how long a request on its way may take.
const longestDrain = time.Minute

// drain closes every connection that was opened before and of which nothing was read yet, and waits until the others are closed or idle: a
// client that has gone may have left a request behind.
func (s *server) drain(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, longestDrain)
	defer stop()
	// Connections are accepted in their order: when this one is, so are those before.
	last, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(s.url(), "http://"))
	if err != nil {
		return err
	}
	accepted := func(conn net.Conn, _ http.ConnState) bool {
		return conn.RemoteAddr().String() == last.LocalAddr().String()
	}
	err = s.await(ctx, func() bool { return s.any(accepted) })
	if err := errors.Join(err, last.Close()); err != nil {
		return err
	}
	return s.await(ctx, func() bool {
		return !s.any(func(conn net.Conn, state http.ConnState) bool {
			if state == http.StateNew {
				_ = conn.Close() // nothing of it was read: a client may keep such a connection for later
			}
			return state != http.StateIdle
		})
	})
}

// any reports whether the condition is true of an open connection.
func (s *server) any(condition func(net.Conn, http.ConnState) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn, state := range s.conns {
		if condition(conn, state) {
			return true
		}
	}
	return false
}

// await waits until the condition is true. It looks again whenever the state of a connection has changed.
func (s *server) await(ctx context.Context, condition func() bool) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if condition() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// close stops the server and waits for its connections and handlers.
func (s *server) close() error {
	err := s.http.Close()
	if closing := s.listener.Close(); !errors.Is(closing, net.ErrClosed) {
		err = errors.Join(err, closing) // it never served
	}
	s.busy.Wait()
	return err
}
