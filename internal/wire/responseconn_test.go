package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// pieces is a connection that gives its bytes in pieces of the given sizes, round and round, and ends with err.
type pieces struct {
	net.Conn
	text  []byte
	sizes []byte
	reads int
	err   error
}

func (c *pieces) Read(p []byte) (int, error) {
	if len(c.text) == 0 {
		return 0, c.err
	}
	n := 1
	if len(c.sizes) > 0 {
		n = int(c.sizes[c.reads%len(c.sizes)])
	}
	c.reads++
	n = copy(p, c.text[:min(n, len(c.text))])
	c.text = c.text[n:]
	return n, nil
}

// read reads all of a text as an answer that is expected, by calls of Read with buffers of the size, and returns its error.
func read(text []byte, sizes []byte, buffer int) ([]byte, error) {
	c := &responseConn{Conn: &pieces{text: text, sizes: sizes, err: io.ErrClosedPipe}}
	c.begin(false)
	var all []byte
	p := make([]byte, buffer)
	for empty := 0; empty < 1000; {
		n, err := c.Read(p)
		all = append(all, p[:n]...)
		if err != nil {
			return all, err
		}
		if empty++; n > 0 {
			empty = 0
		}
	}
	return all, errors.New("it goes round and round")
}

// FuzzResponseConn: for any input, in any pieces, every byte comes and no other; only bare line feeds of a status line become
// blanks, and only where a CR LF ends that line before an empty line ends the head.
func FuzzResponseConn(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na\n",
		"HTTP/1.1 400 a\nb\n c\r\nX: y\n\r\n\r\nHTTP/1.1 400 a\nb\r\n",
		"HTTP/1.0 200\n\nHTTP", "HTTP/1.1 200 OK\nX: 1\n\nb",
		"HTTP/1.1 100 x\ny\r\n\r\nHTTP/1.1 103 \r\nL: 1\n\nHTTP/1.1 400 a\nb\r\n\r\n",
		"HTTP/1.1 101 a\nb\r\n\r\nHTTP/1.1 200 c\nd\r\n\r\n",
		"HTTP/1.1 400 a\n\r\n\r\n", "HTTP/1.1 400 a\r\rb\r\n", "HTTP/1.1 2000 a\nb\r\n", "ICY 200 OK\na\r\n", "HTTP/2 200 a\nb\r\n",
		"", "\n", "HTTP/1.1 400 a\n", "HTTP/1.1 400 a\nb\nc", "HTTP/1.1 400 \xff\x00\n\xfe\r\n\r\n", "http/1.1 400 a\nb\r\n",
	} {
		f.Add([]byte(text), []byte{3, 1, 0, 200}, uint8(16))
	}
	f.Fuzz(func(t *testing.T, text, sizes []byte, buffer uint8) {
		if len(text) > longestReason || len(sizes) > 8 { // longer reasons are cut, which TestStatusLine_LongHead shows
			t.Skip()
		}
		if len(bytes.Trim(sizes, "\x00")) == 0 {
			sizes = []byte{1}
		}
		got, err := read(text, sizes, int(buffer)+1)
		whole, _ := read(text, []byte{255}, 1<<16)
		if !errors.Is(err, io.ErrClosedPipe) || !bytes.Equal(got, whole) {
			t.Fatalf("in pieces %q, at once %q, %v", got, whole, err)
		}
		if want := joinedByHand(text); !bytes.Equal(got, want) {
			t.Errorf("%q became\n%q, want\n%q", text, got, want)
		}
	})
}

// joinedByHand is what becomes of a text, written down once more with all of it in hand.
func joinedByHand(text []byte) []byte {
	out := bytes.Clone(text)
	begins := regexp.MustCompile(`^HTTP/1\.[0-9] [0-9]{3}[ \r\n]`)
	for at := 0; ; {
		head := out[at:]
		if !begins.Match(head) {
			return out
		}
		end, empty := bytes.Index(head, []byte("\r\n")), bytes.Index(head, []byte("\n\n"))
		if end < 0 || (empty >= 0 && empty < end) {
			return out
		}
		for i := range head[:end] {
			if head[i] == '\n' {
				head[i] = ' '
			}
		}
		rest := head[end+2:]
		for { // its header fields
			line, after, found := bytes.Cut(rest, []byte("\n"))
			if !found {
				return out
			}
			rest = after
			if len(line) == 0 || string(line) == "\r" {
				break
			}
		}
		if code := string(head[9:12]); code[0] != '1' || code == "101" {
			return out
		}
		at = len(out) - len(rest)
	}
}

// TestResponseConn_Unchanged: bytes before a request, bodies, and what follows them.
func TestResponseConn_Unchanged(t *testing.T) {
	t.Parallel()
	const text = "HTTP/1.1 400 a\nb\r\n\r\n"
	here, there := net.Pipe()
	defer there.Close()
	c := &responseConn{Conn: here}
	defer c.Close()
	says := func(text string) string {
		t.Helper()
		go func() { _, _ = io.WriteString(there, text) }()
		p := make([]byte, len(text))
		if _, err := io.ReadFull(c, p); err != nil {
			t.Fatal(err)
		}
		return string(p)
	}
	const joined = "HTTP/1.1 400 a b\r\n\r\n"
	if got := says(text); got != text {
		t.Errorf("unasked: %q", got)
	}
	c.begin(false)
	if got := says(text + text); got != joined+text {
		t.Errorf("with a body that looks like an answer: %q", got)
	}
	go func() { _, _ = io.CopyN(io.Discard, there, 4) }()
	if _, err := c.Write([]byte("more")); err != nil { // of the request, after its answer has begun
		t.Fatal(err)
	}
	if got := says(text); got != text {
		t.Errorf("the body goes on: %q", got)
	}
	// The read is under way when the request comes, as that of the transport is.
	read := make(chan string)
	go func() {
		p := make([]byte, len(text))
		_, _ = io.ReadFull(c, p)
		read <- string(p)
	}()
	c.begin(false)
	if _, err := io.WriteString(there, text); err != nil {
		t.Fatal(err)
	}
	if got := <-read; got != joined {
		t.Errorf("the next answer: %q", got)
	}
	c.begin(false)
	if got := says("HTTP/1.1 200 a\nB: c\n\n"); got != "HTTP/1.1 200 a\nB: c\n\n" { // at once: nothing else comes
		t.Errorf("bare line feeds: %q", got)
	}
}

// TestHandshake_Timeout is given up in time, and is no fault of the user's.
func TestHandshake_Timeout(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // not accepted: the kernel has the connection all the same
	dial := dialTLS(new(net.Dialer).DialContext, &tls.Config{MinVersion: tls.VersionTLS12}, 50*time.Millisecond)
	var long *handshakeTimeoutError
	if conn, err := dial(t.Context(), "tcp", listener.Addr().String()); !errors.As(err, &long) || conn != nil {
		t.Errorf("%v, %v", conn, err)
	}
	cause := errors.New("cancelled")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if conn, err := dial(ctx, "tcp", listener.Addr().String()); err == nil || errors.As(err, &long) {
		t.Errorf("%v, %v", conn, err)
	}
	if _, err := dial(t.Context(), "tcp", "no-port"); err == nil {
		t.Error("an address without a port")
	}
}

// TestEarlyResponse_MultilineReason: an answer of several lines that comes before the request's body was read, whose own body comes while
// the request is still being written, is read whole.
func TestEarlyResponse_MultilineReason(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	const body = "HTTP/1.1 200 a\nb\r\n\r\n"
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 400 x\ny\r\nContent-Length: 40\r\n\r\n"+body)
		_, _ = io.CopyN(io.Discard, r.Body, 8<<20)
		_, _ = io.WriteString(conn, body)
		_, _ = io.Copy(io.Discard, conn)
	}()
	wait := func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	client := New(Options{UserAgent: "pypi-oidc-publish/test", Now: time.Now, Sleep: wait})
	_, err = client.Do(t.Context(), Call{
		Op: Upload, Method: http.MethodPost, URL: &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/"},
		Body: func(context.Context) (io.ReadCloser, int64, error) {
			return io.NopCloser(bytes.NewReader(make([]byte, 16<<20))), 16 << 20, nil
		},
	})
	var failed *Error
	if !errors.As(err, &failed) || failed.Answer == nil || failed.Tries != 1 {
		t.Fatal(err)
	}
	if failed.Answer.Reason != "x y" || string(failed.Answer.Body) != body+body {
		t.Errorf("%q, %q", failed.Answer.Reason, failed.Answer.Body)
	}
}

// TestResponseConn_OneWrite: the head of a request is written with its body if that is short; otherwise before it, or at once if there is
// none.
func TestResponseConn_OneWrite(t *testing.T) {
	t.Parallel()
	const head = "POST / HTTP/1.1\r\n\r\n"
	long := strings.Repeat("x", longestTogether+1)
	for name, c := range map[string]struct {
		body   string
		writes []string
	}{
		"none":  {"", []string{head}},
		"short": {"abc", []string{head + "abc"}},
		"long":  {long, []string{head, long}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := &writes{}
			conn := &responseConn{Conn: to}
			for range 2 { // the connection is used again
				to.all = nil
				conn.begin(c.body != "")
				if n, err := io.WriteString(conn, head); n != len(head) || err != nil {
					t.Errorf("the head: %d, %v", n, err)
				}
				if c.body != "" {
					size := int64(len(c.body))
					body := newRequestBody(t.Context(), io.NopCloser(strings.NewReader(c.body+"more")), size+4)
					if n, err := conn.ReadFrom(io.LimitReader(body, size)); n != size || err != nil || body.left.Load() != 4 {
						t.Errorf("the body: %d, %v, %d bytes left", n, err, body.left.Load())
					}
					_ = body.Close() // it closes nothing
				}
				expect.Equal(t, "what was written", strings.Join(to.all, "|"), strings.Join(c.writes, "|"))
			}
			to.err = io.ErrClosedPipe
			conn.begin(true)
			_, _ = io.WriteString(conn, head)
			if n, err := conn.ReadFrom(strings.NewReader("abc" + c.body)); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("on a connection that is closed: %d, %v", n, err)
			}
		})
	}
}

// writes is a connection that keeps what is written.
type writes struct {
	net.Conn
	all []string
	err error
}

func (w *writes) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.all = append(w.all, string(p))
	return len(p), nil
}
