package wire

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"strings"
)

// proxyRefusal is the answer of a proxy that does not connect to the host.
type proxyRefusal struct {
	code   int
	status string // the code and its phrase
}

func (e *proxyRefusal) Error() string { return "it did not connect: " + e.status }

// proxyError is the error of a request that did not get past the proxy: the proxy refused, or there was no connection to it.
type proxyError struct {
	variable string // that names the proxy; empty: it is unknown
	err      error
}

func (e *proxyError) Error() string { return "the proxy" + e.of(" of ") + ": " + e.err.Error() }

func (e *proxyError) Unwrap() error { return e.err }

// of returns the variable behind a preposition; empty if it is unknown.
func (e *proxyError) of(preposition string) string {
	if e.variable == "" {
		return ""
	}
	return preposition + "`" + e.variable + "`"
}

// aboutProxy returns err as a [*proxyError] if it is about the proxy, else as it is.
func (c *Client) aboutProxy(err error) error {
	var refused *proxyRefusal
	var network *net.OpError
	switch {
	case errors.As(err, &refused):
		refused.status = truncate(c.options.Redact(refused.status), maxMessage)
		return &proxyError{c.options.ProxyVariable, refused}
	case errors.As(err, &network) && (network.Op == "proxyconnect" || strings.HasPrefix(network.Op, "socks")):
		return &proxyError{c.options.ProxyVariable, network.Err}
	}
	return err
}

// filtered reports whether a proxy refused to connect, for a reason that is not about this moment.
func filtered(err error) bool {
	var refused *proxyRefusal
	return errors.As(err, &refused) && !(&Answer{Status: refused.code}).Temporary()
}

// proxyAdvice returns the next step for a request to a host that did not get past the proxy; empty for any other, and if the proxy has a
// certificate that is not trusted.
func proxyAdvice(err error, host string) string {
	var proxy *proxyError
	if !errors.As(err, &proxy) || untrusted(err) {
		return ""
	}
	var refused *proxyRefusal
	switch {
	case !errors.As(err, &refused):
		return "check the address of the proxy" + proxy.of(" in ") + ", and that the proxy runs: this machine cannot connect to it"
	case refused.code == http.StatusProxyAuthRequired:
		return "check the user name and the password of the proxy" + proxy.of(" in ") +
			": the proxy does not let this job through without them"
	case filtered(err):
		return "let the proxy" + proxy.of(" of ") + " connect to " + cmp.Or(host, "the host") +
			", or go past the proxy with the host in `NO_PROXY`"
	}
	return "" // an outage, such as of the host
}
