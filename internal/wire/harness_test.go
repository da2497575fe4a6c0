package wire_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// fakeClock is a client with a clock that moves only when it sleeps.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
	tries []wire.Try
}

func (w *fakeClock) client() *wire.Client {
	w.now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return wire.New(wire.Options{
		UserAgent: "pypi-oidc-publish/test",
		Now:       func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.now, w.slept = w.now.Add(d), append(w.slept, d)
			return ctx.Err()
		},
		Trace:  func(t wire.Try) { w.mu.Lock(); defer w.mu.Unlock(); w.tries = append(w.tries, t) },
		Jitter: func(d time.Duration) time.Duration { return d },
	})
}

func serve(t *testing.T, handler http.HandlerFunc) *url.URL {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL + "/legacy/?secret=in-the-query")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// answers sends the given status codes one after the other, and 200 from then on.
func answers(codes ...int) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body)
		if len(codes) == 0 {
			fmt.Fprint(w, "fine")
			return
		}
		code := codes[0]
		codes = codes[1:]
		w.WriteHeader(code)
	}
}

// worthAnotherTry are the statuses that say nothing of what was asked for: those of the standard, and those of gateways.
func worthAnotherTry() []int {
	return []int{408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 528, 529, 530}
}
