package index

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// mostClassifiers is how many bytes of a list of classifiers are read; PyPI's has 40,000.
const mostClassifiers = 1 << 20

// beginning keeps the first mostClassifiers bytes of what is written to it.
type beginning []byte

// Write keeps p, or the part of it for which there is room. It never fails.
func (b *beginning) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), mostClassifiers-len(*b))]...)
	return len(p), nil
}

// Classifiers returns the classifiers that the index accepts today. It returns [ErrNoListings] if the index does not list them.
func (c *Client) Classifiers(ctx context.Context) ([]string, error) {
	if c.site.Classifiers == nil {
		return nil, ErrNoListings
	}
	var list beginning
	_, err := c.wire.Do(ctx, wire.Call{
		Op: wire.Listing, Method: http.MethodGet, URL: c.site.Classifiers, Header: http.Header{"Accept": {"text/plain"}},
		Into: func(http.Header) io.Writer { list = nil; return &list },
	})
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(string(list)) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	// The page of a proxy is not a list, and an incomplete list would reject valid classifiers.
	const fewest = 500
	if len(all) < fewest || len(list) == mostClassifiers || !strings.Contains(all[0], " :: ") {
		return nil, fmt.Errorf("the answer of %s is not a list of classifiers", c.site.Classifiers)
	}
	return all, nil
}
