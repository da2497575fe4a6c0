package wire

import (
	"net/netip"
	"net/url"
)

// PlainURL returns a URL as people may see it: without user, password, query and fragment, and not too long.
func PlainURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || len(text) > longestURL {
		return "an unreadable URL"
	}
	u.User, u.RawQuery, u.Fragment, u.ForceQuery = nil, "", "", false
	return u.String()
}

// longestURL bounds a URL that a server names, in bytes.
const longestURL = 500

// Join returns base with the given path in place of its own, and without its user and query: OIDC requests go to the host of the upload
// URL.
func Join(base *url.URL, path string) *url.URL {
	return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: path}
}

// Loopback reports whether a host is this machine: localhost, or an address of the loopback ranges, also written as IPv6. Only there is
// plain HTTP private.
func Loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}

// Private reports whether nobody else can read a request to the URL: it is https, or http on this machine.
func Private(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname())
}
