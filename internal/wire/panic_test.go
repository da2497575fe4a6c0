package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/par"
)

// failingConn is a connection whose reads, or all of it, panic with a value.
type failingConn struct {
	net.Conn
	value any
}

func (c failingConn) Read([]byte) (int, error) { panic(c.value) }

// failingBody is a body whose read panics with a value.
type failingBody struct{ value any }

func (b failingBody) Read([]byte) (int, error) { panic(b.value) }

func (failingBody) Close() error { return nil }

// TestDo_Panic: what fails in a goroutine of the transport is an error of the request, without the value, and is not tried again. It would
// end the process otherwise, and print the value.
func TestDo_Panic(t *testing.T) {
	t.Parallel()
	const secret = "pypi-AgEIcHlwaS5vcmc"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*http.Transport, *Call){
		"the connection": func(transport *http.Transport, _ *Call) {
			transport.DialContext = dialJoiningReasons(func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				return failingConn{conn, secret}, err
			})
		},
		"the dialer": func(transport *http.Transport, _ *Call) {
			transport.DialContext = dialJoiningReasons(func(context.Context, string, string) (net.Conn, error) { panic(secret) })
		},
		"the body": func(_ *http.Transport, call *Call) {
			call.Body = func(context.Context) (io.ReadCloser, int64, error) { return failingBody{secret}, 100, nil }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := New(Options{UserAgent: "test", Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil }})
			transport, ok := client.http.Transport.(*http.Transport)
			if !ok {
				t.Fatal("the client has another transport")
			}
			call := Call{Op: Upload, Method: http.MethodPost, URL: at}
			change(transport, &call)
			_, err := client.Do(t.Context(), call)
			var defect *par.Panic
			if !errors.As(err, &defect) || !strings.Contains(err.Error(), "panic of type string at ") {
				t.Errorf("%v", err)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the value is reported: %v", err)
			}
			if failed := ErrorOf(err); failed != nil && failed.Tries != 1 {
				t.Errorf("%+v", failed)
			}
		})
	}
}
