package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// earlyServer is a server that answers when it has read the header of a request, and closes the connection: what is still to come of the
// body resets it.
func earlyServer(t *testing.T, answer string) *url.URL {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, answer)
			}
			conn.Close()
		}
	}()
	return &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/legacy/"}
}

func TestEarlyResponse_NotLost(t *testing.T) {
	t.Parallel()
	body := make([]byte, 20<<20)
	closes := earlyServer(t, "HTTP/1.1 413 File too large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge")
	silent := earlyServer(t, "HTTP/1.1 413 File too large\r\nContent-Length: 5\r\n\r\nlarge") // of its closing
	for i := range 40 {
		at := []*url.URL{closes, silent}[i%2]
		_, err := (&fakeClock{}).client().Do(t.Context(), wire.Call{
			Op: wire.Upload, Method: http.MethodPost, URL: at,
			Body: func(context.Context) (io.ReadCloser, int64, error) {
				return io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
			},
		})
		var failed *wire.Error
		if !errors.As(err, &failed) || failed.Answer == nil || failed.Answer.Status != 413 || string(failed.Answer.Body) != "large" ||
			failed.Tries != 1 {
			t.Fatalf("%v", err)
		}
	}
}
