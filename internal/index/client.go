package index

import "github.com/org/pypi-oidc-publish/internal/wire"

// Client talks to one index. It is safe for use by several goroutines.
type Client struct {
	site       Site
	wire       *wire.Client
	gate       *wire.Gate
	login      Credentials
	throughput *throughput
}

// New returns a client of the site. gate bounds the uploads; login, which may be nil, is for look-ups on the upload URL's
// own origin.
func New(site Site, client *wire.Client, gate *wire.Gate, login Credentials) *Client {
	return &Client{site: site, wire: client, gate: gate, login: login, throughput: &throughput{}}
}

// Site is what the client talks to.
func (c *Client) Site() Site { return c.site }
