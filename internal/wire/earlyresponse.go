package wire

import (
	"context"
	"net"
	"sync"
	"time"
)

// drainTimeout is how long a failed write waits for the answer that tells why.
const drainTimeout = time.Second

// earlyResponseConn is a connection whose failed write waits until the answer is read. A server that refuses before it has read the body
// closes the connection, which resets it while the body is still being written. The answer is here by then, but the transport
// takes the first of the two that it is told of, and would lose it.
type earlyResponseConn struct {
	net.Conn
	readEnded chan struct{} // closed when nothing more can be read
	endRead   func()
}

// dialEarlyResponse makes patient connections.
func dialEarlyResponse(dialer *net.Dialer) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		over := make(chan struct{})
		return &earlyResponseConn{conn, over, sync.OnceFunc(func() { close(over) })}, nil
	}
}

// Read reads.
func (c *earlyResponseConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.endRead()
	}
	return n, err
}

// Write writes. Its error comes when the answer was read, or there is none.
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

// Close closes.
func (c *earlyResponseConn) Close() error {
	c.endRead()
	return c.Conn.Close()
}
