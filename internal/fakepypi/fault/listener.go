package fault

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// Listener is l, a TCP listener, whose new connections are struck by the faults planned for its door. Those it lets
// through are the connections that [ConnContext] and [Injector.Handler] know.
func (i *Injector) Listener(l net.Listener, door string) net.Listener {
	return &listener{l, i, door}
}

type listener struct {
	net.Listener
	injector *Injector
	door     string
}

// Accept returns the next connection that is not struck.
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
		f, struck := l.injector.take(l.door)
		if !struck {
			return &conn{TCPConn: tcp}, nil
		}
		end(tcp, f.Kind == Reset)
	}
}

// end closes the connection, by a reset or in good order. There is nobody to tell that it was closed before.
func end(c *net.TCPConn, reset bool) {
	if reset {
		_ = c.SetLinger(0)
	}
	_ = c.Close()
}

// conn is a connection that can be made slow.
type conn struct {
	*net.TCPConn
	slow atomic.Pointer[drip]
}

// Write sends b, slowly where that was asked for. A server writes one thing at a time.
func (c *conn) Write(b []byte) (int, error) {
	if slow := c.slow.Load(); slow != nil {
		return slow.write(c.TCPConn, b)
	}
	return c.TCPConn.Write(b)
}

// ReadFrom sends what r has. The kernel would not wait between two pieces.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if c.slow.Load() != nil {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	return c.TCPConn.ReadFrom(r)
}

type connKey struct{}

// ConnContext is for [http.Server]: it lets the handler find the connection of a request.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// connOf is the connection of a request, or nil.
func connOf(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}
