package wire_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestAdvice_EgressFilter: for a proxy that allows only some hosts, the message names the host that it must allow.
func TestAdvice_EgressFilter(t *testing.T) {
	t.Parallel()
	for status, advised := range map[int]bool{
		http.StatusForbidden:         true,
		http.StatusProxyAuthRequired: true,
		http.StatusBadGateway:        false,
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(proxy.Close)
		through, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		client := wire.New(wire.Options{
			UserAgent: "test", Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil }, LoadRoots: func() {},
			Proxy: func(*http.Request) (*url.URL, error) { return through, nil },
		})
		at, err := url.Parse("https://upload.index.example/legacy/")
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Do(t.Context(), wire.Call{Op: wire.Audience, Method: http.MethodGet, URL: at})
		if err == nil || !strings.Contains(err.Error(), "the proxy did not connect: ") {
			t.Errorf("%d: %v", status, err)
		}
		if failed := wire.ErrorOf(err); failed != nil && (failed.Tries == 1) != advised {
			t.Errorf("%d: %d tries", status, failed.Tries)
		}
		advice := wire.Advice(err)
		if strings.HasSuffix(advice, "let it reach upload.index.example") != advised || advised != (advice != "") {
			t.Errorf("%d: the advice is %q", status, advice)
		}
	}
}
