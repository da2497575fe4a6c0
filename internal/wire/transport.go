package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/org/pypi-oidc-publish/internal/par"
)

// newTransport returns the transport with every limit of it.
func newTransport(options Options) *http.Transport {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	dial := dialEarlyResponse(&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second})
	tlsConfig := &tls.Config{RootCAs: options.Roots, MinVersion: tls.VersionTLS12}
	return &http.Transport{
		Proxy: options.Proxy,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			return &proxyRefusal{answer.StatusCode, answer.Status}
		},
		DialContext:    dialJoiningReasons(dial),
		DialTLSContext: dialJoiningReasons(dialTLS(dial, tlsConfig, handshakeTimeout)),
		// For https through a proxy, where the transport does the handshake itself.
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    handshakeTimeout,
		MaxIdleConnsPerHost:    8, // as many as there can be parallel uploads
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 2 * longestHead, // more than a responseConn hands on, whose error says what is too long
		Protocols:              protocols,
	}
}

// handshakeTimeout bounds a TLS handshake.
const handshakeTimeout = 10 * time.Second

// dialFunc opens a connection to an address, as [net.Dialer.DialContext] does.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialJoiningReasons returns a dialer whose connections join the lines of a reason phrase: see [responseConn].
func dialJoiningReasons(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		// The transport dials in a goroutine of its own.
		err = par.Catch(func() error {
			plain, err := dial(ctx, network, address)
			if err == nil {
				conn = &responseConn{Conn: plain}
			}
			return err
		})
		return conn, err
	}
}

// dialTLS returns a dialer that does a TLS handshake, with the address's host as the server's name, as the transport does by itself. Its
// error is that of the connection or of the handshake, or a [*handshakeTimeoutError].
func dialTLS(dial dialFunc, config *tls.Config, timeout time.Duration) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		own := config.Clone()
		own.ServerName = host
		limit, stop := context.WithTimeout(ctx, timeout)
		defer stop()
		secured := tls.Client(conn, own)
		if err := secured.HandshakeContext(limit); err != nil {
			conn.Close()
			if ctx.Err() == nil && limit.Err() != nil {
				err = &handshakeTimeoutError{timeout}
			}
			return nil, err
		}
		return secured, nil
	}
}

// handshakeTimeoutError is the error of a TLS handshake that took too long.
type handshakeTimeoutError struct{ after time.Duration }

func (e *handshakeTimeoutError) Error() string {
	return fmt.Sprintf("no TLS handshake within %v", e.after)
}
