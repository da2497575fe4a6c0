package index

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Classifiers returns the classifiers that the index accepts today. It returns [ErrNoListings] if the index does not list them.
func (c *Client) Classifiers(ctx context.Context) ([]string, error) {
	if c.site.Classifiers == nil {
		return nil, ErrNoListings
	}
	answer, err := c.wire.Do(ctx, wire.Call{
		Op: wire.Listing, Method: http.MethodGet, URL: c.site.Classifiers, Header: http.Header{"Accept": {"text/plain"}},
	})
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(string(answer.Body)) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	// The page of a proxy is not a list, and an incomplete list would reject valid classifiers.
	const fewest = 500
	if len(all) < fewest || !strings.Contains(all[0], " :: ") {
		return nil, fmt.Errorf("the answer of %s is not a list of classifiers", c.site.Classifiers)
	}
	return all, nil
}
