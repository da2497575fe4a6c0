package wire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// always answers every request with the same status.
func always(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
	}
}

// hangsUp closes every connection without an answer.
func hangsUp(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		conn.Close()
	}
}

// total returns the sum of all waits so far.
func (w *fakeClock) total() time.Duration {
	var sum time.Duration
	for _, d := range w.slept {
		sum += d
	}
	return sum
}

// TestRetry_WholeBudget: an outage that does not end is outlasted until the budget of the op is spent, and no longer.
func TestRetry_WholeBudget(t *testing.T) {
	t.Parallel()
	budgets := map[wire.Op]time.Duration{
		wire.Audience: 20 * time.Minute, wire.Mint: 20 * time.Minute, wire.Upload: 20 * time.Minute,
		wire.IDToken: 5 * time.Minute, wire.TrustRoot: 5 * time.Minute, wire.Certificate: 5 * time.Minute, wire.LogEntry: 5 * time.Minute,
		wire.Listing: time.Minute, wire.Provenance: time.Minute, wire.LogLookup: time.Minute,
		wire.GitHub: 3 * time.Minute, wire.AssetDownload: 5 * time.Minute, wire.Burn: 4 * time.Second,
		wire.Asset: 0, wire.Probe: 0,
	}
	for _, op := range slices.Concat(wire.Ops(), wire.GitHubOps()) {
		budget, known := budgets[op]
		if !known {
			t.Errorf("%s: there is no budget for it in this test", op)
		}
		outages := map[string]http.HandlerFunc{
			"a broken connection": hangsUp, "499": always(499), "502": always(502), "503": always(503), "504": always(504),
			"520": always(520), "522": always(522),
		}
		for name, outage := range outages {
			w := &fakeClock{}
			_, err := w.client().Do(t.Context(), wire.Call{Op: op, Method: "POST", URL: serve(t, outage)})
			failed := wire.ErrorOf(err)
			if failed == nil || failed.Tries != len(w.slept)+1 || len(failed.Took) != failed.Tries {
				t.Fatalf("%s, %s: %v after %d waits", op, name, err, len(w.slept))
			}
			// A try takes no time here, or nearly none.
			if spent := w.total(); spent > budget || spent < budget-5*time.Second {
				t.Errorf("%s, %s: gave up after %v, not after %v", op, name, spent, budget)
			}
		}
	}
}

// TestRetry_ReleaseNotes: an error of the server is an answer to a request for notes, and no other one is asked for.
func TestRetry_ReleaseNotes(t *testing.T) {
	t.Parallel()
	for status, tries := range map[int]int{500: 1, 502: 1, 504: 1, 499: 1, 524: 1, 403: 1, 429: 12} {
		w := &fakeClock{}
		_, err := w.client().Do(t.Context(), wire.Call{Op: wire.ReleaseNotes, Method: "POST", URL: serve(t, always(status))})
		if failed := wire.ErrorOf(err); failed == nil || failed.Tries != tries {
			t.Errorf("%v, not after %d tries", err, tries)
		}
	}
}

// TestRetry_Waits: each wait is twice the one before, up to 30 seconds, and the last one is what is left.
func TestRetry_Waits(t *testing.T) {
	t.Parallel()
	w := &fakeClock{}
	_, err := w.client().Do(t.Context(), wire.Call{Op: wire.Listing, Method: "GET", URL: serve(t, always(503))})
	if err == nil || strings.Contains(err.Error(), "in-the-query") || !strings.Contains(err.Error(), "after 8 tries") {
		t.Error(err)
	}
	want := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}
	if len(w.slept) != len(want)+1 {
		t.Fatalf("waits %v", w.slept)
	}
	for i, d := range want {
		if w.slept[i] != d {
			t.Errorf("wait %d was %v, not %v", i+1, w.slept[i], d)
		}
	}
	if last := w.slept[len(want)]; last > 29*time.Second || last < 20*time.Second {
		t.Errorf("the last wait was %v, not what was left of a minute", last)
	}

	long := &fakeClock{}
	_, _ = long.client().Do(t.Context(), wire.Call{Op: wire.Upload, Method: "POST", URL: serve(t, always(503))})
	for i, d := range long.slept {
		if d > 30*time.Second || i > 5 && i < len(long.slept)-1 && d != 30*time.Second {
			t.Errorf("wait %d of an upload was %v", i+1, d)
		}
	}
}

// TestRetry_Jitter: without one that is given, a wait is between half of itself and the whole, and never above the cap.
func TestRetry_Jitter(t *testing.T) {
	t.Parallel()
	var slept []time.Duration
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	client := wire.New(wire.Options{
		UserAgent: "test", Now: func() time.Time { return now },
		Sleep: func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil },
	})
	_, _ = client.Do(t.Context(), wire.Call{Op: wire.Mint, Method: "POST", URL: serve(t, always(503))})
	different := map[time.Duration]bool{}
	for i, d := range slept[:len(slept)-1] {
		whole := min(time.Second<<min(i, 10), 30*time.Second)
		if d < whole/2 || d > whole {
			t.Errorf("wait %d was %v: it should be between %v and %v", i+1, d, whole/2, whole)
		}
		different[d] = true
	}
	if len(slept) < 40 || len(different) < len(slept)/2 {
		t.Errorf("%d waits, %d different ones: %v", len(slept), len(different), slept)
	}
}

// TestRetry_PlainErrors: a 500 is tried for three minutes of an upload at most, wherever in the budget they begin. An outage before or
// after does not count against them.
func TestRetry_PlainErrors(t *testing.T) {
	t.Parallel()
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	type phase struct {
		until  time.Duration
		status int
	}
	for name, c := range map[string]struct {
		op     wire.Op
		phases []phase // the last one does not end
		spent  time.Duration
		status int
	}{
		"500 of an upload without end":        {wire.Upload, []phase{{0, 500}}, minutes(3), 500},
		"500 of an upload after an outage":    {wire.Upload, []phase{{minutes(10), 503}, {0, 500}}, minutes(13), 500},
		"an outage between 500s":              {wire.Upload, []phase{{minutes(2), 500}, {minutes(4), 502}, {0, 500}}, minutes(7), 500},
		"500 shortly before the budget's end": {wire.Upload, []phase{{minutes(19), 503}, {0, 500}}, minutes(20), 500},
		"a race that ends":                    {wire.Upload, []phase{{5 * time.Second, 500}, {0, 200}}, 7 * time.Second, 0},
		"500 of a mint":                       {wire.Mint, []phase{{0, 500}}, minutes(20), 500},
		"500 of an audience":                  {wire.Audience, []phase{{0, 500}}, minutes(20), 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &fakeClock{}
			client := w.client()
			began := w.now
			at := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
				w.mu.Lock()
				passed := w.now.Sub(began)
				w.mu.Unlock()
				for _, p := range c.phases {
					if p.until == 0 || passed < p.until {
						rw.WriteHeader(p.status)
						return
					}
				}
			})
			_, err := client.Do(t.Context(), wire.Call{Op: c.op, Method: "POST", URL: at})
			most := min(c.spent+31*time.Second, minutes(20))
			if spent := w.total(); wire.StatusOf(err) != c.status || spent < c.spent || spent > most {
				t.Errorf("%v after %v, not after %v", err, spent, c.spent)
			}
		})
	}
}

// TestRetry_AfterHonoured: what the server asks for is waited for as long as it is in the budget, however long it is, and never less than
// without it; beyond the budget there is no other try.
func TestRetry_AfterHonoured(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op         wire.Op
		retryAfter string
		wait       time.Duration // 0: none
	}{
		{wire.Upload, "90", 90 * time.Second},
		{wire.Upload, "1200", 20 * time.Minute},
		{wire.Upload, "1201", 0},
		{wire.Mint, "0", time.Second},
		{wire.Listing, "60", time.Minute},
		{wire.Listing, "61", 0},
		{wire.LogEntry, "240", 4 * time.Minute},
	} {
		w := &fakeClock{}
		first := true
		at := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			if first {
				first = false
				rw.Header().Set("Retry-After", c.retryAfter)
				rw.WriteHeader(503)
			}
		})
		_, err := w.client().Do(t.Context(), wire.Call{Op: c.op, Method: "POST", URL: at})
		if (err == nil) != (c.wait > 0) || w.total() != c.wait {
			t.Errorf("%s, Retry-After %s: waited %v, want %v: %v", c.op, c.retryAfter, w.slept, c.wait, err)
		}
		if says := err != nil && strings.Contains(err.Error(), ", and asks to wait for "); says != (c.wait == 0) {
			t.Errorf("%s, Retry-After %s: %v", c.op, c.retryAfter, err)
		}
	}
}

// TestBudget_Shared: calls for the same thing share a budget, and count their tries on.
func TestBudget_Shared(t *testing.T) {
	t.Parallel()
	w := &fakeClock{}
	client, budget := w.client(), &wire.Budget{}
	again := errors.New("another credential, please")
	asked := 0
	call := wire.Call{Op: wire.Certificate, Method: "POST", URL: serve(t, always(503)), Budget: budget}
	call.Auth = func(context.Context) (string, secret.Secret, error) {
		if asked++; asked == 6 {
			return "", secret.Secret{}, again
		}
		return "__token__", secret.NewRedactor(nil).New("a password of a user", call.URL), nil
	}
	if _, err := client.Do(t.Context(), call); !errors.Is(err, again) || w.total() != 31*time.Second {
		t.Fatalf("%v after %v", err, w.slept)
	}
	call.Auth = nil
	_, err := client.Do(t.Context(), call)
	if failed := wire.ErrorOf(err); failed == nil || failed.Tries != len(w.tries) || w.tries[len(w.tries)-1].N != len(w.tries) {
		t.Errorf("%v: the tries are %+v", err, w.tries)
	}
	if spent := w.total(); spent > 5*time.Minute || spent < 5*time.Minute-5*time.Second {
		t.Errorf("both spent %v", spent)
	}
}

// TestUntil: no further try begins after the time, also not of a call within a call, and the first one is always made.
func TestUntil(t *testing.T) {
	t.Parallel()
	w := &fakeClock{}
	client := w.client()
	at := serve(t, always(503))
	ctx := wire.Until(t.Context(), w.now.Add(10*time.Second))
	_, err := client.Do(wire.Until(ctx, w.now.Add(time.Hour)), wire.Call{Op: wire.Mint, Method: "POST", URL: at})
	if wire.StatusOf(err) != 503 || w.total() != 10*time.Second {
		t.Errorf("%v after %v", err, w.slept)
	}
	_, err = client.Do(ctx, wire.Call{Op: wire.Mint, Method: "POST", URL: at})
	if wire.StatusOf(err) != 503 || w.total() != 10*time.Second {
		t.Errorf("when the time was over: %v after %v", err, w.slept)
	}
}

// TestTrace_Waits: each wait is logged with the number of the try that failed and with what is left of the budget.
func TestTrace_Waits(t *testing.T) {
	t.Parallel()
	w := &fakeClock{}
	if _, err := w.client().Do(t.Context(), wire.Call{Op: wire.Upload, Method: "POST", URL: serve(t, answers(503, 502, 500))}); err != nil {
		t.Fatal(err)
	}
	want := []struct{ wait, left time.Duration }{
		{time.Second, 20 * time.Minute},
		{2 * time.Second, 20*time.Minute - time.Second},
		{4 * time.Second, 3 * time.Minute}, // a plain 500
		{0, 0},
	}
	for i, c := range want {
		if got := w.tries[i]; got.N != i+1 || got.Wait != c.wait || got.Left != c.left {
			t.Errorf("try %d: %+v, want %+v", i+1, got, c)
		}
	}
}
