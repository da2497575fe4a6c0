// Package pypitest starts the test server, [fakepypi], for tests.
package pypitest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/testkit/issuertest"
)

// Start starts a server on a free port of loopback, and closes it at the end of the test. Without a clock it has that of the machine, and
// without a key the one of [issuertest.Key].
func Start(t testing.TB, o fakepypi.Options) *fakepypi.Servers {
	t.Helper()
	return StartAt(t, "127.0.0.1:0", o)
}

// StartAt does what [Start] does, at an address, such as "127.0.0.1:8080".
func StartAt(t testing.TB, addr string, o fakepypi.Options) *fakepypi.Servers {
	t.Helper()
	// Not with the test's own context, which ends before its cleanups: the program may still be asked to end.
	s, err := Open(context.WithoutCancel(t.Context()), addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("the test server does not close: %v", err)
		}
	})
	return s
}

// Open does what [StartAt] does; the caller closes the server.
func Open(ctx context.Context, addr string, o fakepypi.Options) (*fakepypi.Servers, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Key == nil {
		key, err := issuertest.Key()
		if err != nil {
			return nil, err
		}
		o.Key = key
	}
	return fakepypi.Start(ctx, addr, o)
}

// Pool lends servers to tests of many cases, each server as if it had just been started: starting them takes longer than many a case.
type Pool struct{ free chan *fakepypi.Servers }

// NewPool starts n servers for as long as the test runs, its subtests included. A clock that is given must not be moved by a borrower.
func NewPool(t testing.TB, n int, o fakepypi.Options) *Pool {
	t.Helper()
	p := &Pool{free: make(chan *fakepypi.Servers, n)}
	for range n {
		p.free <- Start(t, o)
	}
	return p
}

// Borrow returns a server for as long as the test runs. It waits until one is free.
func (p *Pool) Borrow(t testing.TB) *fakepypi.Servers {
	t.Helper()
	s := <-p.free
	t.Cleanup(func() { p.free <- s })
	WaitIdle(t, s)
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// longestAnswer is how long a server may take to deal with a request whose client has gone.
const longestAnswer = time.Minute

// WaitIdle waits until the server has dealt with every request, also those whose client has gone.
func WaitIdle(t testing.TB, s *fakepypi.Servers) {
	t.Helper()
	until := time.Now().Add(longestAnswer)
	for slices.ContainsFunc(s.Requests(), func(r fakepypi.Request) bool { return r.Ended.IsZero() }) {
		if time.Now().After(until) {
			t.Fatal("a request is still being answered")
		}
		time.Sleep(time.Millisecond)
	}
}
