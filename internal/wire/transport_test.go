package wire_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

func TestTransport_NoRedirects(t *testing.T) {
	t.Parallel()
	reached := false
	other := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	at := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, other.String(), http.StatusPermanentRedirect)
	})
	_, err := (&fakeClock{}).client().Do(t.Context(), wire.Call{Op: wire.Upload, Method: "POST", URL: at})
	if err == nil || reached || !strings.Contains(err.Error(), "redirect to http://"+other.Host+"/legacy/") {
		t.Errorf("%v, reached %v", err, reached)
	}
}

func TestTransport_Proxy(t *testing.T) {
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
	_, err = client.Do(t.Context(), wire.Call{Op: wire.Listing, Method: "GET", URL: index})
	if err == nil || strings.Contains(err.Error(), "secret-of-the-proxy") {
		t.Errorf("%v", err)
	}
}
