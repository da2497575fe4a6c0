package wire

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// rush sends n tries through the gate, each a second long, and returns how many were under way at most.
func rush(t *testing.T, g *Gate, n int, pressed bool) int64 {
	t.Helper()
	var under, most atomic.Int64
	for range n {
		go func() {
			if err := g.enter(t.Context()); err != nil {
				t.Error(err)
				return
			}
			most.Store(max(most.Load(), under.Add(1)))
			time.Sleep(time.Second)
			under.Add(-1)
			g.leave(pressed, !pressed)
		}()
	}
	time.Sleep(time.Duration(n+1) * time.Second)
	synctest.Wait()
	return most.Load()
}

func TestGateNarrowsAndWidens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(4)
		if got := rush(t, g, 12, false); got != 4 {
			t.Errorf("%d at once through a gate of 4", got)
		}
		rush(t, g, 1, true)
		if g.open != 1 {
			t.Errorf("open %d after a 5xx", g.open)
		}
		rush(t, g, 2, false)
		if g.open != 3 {
			t.Errorf("open %d after two successes", g.open)
		}
		if got := rush(t, g, 12, false); got != 4 || g.under != 0 {
			t.Errorf("%d at once, %d under way, after the gate recovered", got, g.under)
		}
	})
}

func TestGateHonoursTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1)
		if err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		cause := errors.New("cancelled")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if err := g.enter(ctx); !errors.Is(err, cause) {
			t.Error(err)
		}
	})
}

// TestWhatNarrowsTheGate: a server that wants fewer requests, or one in distress, also where a front says so for it.
func TestWhatNarrowsTheGate(t *testing.T) {
	t.Parallel()
	for status, open := range map[int]int{429: 1, 499: 1, 500: 1, 503: 1, 520: 1, 530: 1, 400: 4, 408: 4, 425: 4, 498: 4} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		defer server.Close()
		at, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		g := NewGate(4)
		wait := func(context.Context, time.Duration) error { return nil }
		client := New(Options{UserAgent: "pypi-oidc-publish/test", Now: time.Now, Sleep: wait})
		_, err = client.Do(t.Context(), Call{Op: Probe, Method: http.MethodPost, URL: at, Gate: g})
		if err == nil || g.open != open {
			t.Errorf("%d: %v, open %d, want %d", status, err, g.open, open)
		}
	}
}
