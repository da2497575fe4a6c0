package wire

import (
	"net/netip"
	"net/url"
)

// PlainURL is a URL as people may see it: without user, password, query and fragment, and not too long.
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

// Join is base with the given path in place of its own: OIDC calls go to the upload URL's own authority.
func Join(base *url.URL, path string) *url.URL {
	return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: path}
}

// Loopback tells that a host is this machine: localhost, or an address of the loopback ranges, also written as IPv6. Only there is a
// request in clear text nobody else's.
func Loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}

// Private tells that nobody between here and there can read a request to the URL: it is https, or http on this machine.
func Private(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname())
}
