package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestInto: the body of a success goes to a writer that is made anew for every try, and that of a refusal into the answer.
func TestInto(t *testing.T) {
	t.Parallel()
	n := 0
	at := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		n++
		switch n {
		case 1:
			rw.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(rw, "not this")
		case 2: // breaks off
			rw.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(rw, "half")
		case 3:
			_, _ = io.WriteString(rw, "whole")
		default:
			rw.WriteHeader(http.StatusGone)
			_, _ = io.WriteString(rw, "gone for good")
		}
	})
	w := &fakeClock{}
	client := w.client()
	var made []*bytes.Buffer
	call := wire.Call{Op: wire.AssetDownload, Method: "GET", URL: at, Into: func(http.Header) io.Writer {
		made = append(made, &bytes.Buffer{})
		return made[len(made)-1]
	}}
	answer, err := client.Do(t.Context(), call)
	if err != nil || len(answer.Body) != 0 || len(made) != 2 || made[1].String() != "whole" {
		t.Fatalf("%v, %d writers", err, len(made))
	}
	_, err = client.Do(t.Context(), call)
	var failed *wire.Error
	if !errors.As(err, &failed) || failed.Answer == nil || string(failed.Answer.Body) != "gone for good" || len(made) != 2 {
		t.Errorf("%v, %d writers", err, len(made))
	}
}

// TestInto_Bounded: a refusal is never long, for any limit of its op.
func TestInto_Bounded(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 403} {
		at := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(status)
			_, _ = io.WriteString(rw, strings.Repeat("x", 2<<20))
		})
		// An upload's answer has one MiB at most, a download's 2 GiB.
		for op, bound := range map[wire.Op]int64{wire.Asset: 1 << 20, wire.AssetDownload: 1 << 20} {
			if status == 200 && op == wire.AssetDownload {
				continue
			}
			_, err := (&fakeClock{}).client().Do(t.Context(),
				wire.Call{Op: op, Method: "GET", URL: at, Into: func(http.Header) io.Writer { return io.Discard }})
			var long *wire.TooLong
			if !errors.As(err, &long) || long.Bound != bound {
				t.Errorf("%s %d: %v", op, status, err)
			}
		}
	}
}

// TestRetry_GitHubSecondaryLimits: GitHub asks for patience with a 403, which everybody else means as a refusal.
func TestRetry_GitHubSecondaryLimits(t *testing.T) {
	t.Parallel()
	for op, again := range map[wire.Op]bool{
		wire.GitHub:        true,
		wire.AssetDownload: true,
		wire.Asset:         false,
		wire.Upload:        false,
		wire.Mint:          false,
	} {
		for _, header := range []string{"70", ""} {
			n := 0
			w := &fakeClock{}
			_, err := w.client().Do(t.Context(),
				wire.Call{Op: op, Method: "GET", URL: serve(t, func(rw http.ResponseWriter, _ *http.Request) {
					n++
					if n == 1 {
						rw.Header().Set("Retry-After", header)
						rw.WriteHeader(http.StatusForbidden)
					}
				})})
			if tried := again && header != ""; (err == nil) != tried || (tried && (n != 2 || w.slept[0] != 70*time.Second)) {
				t.Errorf("%s, Retry-After %q: %v after %d tries, waited %v", op, header, err, n, w.slept)
			}
		}
	}
}

// TestRetry_GitHubOps: an asset is sent once by the wire, since what broke off leaves something behind; everything else again.
func TestRetry_GitHubOps(t *testing.T) {
	t.Parallel()
	for _, op := range wire.GitHubOps() {
		for _, code := range worthAnotherTry() {
			w := &fakeClock{}
			_, err := w.client().Do(t.Context(), wire.Call{Op: op, Method: "POST", URL: serve(t, answers(code))})
			if (err == nil) != (op != wire.Asset) {
				t.Errorf("%s after %d: %v", op, code, err)
			}
		}
		for _, code := range []int{301, 302, 307, 400, 401, 403, 404, 410, 422} {
			w := &fakeClock{}
			_, err := w.client().Do(t.Context(), wire.Call{Op: op, Method: "POST", URL: serve(t, answers(code))})
			if err == nil || len(w.tries) != 1 {
				t.Errorf("%s after %d: %v, %d tries", op, code, err, len(w.tries))
			}
		}
	}
}
