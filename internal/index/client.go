package index

import "github.com/org/pypi-oidc-publish/internal/wire"

// Client sends requests to one index. It is safe for concurrent use.
type Client struct {
	site       Site
	wire       *wire.Client
	gate       *wire.Gate
	login      Credentials
	throughput *throughput
}

// New returns a client for the site. gate limits concurrent uploads. login, which may be nil, authenticates queries on the origin
// of the upload URL.
func New(site Site, client *wire.Client, gate *wire.Gate, login Credentials) *Client {
	return &Client{site: site, wire: client, gate: gate, login: login, throughput: &throughput{}}
}

// Site returns the index of the client.
func (c *Client) Site() Site { return c.site }
