package fakepypi_test

import (
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/web"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

func TestWeb_WriteJSON(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		body   any
		status int
		kind   string
		text   string
	}{
		"an object":      {map[string]int{"a": 1}, http.StatusAccepted, "application/json", `{"a":1}`},
		"no JSON of it":  {math.Inf(1), http.StatusInternalServerError, "text/plain; charset=utf-8", "json: unsupported value: +Inf\n"},
		"nothing at all": {nil, http.StatusAccepted, "application/json", "null"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			web.WriteJSON(w, http.StatusAccepted, c.body)
			expect.Equal(t, "the status", w.Code, c.status)
			expect.Equal(t, "the type", w.Header().Get("Content-Type"), c.kind)
			expect.Equal(t, "the body", w.Body.String(), c.text)
		})
	}
}

func TestWeb_IssuerClient(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<20+1))
			return
		}
		_, _ = io.WriteString(w, r.UserAgent())
		if !r.Close {
			t.Error("the connection is kept open")
		}
	}))
	t.Cleanup(server.Close)
	read := func(path string) (string, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := web.IssuerClient("an-index", "").Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		return string(text), err
	}
	if agent, err := read("/"); err != nil || agent != "an-index" {
		t.Errorf("%q, %v", agent, err)
	}
	var long *http.MaxBytesError
	if text, err := read("/long"); !errors.As(err, &long) {
		t.Errorf("%d bytes were read, %v", len(text), err)
	}
}
