package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

func TestRetry_TransientOnly(t *testing.T) {
	t.Parallel()
	for _, op := range wire.Ops() {
		for _, code := range worthAnotherTry() {
			w := &fakeClock{}
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
			w := &fakeClock{}
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

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"7": 7 * time.Second,
		time.Date(2026, 1, 2, 3, 4, 14, 0, time.UTC).Format(http.TimeFormat): 9 * time.Second,
		time.Date(2025, 1, 2, 3, 4, 14, 0, time.UTC).Format(http.TimeFormat): time.Second, // long ago: the ordinary wait
		"soon": time.Second,
		"-3":   time.Second,
	} {
		w := &fakeClock{}
		first := true
		_, err := w.client().Do(t.Context(),
			wire.Call{Op: wire.Mint, Method: "POST", URL: serve(t, func(rw http.ResponseWriter, _ *http.Request) {
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
	w := &fakeClock{}
	_, err := w.client().Do(t.Context(),
		wire.Call{Op: wire.Audience, Method: "GET", URL: serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", "1201")
			rw.WriteHeader(503)
		})})
	if err == nil || len(w.slept) != 0 {
		t.Errorf("a Retry-After beyond the budget was waited for: %v, %v", w.slept, err)
	}
}

func TestRetry_FreshBodyAndCredentials(t *testing.T) {
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
	redactor := secret.NewRedactor(nil)
	bodies, auths, closed := 0, 0, 0
	w := &fakeClock{}
	_, err := w.client().Do(t.Context(), wire.Call{
		Op: wire.Upload, Method: "POST", URL: at,
		Auth: func(context.Context) (string, secret.Secret, error) {
			auths++
			return "__token__", redactor.New(fmt.Sprint("pass", auths), at), nil
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

func TestCredential_OtherOrigin(t *testing.T) {
	t.Parallel()
	reached := false
	at := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	other, _ := url.Parse("https://index.example/")
	text := secret.NewRedactor(nil).New("pypi-secret", other)
	_, err := (&fakeClock{}).client().Do(t.Context(), wire.Call{
		Op: wire.Upload, Method: "POST", URL: at,
		Auth: func(context.Context) (string, secret.Secret, error) { return "__token__", text, nil },
	})
	if !errors.Is(err, secret.ErrOtherOrigin) || reached {
		t.Errorf("%v, reached %v", err, reached)
	}
}

func TestDo_AnswerBounded(t *testing.T) {
	t.Parallel()
	w := &fakeClock{}
	_, err := w.client().Do(t.Context(),
		wire.Call{Op: wire.Mint, Method: "POST", URL: serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			for range 100 {
				_, _ = rw.Write(make([]byte, 1<<10))
			}
		})})
	var long *wire.TooLong
	if !errors.As(err, &long) || len(w.tries) != 1 {
		t.Errorf("%v, %d tries", err, len(w.tries))
	}
}

func TestRetry_NoAnswer(t *testing.T) {
	t.Parallel()
	cut := func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	w := &fakeClock{}
	_, err := w.client().Do(t.Context(), wire.Call{
		Op: wire.Mint, Method: "POST", URL: serve(t, cut),
		Body: func(context.Context) (io.ReadCloser, int64, error) {
			return io.NopCloser(strings.NewReader("body")), 4, nil
		},
	})
	var failed *wire.Error
	if !errors.As(err, &failed) || failed.Answer != nil || failed.AmbiguousTries != failed.Tries || failed.Tries < 40 {
		t.Errorf("%+v", err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	at, _ := url.Parse(gone.URL)
	gone.Close()
	_, err = (&fakeClock{}).client().Do(t.Context(), wire.Call{Op: wire.Audience, Method: "GET", URL: at})
	if !errors.As(err, &failed) || failed.Tries < 40 || failed.AmbiguousTries != 0 || !strings.Contains(err.Error(), "connection refused") {
		t.Error(err)
	}
	if testing.Short() {
		return // what follows waits for the shortest time that a try may take
	}
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, err = (&fakeClock{}).client().Do(t.Context(), wire.Call{Op: wire.Probe, Method: "POST", URL: slow})
	if err == nil || !strings.Contains(err.Error(), "no complete answer within 4s") {
		t.Error(err)
	}
}

func TestDo_Cancelled(t *testing.T) {
	t.Parallel()
	cause := errors.New("cancelled by SIGTERM")
	ctx, cancel := context.WithCancelCause(t.Context())
	at := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel(cause)
		<-r.Context().Done()
	})
	w := &fakeClock{}
	_, err := w.client().Do(ctx, wire.Call{Op: wire.Upload, Method: "POST", URL: at})
	if !errors.Is(err, cause) || len(w.tries) != 1 || len(w.slept) != 0 {
		t.Errorf("%v, %v", err, w.tries)
	}
}

func TestGate_CallbackPanic(t *testing.T) {
	t.Parallel()
	client := (&fakeClock{}).client()
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
