package index

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// errNoMetadata is wrapped by the errors of files whose metadata is not requested, or is not what the page says.
var errNoMetadata = errors.New("the core metadata is unknown")

// CoreMetadata returns the core metadata of a wheel, which the index serves beside it (PEP 658), and whose digest the page gives. It asks
// once, without credentials, and only at the origin of the simple index or of the index's own file host; redirects are not followed.
func (c *Client) CoreMetadata(ctx context.Context, listed pep.IndexFile) ([]byte, error) {
	at, err := c.metadataURL(listed)
	if err != nil {
		return nil, err
	}
	answer, err := c.wire.Do(ctx, wire.Call{
		Op: wire.CoreMetadata, Method: http.MethodGet, URL: at, Header: http.Header{"Accept": {"*/*"}},
	})
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(answer.Body); hex.EncodeToString(sum[:]) != listed.Metadata {
		return nil, fmt.Errorf("%w: %s has another digest than the page says", errNoMetadata, wire.PlainURL(at.String()))
	}
	return answer.Body, nil
}

// metadataURL returns the address of a wheel's core metadata, if it is one that is requested. One with a query may have a credential.
func (c *Client) metadataURL(listed pep.IndexFile) (*url.URL, error) {
	site := c.Site()
	at, err := url.Parse(listed.URL)
	if site.Simple == nil || listed.Metadata == "" || listed.URL == "" || err != nil || at.User != nil || at.RawQuery != "" ||
		!wire.Private(at) {
		return nil, errNoMetadata
	}
	own := secret.Origin(at) == secret.Origin(site.Simple) || site.Files != nil && secret.Origin(at) == secret.Origin(site.Files)
	if !own {
		return nil, fmt.Errorf("%w: it is not on the index: %s", errNoMetadata, wire.PlainURL(listed.URL))
	}
	beside := *at
	beside.Path, beside.RawPath = at.Path+".metadata", ""
	if at.RawPath != "" {
		beside.RawPath = at.RawPath + ".metadata"
	}
	return &beside, nil
}
