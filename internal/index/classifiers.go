package index

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Classifiers are those that the index takes today. [ErrNoListings] tells that it does not list them.
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
	// A page of a proxy is no list, and a list that was cut would refuse what the index takes.
	const fewest = 500
	if len(all) < fewest || !strings.Contains(all[0], " :: ") {
		return nil, fmt.Errorf("the answer of %s is not a list of classifiers", c.site.Classifiers)
	}
	return all, nil
}
