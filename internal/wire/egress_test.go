package wire_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// behindProxy returns what comes of a request to an index through a proxy that HTTPS_PROXY names.
func behindProxy(t *testing.T, proxy string) error {
	t.Helper()
	through, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	client := wire.New(wire.Options{
		UserAgent: "test", Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil }, LoadRoots: func() {},
		Proxy:         func(*http.Request) (*url.URL, error) { return through, nil },
		ProxyVariable: "HTTPS_PROXY",
	})
	_, err = client.Do(t.Context(), wire.Call{
		Op: wire.Burn, Method: http.MethodGet, URL: &url.URL{Scheme: "https", Host: "upload.index.example", Path: "/legacy/"},
	})
	return err
}

// TestAdvice_ProxyRefusal: a refusal to connect is reported as the proxy's, by the variable that names it, and is not tried again unless it
// is about this moment.
func TestAdvice_ProxyRefusal(t *testing.T) {
	t.Parallel()
	const proxy = "the proxy of `HTTPS_PROXY`"
	refused := "let the proxy of `HTTPS_PROXY` connect to upload.index.example, or go past the proxy with the host in `NO_PROXY`"
	for status, advice := range map[int]string{
		http.StatusForbidden: refused, http.StatusNotFound: refused, http.StatusMethodNotAllowed: refused, http.StatusFound: refused,
		http.StatusProxyAuthRequired: "check the user name and the password of the proxy in `HTTPS_PROXY`: " +
			"the proxy does not let this job through without them",
		http.StatusTooManyRequests: "", http.StatusBadGateway: "", http.StatusServiceUnavailable: "",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			t.Cleanup(server.Close)
			err := behindProxy(t, server.URL)
			if err == nil || !strings.Contains(err.Error(), proxy+": it did not connect: "+fmt.Sprint(status)+" "+http.StatusText(status)) {
				t.Errorf("%v", err)
			}
			if failed := wire.ErrorOf(err); failed != nil && (failed.Tries == 1) != (advice != "") {
				t.Errorf("%d tries", failed.Tries)
			}
			if got := wire.Advice(err); got != advice {
				t.Errorf("the advice is %q, want %q", got, advice)
			}
		})
	}
}

// TestAdvice_ProxyAway: where there is no connection to the proxy, the index is not what the user must look at.
func TestAdvice_ProxyAway(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"http", "https", "socks5"} {
		err := behindProxy(t, scheme+"://"+closed.Addr().String())
		if err == nil || !strings.Contains(err.Error(), "the proxy of `HTTPS_PROXY`: dial tcp 127.0.0.1:") {
			t.Errorf("%s: %v", scheme, err)
		}
		if got := wire.Advice(err); !strings.HasPrefix(got, "check the address of the proxy in `HTTPS_PROXY`") {
			t.Errorf("%s: the advice is %q", scheme, got)
		}
	}
}

// TestAdvice_ProxyStatusLine: what a proxy says with its refusal is cut.
func TestAdvice_ProxyStatusLine(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 403 %s\r\nContent-Length: 0\r\n\r\n", strings.Repeat("no ", 3000))
			conn.Close()
		}
	}()
	if err := behindProxy(t, "http://"+listener.Addr().String()); err == nil || len(err.Error()) > 2500 {
		t.Errorf("%.100v, %d bytes", err, len(fmt.Sprint(err)))
	}
}
