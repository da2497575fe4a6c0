package index

import (
	"context"
	"encoding/hex"
	"net/http"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Stored tells whether the index's file host has these bytes under this name, whatever the index's page says: it keeps the
// bytes of files that were deleted (docs/reference/pypi-server.md §7.5).
//
// It is not to be asked right before an upload: a host may remember for a while that it had no such file.
func (c *Client) Stored(ctx context.Context, d *distfile.Distribution) (bool, error) {
	if c.site.Simple == nil || c.site.Files == nil {
		return false, ErrNoListings
	}
	digest := hex.EncodeToString(d.Digests.BLAKE2b[:])
	_, err := c.wire.Do(ctx, wire.Call{
		Op: wire.Listing, Method: http.MethodHead, URL: c.site.Files.JoinPath(digest[:2], digest[2:4], digest[4:], d.Name),
	})
	if status := wire.StatusOf(err); status == http.StatusNotFound || status == http.StatusForbidden {
		return false, nil
	}
	return err == nil, err
}
