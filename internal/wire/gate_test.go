package wire

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
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
			p, err := g.acquire(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			most.Store(max(most.Load(), under.Add(1)))
			time.Sleep(time.Second)
			under.Add(-1)
			g.release(p, outcome{overloaded: overloaded, succeeded: !overloaded, took: time.Second})
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
		if _, err := g.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		cause := errors.New("cancelled")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := g.acquire(ctx); !errors.Is(err, cause) {
			t.Error(err)
		}
	})
}

// TestGate_Widens: more is sent at once as long as the server takes no longer for it. What a server of each kind comes to is the time of 60
// requests, of which the first is alone, and how many were under way at most.
func TestGate_Widens(t *testing.T) {
	t.Parallel()
	const requests, size = 60, 2_000_000
	for name, c := range map[string]struct {
		gate func() *Gate
		// answer returns how long a request takes while so many are under way.
		answer func(running int) time.Duration
		fails  int // the first of these requests are answered with a 503, after the first one
		width  int
		most   int64
		within time.Duration
	}{
		"a server with room": {
			answer: func(int) time.Duration { return time.Second / 2 }, width: 6, most: 6, within: 6200 * time.Millisecond,
		},
		"a fixed width": {
			gate:   func() *Gate { return NewGate(4) },
			answer: func(int) time.Duration { return time.Second / 2 }, width: 4, most: 4, within: 8 * time.Second,
		},
		"a server that does one thing after the other": {
			answer: func(running int) time.Duration { return time.Duration(running) * time.Second / 8 }, width: 4, most: 5,
			within: 7650 * time.Millisecond, // 1.02 times the time of its work
		},
		"a server that slows down beyond 4": { // half as long again for each, which two answers tell
			answer: func(running int) time.Duration { return time.Second/2 + time.Duration(max(running-4, 0))*time.Second/4 }, width: 4,
			most: 5, within: 8300 * time.Millisecond,
		},
		"a server that slows down beyond 5": {
			answer: func(running int) time.Duration { return time.Second/2 + time.Duration(max(running-5, 0))*time.Second/2 }, width: 5,
			most: 6, within: 8 * time.Second,
		},
		"a server that was overloaded": {
			answer: func(int) time.Duration { return time.Second / 2 }, fails: 1, width: 4, most: 4, within: 9 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := NewWideningGate(4, 6)
				if c.gate != nil {
					g = c.gate()
				}
				var under, most, fails atomic.Int64
				send := func() {
					p, err := g.acquire(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					now := under.Add(1)
					most.Store(max(most.Load(), now))
					began := time.Now()
					const step = 5 * time.Millisecond
					for done := 0.0; done < 1-1e-9; done += float64(step) / float64(c.answer(int(under.Load()))) {
						time.Sleep(step)
					}
					under.Add(-1)
					failed := now > 1 && fails.Add(1) <= int64(c.fails)
					g.release(p, outcome{overloaded: failed, succeeded: !failed, took: time.Since(began), size: size})
				}
				began := time.Now()
				send() // alone
				var group sync.WaitGroup
				for range requests - 1 {
					group.Go(send)
				}
				group.Wait()
				if took := time.Since(began); took > c.within || g.width != c.width || most.Load() != c.most {
					t.Errorf("it took %v, %d at once at most; width %d", took, most.Load(), g.width)
				}
			})
		})
	}
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
