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
func rush(t *testing.T, g *Gate, n int, overloaded bool) int64 {
	t.Helper()
	var under, most atomic.Int64
	for range n {
		go func() {
			if err := g.acquire(t.Context()); err != nil {
				t.Error(err)
				return
			}
			most.Store(max(most.Load(), under.Add(1)))
			time.Sleep(time.Second)
			under.Add(-1)
			g.release(overloaded, !overloaded)
		}()
	}
	time.Sleep(time.Duration(n+1) * time.Second)
	synctest.Wait()
	return most.Load()
}

func TestGate_Adapts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(4)
		if got := rush(t, g, 12, false); got != 4 {
			t.Errorf("%d at once through a gate of 4", got)
		}
		rush(t, g, 1, true)
		if g.limit != 1 {
			t.Errorf("limit %d after a 5xx", g.limit)
		}
		rush(t, g, 2, false)
		if g.limit != 3 {
			t.Errorf("limit %d after two successes", g.limit)
		}
		if got := rush(t, g, 12, false); got != 4 || g.running != 0 {
			t.Errorf("%d at once, %d under way, after the gate recovered", got, g.running)
		}
	})
}

func TestGate_Cancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1)
		if err := g.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		cause := errors.New("cancelled")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if err := g.acquire(ctx); !errors.Is(err, cause) {
			t.Error(err)
		}
	})
}

// TestGate_Statuses: a server that wants fewer requests, or one in distress, also where a gateway says so for it.
func TestGate_Statuses(t *testing.T) {
	t.Parallel()
	for status, limit := range map[int]int{429: 1, 499: 1, 500: 1, 503: 1, 520: 1, 530: 1, 400: 4, 408: 4, 425: 4, 498: 4} {
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
		if err == nil || g.limit != limit {
			t.Errorf("%d: %v, limit %d, want %d", status, err, g.limit, limit)
		}
	}
}
