package index

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// mostDownloaded is how many bytes of files a client downloads at most, to learn digests that no page tells.
const mostDownloaded = 200_000_000

// errNotDownloaded is wrapped by the errors of files that are not downloaded.
var errNotDownloaded = errors.New("the file is not downloaded")

// FileDigest returns the length of a file of the index, and its SHA-256 in lower-case hex if it is of this size, by downloading it. Nothing
// is stored. The file must be on the origin of the simple index; redirects are not followed; a client downloads 200 MB at most.
func (c *Client) FileDigest(ctx context.Context, listed pep.IndexFile, size int64) (digest string, length int64, err error) {
	at, err := c.fileURL(listed)
	if err != nil {
		return "", 0, err
	}
	answer, err := c.wire.Do(ctx, c.downloadCall(http.MethodHead, at, nil))
	if err != nil {
		return "", 0, err
	}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		return "", 0, fmt.Errorf("%w: the index answers with a page", errNotDownloaded)
	}
	length, err = strconv.ParseInt(answer.Header.Get("Content-Length"), 10, 64)
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("%w: the index does not say how long it is", errNotDownloaded)
	case length != size:
		return "", length, nil
	case c.downloaded.Add(size) > mostDownloaded:
		c.downloaded.Add(-size)
		return "", 0, fmt.Errorf("%w: that would be more than %d MB in this run", errNotDownloaded, mostDownloaded/1_000_000)
	}
	var sum *limitedHash
	if _, err := c.wire.Do(ctx, c.downloadCall(http.MethodGet, at, func(http.Header) io.Writer {
		sum = &limitedHash{sum: sha256.New(), left: size}
		return sum
	})); err != nil {
		return "", 0, err
	}
	if sum.left != 0 {
		return "", 0, fmt.Errorf("%w: it ended early", errNotDownloaded)
	}
	return hex.EncodeToString(sum.sum.Sum(nil)), length, nil
}

// fileURL returns the address of a file, if it is one that is requested.
func (c *Client) fileURL(listed pep.IndexFile) (*url.URL, error) {
	simple := c.Site().Simple
	if simple == nil || listed.URL == "" {
		return nil, ErrNoListings
	}
	at, err := url.Parse(listed.URL)
	if err != nil || at.User != nil || secret.Origin(at) != secret.Origin(simple) || !wire.Private(at) {
		return nil, fmt.Errorf("%w: it is not on the index: %s", errNotDownloaded, wire.PlainURL(listed.URL))
	}
	return at, nil
}

// downloadCall returns a request for a file, as it is: not compressed for the transfer.
func (c *Client) downloadCall(method string, at *url.URL, into func(http.Header) io.Writer) wire.Call {
	call := c.listingCall(method, at, "application/octet-stream, */*")
	call.Op, call.Into = wire.Download, into
	call.Header.Set("Accept-Encoding", "identity")
	return call
}

// limitedHash hashes what is written to it, up to so many bytes.
type limitedHash struct {
	sum  hash.Hash
	left int64
}

func (h *limitedHash) Write(p []byte) (int, error) {
	if int64(len(p)) > h.left {
		return 0, fmt.Errorf("%w: it is longer than the index said", errNotDownloaded)
	}
	h.left -= int64(len(p))
	return h.sum.Write(p)
}
