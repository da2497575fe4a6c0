package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// world is a client with a clock that moves only when it sleeps.
type world struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
	tries []wire.Try
}

func (w *world) client() *wire.Client {
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

func TestEveryOpTriesTransientAnswersAgainAndFinalOnesNever(t *testing.T) {
	t.Parallel()
	for _, op := range wire.Ops() {
		for _, code := range worthAnotherTry() {
			w := &world{}
			answer, err := w.client().Do(t.Context(), wire.Call{Op: op, Method: "POST", URL: serve(t, answers(code))})
			if op == wire.Probe {
				if err == nil {
					t.Errorf("%s: a probe was tried again after %d", op, code)
				}
				continue
			}
			if err != nil || string(answer.Body) != "fine" || len(w.tries) != 2 || len(w.slept) != 1 {
				t.Errorf("%s after %d: %v, tries %v", op, code, err, w.tries)
			}
		}
		for _, code := range []int{301, 400, 401, 403, 404, 405, 409, 410, 413, 422, 451, 498, 501, 505, 519, 531, 599} {
			w := &world{}
			_, err := w.client().Do(t.Context(), wire.Call{Op: op, Method: "POST", URL: serve(t, answers(code))})
			if op == wire.LogLookup && code == http.StatusNotFound {
				if err != nil {
					t.Errorf("an entry that is not there yet was not asked for again: %v", err)
				}
				continue
			}
			var failed *wire.Error
			if !errors.As(err, &failed) || failed.Answer == nil || failed.Answer.Status != code || failed.Tries != 1 {
				t.Errorf("%s after %d: %v", op, code, err)
			}
		}
	}
}

// TestWhatMayHaveHadItsEffect: of an upload every 5xx and a 499, of a mint those after which the server behind a gateway was reached, and may
// have done its work.
func TestWhatMayHaveHadItsEffect(t *testing.T) {
	t.Parallel()
	cases := []struct {
		status       int
		reason       string
		upload, mint bool
	}{
		{400, "", false, false},
		{408, "", false, false},
		{409, "", false, false},
		{425, "", false, false},
		{429, "", false, false},
		{499, "", true, true},
		{500, "", true, true},
		{501, "", true, true},
		{502, "", true, true},
		{504, "", true, true},
		{505, "", true, true},
		{520, "", true, true},
		{524, "", true, true},
		{527, "", true, true},
		{528, "", true, true},
		{529, "", true, true},
		{599, "", true, true},
		{503, "Service Unavailable", true, false},
		{503, "", true, false},
		{521, "", true, false},
		{522, "", true, false},
		{523, "", true, false},
		{525, "", true, false},
		{526, "", true, false},
		{530, "", true, false},
		// What a CDN says where the server behind it was asked and did not answer in time.
		{503, "first byte timeout", true, true},
		{503, "Backend fetch failed", true, true},
		{503, "between bytes timeout", true, true},
		{503, "backend read error", true, true},
		{503, "Backend unavailable, connection timeout", true, false},
		{522, "first byte timeout", true, false},
	}
	for _, c := range cases {
		for op, want := range map[wire.Op]bool{wire.Upload: c.upload, wire.Mint: c.mint, wire.LogEntry: c.upload} {
			answers := 0
			s := serveRaw(t, nil, func(int, *http.Request) ([]byte, bool) {
				answers++
				return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n", c.status, c.reason), false
			})
			_, err := (&world{}).client().Do(t.Context(), wire.Call{Op: op, Method: "POST", URL: s.url("http", "127.0.0.1")})
			var failed *wire.Error
			if !errors.As(err, &failed) || failed.Answer == nil {
				t.Fatalf("%s, %d: %v", op, c.status, err)
			}
			n := 0
			if want {
				n = failed.Tries
			}
			if failed.AmbiguousTries != n {
				t.Errorf("%s, %d %s: %d of %d tries may have had their effect, want %d", op, c.status, c.reason, failed.AmbiguousTries, failed.Tries, n)
			}
			if again := slices.Contains(worthAnotherTry(), c.status); again != (failed.Tries > 1) {
				t.Errorf("%s, %d: %d tries", op, c.status, failed.Tries)
			}
		}
	}
}

// TestStatuses are those that say nothing of what was asked for, and those after which it may have been done.
func TestStatuses(t *testing.T) {
	t.Parallel()
	for status := range 700 {
		ambiguous := status == 499 || status >= 500
		temporary := ambiguous || status == 408 || status == 425 || status == 429
		answer := &wire.Answer{Status: status}
		if answer.Ambiguous() != ambiguous || answer.Temporary() != temporary {
			t.Errorf("%d: ambiguous %v, temporary %v", status, answer.Ambiguous(), answer.Temporary())
		}
	}
	var none *wire.Answer
	if none.Ambiguous() || none.Temporary() {
		t.Errorf("no answer: ambiguous %v, temporary %v", none.Ambiguous(), none.Temporary())
	}
}

func TestTriesEnd(t *testing.T) {
	t.Parallel()
	w := &world{}
	_, err := w.client().Do(t.Context(), wire.Call{Op: wire.Mint, Method: "POST", URL: serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })})
	var failed *wire.Error
	if !errors.As(err, &failed) || failed.Tries != 4 || failed.Answer.Status != 503 {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(w.slept), "[1s 2s 4s]"; got != want {
		t.Errorf("slept %s, want %s", got, want)
	}
	if strings.Contains(err.Error(), "in-the-query") || !strings.Contains(err.Error(), "after 4 tries") {
		t.Error(err)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"7": 7 * time.Second,
		time.Date(2026, 1, 2, 3, 4, 14, 0, time.UTC).Format(http.TimeFormat): 9 * time.Second,
		time.Date(2025, 1, 2, 3, 4, 14, 0, time.UTC).Format(http.TimeFormat): time.Second, // long ago: the ordinary wait
		"soon": time.Second,
		"-3":   time.Second,
	} {
		w := &world{}
		first := true
		_, err := w.client().Do(t.Context(), wire.Call{Op: wire.Mint, Method: "POST", URL: serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			if first {
				first = false
				rw.Header().Set("Retry-After", value)
				rw.WriteHeader(429)
			}
		})})
		if err != nil || len(w.slept) != 1 || w.slept[0] != want {
			t.Errorf("Retry-After %q: slept %v, %v", value, w.slept, err)
		}
	}
	w := &world{}
	_, err := w.client().Do(t.Context(), wire.Call{Op: wire.Audience, Method: "GET", URL: serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Retry-After", "99999")
		rw.WriteHeader(503)
	})})
	if err == nil || len(w.slept) != 0 {
		t.Errorf("a Retry-After beyond the budget was waited for: %v, %v", w.slept, err)
	}
}

func TestBodyAndCredentialsAreMadeAnewForEveryTry(t *testing.T) {
	t.Parallel()
	var seen []string
	at := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, pass, _ := r.BasicAuth()
		seen = append(seen, fmt.Sprintf("%s/%s/%d", body, pass, r.ContentLength))
		if len(seen) < 3 {
			rw.WriteHeader(500)
		}
	})
	vault := secret.NewVault(nil)
	bodies, auths, closed := 0, 0, 0
	w := &world{}
	_, err := w.client().Do(t.Context(), wire.Call{
		Op: wire.Upload, Method: "POST", URL: at,
		Auth: func(context.Context) (string, secret.Text, error) {
			auths++
			return "__token__", vault.Seal(fmt.Sprint("pass", auths), at), nil
		},
		Body: func(context.Context) (io.ReadCloser, int64, error) {
			bodies++
			return closer{strings.NewReader(fmt.Sprint("body", bodies)), &closed}, 5, nil
		},
	})
	if got := strings.Join(seen, " "); err != nil || got != "body1/pass1/5 body2/pass2/5 body3/pass3/5" || closed != 3 {
		t.Errorf("%v: %s, closed %d", err, got, closed)
	}
}

type closer struct {
	io.Reader
	n *int
}

func (c closer) Close() error { *c.n++; return nil }

func TestACredentialIsNotShownToAnotherOrigin(t *testing.T) {
	t.Parallel()
	reached := false
	at := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	other, _ := url.Parse("https://index.example/")
	text := secret.NewVault(nil).Seal("pypi-secret", other)
	_, err := (&world{}).client().Do(t.Context(), wire.Call{
		Op: wire.Upload, Method: "POST", URL: at,
		Auth: func(context.Context) (string, secret.Text, error) { return "__token__", text, nil },
	})
	if !errors.Is(err, secret.ErrOtherOrigin) || reached {
		t.Errorf("%v, reached %v", err, reached)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	reached := false
	other := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	at := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, other.String(), http.StatusPermanentRedirect)
	})
	_, err := (&world{}).client().Do(t.Context(), wire.Call{Op: wire.Upload, Method: "POST", URL: at})
	if err == nil || reached || !strings.Contains(err.Error(), "redirect to http://"+other.Host+"/legacy/") {
		t.Errorf("%v, reached %v", err, reached)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	w := &world{}
	_, err := w.client().Do(t.Context(), wire.Call{Op: wire.Mint, Method: "POST", URL: serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		for range 100 {
			_, _ = rw.Write(make([]byte, 1<<10))
		}
	})})
	var long *wire.TooLong
	if !errors.As(err, &long) || len(w.tries) != 1 {
		t.Errorf("%v, %d tries", err, len(w.tries))
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	cut := func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	w := &world{}
	_, err := w.client().Do(t.Context(), wire.Call{
		Op: wire.Mint, Method: "POST", URL: serve(t, cut),
		Body: func(context.Context) (io.ReadCloser, int64, error) {
			return io.NopCloser(strings.NewReader("body")), 4, nil
		},
	})
	var failed *wire.Error
	if !errors.As(err, &failed) || failed.Answer != nil || failed.AmbiguousTries != 4 || failed.Tries != 4 {
		t.Errorf("%+v", err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	at, _ := url.Parse(gone.URL)
	gone.Close()
	_, err = (&world{}).client().Do(t.Context(), wire.Call{Op: wire.Audience, Method: "GET", URL: at})
	if !errors.As(err, &failed) || failed.Tries != 4 || failed.AmbiguousTries != 0 || !strings.Contains(err.Error(), "connection refused") {
		t.Error(err)
	}
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, err = (&world{}).client().Do(t.Context(), wire.Call{Op: wire.Probe, Method: "POST", URL: slow})
	if err == nil || !strings.Contains(err.Error(), "no whole answer within 4s") {
		t.Error(err)
	}
}

func TestACancelledCallEndsAtOnceWithItsCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("cancelled by SIGTERM")
	ctx, cancel := context.WithCancelCause(t.Context())
	at := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel(cause)
		<-r.Context().Done()
	})
	w := &world{}
	_, err := w.client().Do(ctx, wire.Call{Op: wire.Upload, Method: "POST", URL: at})
	if !errors.Is(err, cause) || len(w.tries) != 1 || len(w.slept) != 0 {
		t.Errorf("%v, %v", err, w.tries)
	}
}

func TestADefectOfWhoIsToldLeavesTheGateOpen(t *testing.T) {
	t.Parallel()
	client := (&world{}).client()
	call := wire.Call{Op: wire.Upload, Method: "POST", URL: serve(t, answers(400)), Gate: wire.NewGate(1)}
	call.Ended = func(*wire.Answer) { panic("a defect") }
	var defect *par.Panic
	if err := par.Catch(func() error { _, err := client.Do(t.Context(), call); return err }); !errors.As(err, &defect) {
		t.Fatalf("%v", err)
	}
	call.Ended = nil
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if _, err := client.Do(ctx, call); err != nil {
		t.Errorf("the next one stands before the gate: %v", err)
	}
}

func TestHTTPGivesLibrariesTheSameLoop(t *testing.T) {
	t.Parallel()
	w := &world{}
	at := serve(t, func() http.HandlerFunc {
		first := true
		return func(rw http.ResponseWriter, r *http.Request) {
			if r.UserAgent() != "pypi-oidc-publish/test" || r.Header.Get("Authorization") != "Bearer x" {
				rw.WriteHeader(418)
				return
			}
			if first {
				first = false
				rw.WriteHeader(503)
				return
			}
			rw.WriteHeader(404)
			fmt.Fprint(rw, "not here")
		}
	}())
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, at.String(), nil)
	request.Header.Set("Authorization", "Bearer x")
	response, err := w.client().HTTP(wire.IDToken).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 404 || string(body) != "not here" || len(w.tries) != 2 {
		t.Errorf("%d %q %v, %d tries", response.StatusCode, body, err, len(w.tries))
	}
}

func TestRequestsGoThroughTheProxy(t *testing.T) {
	t.Parallel()
	asked := ""
	proxy := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		asked = r.URL.Host + " " + r.Header.Get("Proxy-Authorization")
		fmt.Fprint(rw, "through")
	})
	proxy.User = url.UserPassword("me", "secret-of-the-proxy")
	client := wire.New(wire.Options{
		UserAgent: "pypi-oidc-publish/test", Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil },
		Proxy: func(*http.Request) (*url.URL, error) { return proxy, nil },
	})
	index, _ := url.Parse("http://index.example/simple/")
	answer, err := client.Do(t.Context(), wire.Call{Op: wire.Listing, Method: "GET", URL: index})
	if err != nil || string(answer.Body) != "through" || asked != "index.example Basic bWU6c2VjcmV0LW9mLXRoZS1wcm94eQ==" {
		t.Errorf("%v, asked %q", err, asked)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	proxy, _ = url.Parse(gone.URL)
	proxy.User = url.UserPassword("me", "secret-of-the-proxy")
	gone.Close()
	if _, err = client.Do(t.Context(), wire.Call{Op: wire.Listing, Method: "GET", URL: index}); err == nil || strings.Contains(err.Error(), "secret-of-the-proxy") {
		t.Errorf("%v", err)
	}
}
