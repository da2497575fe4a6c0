package index

import (
	"net/url"
	"sync/atomic"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Client sends requests to one index. It is safe for concurrent use.
type Client struct {
	site       Site
	wire       *wire.Client
	gate       *wire.Gate
	login      Credentials
	throughput *throughput
	downloaded atomic.Int64         // bytes of files, to learn their digests
	found      atomic.Pointer[Site] // the site with the simple index that was found, or without; nil: nothing was found out
}

// New returns a client for the site. gate limits concurrent uploads. login, which may be nil, authenticates queries on the origin
// of the upload URL.
func New(site Site, client *wire.Client, gate *wire.Gate, login Credentials) *Client {
	return &Client{site: site, wire: client, gate: gate, login: login, throughput: &throughput{}}
}

// Site returns the index of the client. Of several places where the simple index may be, it has only the right one as soon as a query has
// found it, and none if no query can.
func (c *Client) Site() Site {
	if found := c.found.Load(); found != nil {
		return *found
	}
	return c.site
}

// UploadsAtOnce returns how many uploads the client sends at once at most.
func (c *Client) UploadsAtOnce() int { return c.gate.Most() }

// settle remembers which of the candidates is the simple index; nil for none. What was found first stays.
func (c *Client) settle(simple *url.URL) {
	if !c.site.Derived {
		return
	}
	site := c.site
	site.Simple, site.others, site.certain = simple, nil, true
	site.OwnPages = simple != nil
	site.Cached = !site.OwnPages || !wire.Loopback(simple.Hostname())
	if before := c.found.Load(); before != nil && before.Simple != nil {
		return
	}
	c.found.Store(&site)
}
