package wire

import (
	"net/netip"
	"net/url"
)

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
