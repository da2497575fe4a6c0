package wire_test

import (
	"net/url"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

func TestLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.255.0.1": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "localhost.example": false, "127.0.0.1.example": false,
	} {
		if got := wire.Loopback(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://index.example/":    true,
		"https://127.0.0.1/":        true,
		"http://127.0.0.1:8080/":    true,
		"http://localhost/":         true,
		"http://[::1]/":             true,
		"http://index.example/":     false,
		"http://127.0.0.1.example/": false,
		"ftp://127.0.0.1/":          false,
		"//127.0.0.1/":              false,
		"":                          false,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := wire.Private(u); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
