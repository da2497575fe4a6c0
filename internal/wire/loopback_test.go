package wire_test

import (
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
