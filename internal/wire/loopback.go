package wire

import "net/netip"

// Loopback tells that a host is this machine: localhost, or an address of the loopback ranges, also written as IPv6. Only there is a
// request in clear text nobody else's.
func Loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}
