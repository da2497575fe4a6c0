//go:build refresh

package attest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestRefreshCopies writes the copies of the public instance's files anew, each verified from the root that is there now (go generate).
func TestRefreshCopies(t *testing.T) {
	client := wire.New(wire.Options{
		UserAgent: "pypi-oidc-publish/refresh", Now: time.Now, LoadRoots: func() {},
		Sleep: func(ctx context.Context, d time.Duration) error {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(d):
				return nil
			}
		},
	})
	files, err := newestCopies(t.Context(), client, publicTUF, embeddedRoot)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join("sigstore", name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
