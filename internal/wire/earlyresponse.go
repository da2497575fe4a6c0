package wire

import (
	"context"
	"net"
	"sync"
	"time"
)

// drainTimeout is how long a failed write waits for the answer that says why.
const drainTimeout = time.Second

// earlyResponseConn is a connection that delays a write error until the answer has been read. A server that rejects a request before it has
// read the body closes the connection, which resets it while the body is still being written. The answer has come by then, but the
// transport takes the first of the two that it sees, and would lose it.
type earlyResponseConn struct {
	net.Conn
	readEnded chan struct{} // closed when nothing more can be read
	endRead   func()        // closes readEnded, once
}

// dialEarlyResponse returns a dialer whose connections are each an [earlyResponseConn].
func dialEarlyResponse(dialer *net.Dialer) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		ended := make(chan struct{})
		return &earlyResponseConn{conn, ended, sync.OnceFunc(func() { close(ended) })}, nil
	}
}

// Read reads, and notes the end of what can be read.
func (c *earlyResponseConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.endRead()
	}
	return n, err
}

// Write writes. It returns an error when the answer has been read, when there can be none, or after a while.
func (c *earlyResponseConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		timer := time.NewTimer(drainTimeout)
		defer timer.Stop()
		select {
		case <-c.readEnded:
		case <-timer.C:
		}
	}
	return n, err
}

// Close closes the connection, and ends a write that waits.
func (c *earlyResponseConn) Close() error {
	c.endRead()
	return c.Conn.Close()
}
