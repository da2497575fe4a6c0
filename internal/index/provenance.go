package index

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// ErrNoProvenance means that the index serves no provenance for a file.
var ErrNoProvenance = errors.New("the index serves no provenance for this file")

// ForeignProvenance is the error of a file whose provenance the index has at another origin, where nothing is requested.
type ForeignProvenance struct{ File, URL string }

func (e *ForeignProvenance) Error() string {
	return fmt.Sprintf("the page of the index gives a provenance URL for %s that is not on the index: %s", e.File, e.URL)
}

// Provenance returns the provenance object of a file (PEP 740), unverified. Its URL is part of the listing and must be on the
// origin of the simple index; else the error is a [*ForeignProvenance]. It returns [ErrNoProvenance] if there is none.
func (c *Client) Provenance(ctx context.Context, listed pep.IndexFile) ([]byte, error) {
	simple := c.Site().Simple
	if simple == nil || listed.Provenance == "" {
		return nil, ErrNoProvenance
	}
	at, err := simple.Parse(listed.Provenance)
	if err != nil || secret.Origin(at) != secret.Origin(simple) {
		return nil, &ForeignProvenance{File: listed.Name, URL: wire.PlainURL(listed.Provenance)}
	}
	answer, err := c.wire.Do(ctx, wire.Call{
		Op: wire.Provenance, Method: http.MethodGet, URL: at,
		Header: http.Header{"Accept": {"application/vnd.pypi.integrity.v1+json"}},
	})
	switch {
	case wire.StatusOf(err) == http.StatusNotFound:
		return nil, ErrNoProvenance
	case err != nil:
		return nil, wire.WithServerMessage(err)
	}
	return answer.Body, nil
}
