package fault

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// Listener returns a listener that injects the faults planned for door into new connections of l, a TCP listener. The connections that it
// returns work with [ConnContext] and [Injector.Handler].
func (i *Injector) Listener(l net.Listener, listenerOp string) net.Listener {
	return &listener{l, i, listenerOp}
}

type listener struct {
	net.Listener
	injector *Injector
	name     string
}

// Accept returns the next connection without a fault.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return nil, errors.Join(errors.New("faults need a TCP listener"), c.Close())
		}
		p := l.injector.nextFault(l.name)
		if p == nil {
			return &conn{TCPConn: tcp}, nil
		}
		end(tcp, p.Fault.Kind == Reset)
	}
}

// end closes the connection, with a reset or normally. An error means that it was closed already.
func end(c *net.TCPConn, reset bool) {
	if reset {
		_ = c.SetLinger(0)
	}
	_ = c.Close()
}

// conn is a connection that can be slowed down.
type conn struct {
	*net.TCPConn
	slow atomic.Pointer[drip]
}

// Write sends b, slowly if the connection is slowed down. A server does not call it concurrently.
func (c *conn) Write(b []byte) (int, error) {
	if slow := c.slow.Load(); slow != nil {
		return slow.write(c.TCPConn, b)
	}
	return c.TCPConn.Write(b)
}

// ReadFrom sends what r has. It bypasses the kernel's copying if the connection is slowed down, because the kernel would not pause
// between pieces.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if c.slow.Load() != nil {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	return c.TCPConn.ReadFrom(r)
}

type connKey struct{}

// ConnContext stores a connection for its handlers. Use it as the ConnContext of an [http.Server].
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if encrypted, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = encrypted.NetConn() // of TLS
	}
	return context.WithValue(ctx, connKey{}, c)
}

// connOf returns the connection of a request, or nil.
func connOf(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}
