package index

import (
	"context"
	"net/http"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Stored reports whether the file host of the index has this file with this content, even if the index does not list it: the host
// keeps deleted files (docs/reference/pypi-server.md §7.5).
//
// Do not call it right before an upload, because the host may cache for a while that the file does not exist.
func (c *Client) Stored(ctx context.Context, d *distfile.Distribution) (bool, error) {
	if c.site.Simple == nil || c.site.Files == nil {
		return false, ErrNoListings
	}
	digest, err := d.BLAKE2b256()
	if err != nil {
		return false, err
	}
	_, err = c.wire.Do(ctx, wire.Call{
		Op: wire.Listing, Method: http.MethodHead, URL: c.site.Files.JoinPath(digest[:2], digest[2:4], digest[4:], d.Name),
	})
	if status := wire.StatusOf(err); status == http.StatusNotFound || status == http.StatusForbidden {
		return false, nil
	}
	return err == nil, err
}
