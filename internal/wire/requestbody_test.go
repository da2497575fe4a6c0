package wire_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// stuck is a body whose file system does not answer, until it is freed.
type stuck struct {
	before io.Reader
	read   chan struct{} // closed when it is read beyond before
	freed  chan struct{}
	closed chan struct{}
}

func newStuck(t *testing.T, before string) *stuck {
	t.Helper()
	return &stuck{strings.NewReader(before), make(chan struct{}), make(chan struct{}), make(chan struct{})}
}

func (s *stuck) Read(p []byte) (int, error) {
	if n, err := s.before.Read(p); err == nil {
		return n, nil
	}
	close(s.read)
	<-s.freed
	return 0, errors.New("freed")
}

func (s *stuck) Close() error { close(s.closed); return nil }

func upload(body io.ReadCloser, size int64) wire.Call {
	return wire.Call{Op: wire.Upload, Method: "POST", Body: func(context.Context) (io.ReadCloser, int64, error) { return body, size, nil }}
}

// TestBody_Stuck: a body that cannot be read on does not outlast the run: a signal ends the request at once.
func TestBody_Stuck(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"at its begin": "", "later": strings.Repeat("x", 1<<20)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := newStuck(t, before)
			var whole atomic.Bool
			call := upload(body, 2<<20)
			call.URL = serve(t, func(_ http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(io.Discard, r.Body)
				whole.Store(err == nil)
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			ended := par.Start(func() error {
				_, err := (&fakeClock{}).client().Do(ctx, call)
				return err
			})
			<-body.read
			terminated := errors.New("terminated")
			cancel(terminated)
			select {
			case err := <-ended:
				if !errors.Is(err, terminated) || whole.Load() {
					t.Errorf("%v, whole %v", err, whole.Load())
				}
			case <-time.After(time.Minute):
				t.Error("the request goes on")
			}
			close(body.freed)
			<-body.closed
		})
	}
}

// TestBody_Broken: a body that cannot be read is no failure of the network, which another try could mend. It never arrives whole.
func TestBody_Broken(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	panics := func() (io.Reader, error) {
		return readerFunc(func([]byte) (int, error) { panic(broken) }), nil
	}
	cases := map[string]struct {
		make func() (io.Reader, error)
		size int64
	}{
		"at once": {func() (io.Reader, error) { return iotest.ErrReader(broken), nil }, 100},
		"at its end": {func() (io.Reader, error) {
			return io.MultiReader(strings.NewReader("xxx"), iotest.ErrReader(broken)), nil
		}, 4},
		"when it is long": {func() (io.Reader, error) {
			return io.MultiReader(strings.NewReader(strings.Repeat("x", 4<<20)), iotest.ErrReader(broken)), nil
		}, 5 << 20},
		"by a defect": {panics, 100},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var whole, opened atomic.Int64
			w := &fakeClock{}
			_, err := w.client().Do(t.Context(), wire.Call{
				Op: wire.Upload, Method: "POST",
				URL: serve(t, func(_ http.ResponseWriter, r *http.Request) {
					if _, err := io.Copy(io.Discard, r.Body); err == nil {
						whole.Add(1)
					}
				}),
				Body: func(context.Context) (io.ReadCloser, int64, error) {
					opened.Add(1)
					body, err := c.make()
					return io.NopCloser(body), c.size, err
				},
			})
			var defect *par.Panic
			if !errors.Is(err, broken) && !errors.As(err, &defect) || wire.ErrorOf(err) != nil {
				t.Errorf("got %v", err)
			}
			if opened.Load() != 1 || len(w.slept) != 0 || whole.Load() != 0 {
				t.Errorf("opened %d times, %d waits, %d whole", opened.Load(), len(w.slept), whole.Load())
			}
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestBody_BrokenLater: what an earlier try may have done is not forgotten.
func TestBody_BrokenLater(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	tries := 0
	_, err := (&fakeClock{}).client().Do(t.Context(), wire.Call{
		Op: wire.Upload, Method: "POST", URL: serve(t, answers(502)),
		Body: func(context.Context) (io.ReadCloser, int64, error) {
			if tries++; tries > 1 {
				return io.NopCloser(iotest.ErrReader(broken)), 3, nil
			}
			return io.NopCloser(strings.NewReader("xxx")), 3, nil
		},
	})
	if !errors.Is(err, broken) || wire.AmbiguousTries(err) != 1 || tries != 2 {
		t.Errorf("%v after %d tries", err, tries)
	}
}

// TestBody_Refused: a server that refuses what it has not read yet is believed, whatever becomes of the body.
func TestBody_Refused(t *testing.T) {
	t.Parallel()
	body := newStuck(t, strings.Repeat("x", 1<<20))
	call := upload(body, 2<<20)
	call.URL = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		http.Error(w, "no", http.StatusForbidden)
	})
	_, err := (&fakeClock{}).client().Do(t.Context(), call)
	close(body.freed) // not before: its error could be faster than the answer
	if wire.StatusOf(err) != http.StatusForbidden {
		t.Errorf("got %v", err)
	}
}

// TestBody_TooEarly: a success that is reported before the server can have the request is none, and it may have some of it.
func TestBody_TooEarly(t *testing.T) {
	t.Parallel()
	body := newStuck(t, strings.Repeat("x", 1<<20))
	call := upload(body, 2<<20)
	call.Op = wire.Asset // which has one try
	call.URL = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		<-body.read
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
	})
	_, err := (&fakeClock{}).client().Do(t.Context(), call)
	close(body.freed)
	if err == nil || !strings.Contains(err.Error(), "before it had received the request") || wire.AmbiguousTries(err) != 1 {
		t.Errorf("got %v", err)
	}
}

// TestBody_Whole: bodies of any size arrive as they are, also after a try that was cut off.
func TestBody_Whole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 64 << 10, 128<<10 - 1, 128 << 10, 128<<10 + 1, 1<<20 + 17} {
		text := bytes.Repeat([]byte("0123456789abcde"), size/15+1)[:size]
		first := true
		var got [sha256.Size]byte
		var length int64
		w := &fakeClock{}
		_, err := w.client().Do(t.Context(), wire.Call{
			Op: wire.Upload, Method: "POST",
			URL: serve(t, func(rw http.ResponseWriter, r *http.Request) {
				if first {
					first = false
					rw.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				sum := sha256.New()
				length, _ = io.Copy(sum, r.Body)
				got = [sha256.Size]byte(sum.Sum(nil))
			}),
			Body: func(context.Context) (io.ReadCloser, int64, error) {
				return io.NopCloser(iotest.HalfReader(bytes.NewReader(text))), int64(size), nil
			},
		})
		if err != nil || length != int64(size) || got != sha256.Sum256(text) {
			t.Errorf("%d bytes: %d arrived, %v", size, length, err)
		}
	}
}

// countingListener counts what its connections read at a time.
type countingListener struct {
	net.Listener
	reads *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return countingConn{conn, l.reads}, err
}

type countingConn struct {
	net.Conn
	reads *atomic.Int64
}

func (c countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.reads.Add(1)
	}
	return n, err
}

// TestBody_ShortReads: a body that is read in many short parts, such as the fields of a form, is sent in few.
func TestBody_ShortReads(t *testing.T) {
	t.Parallel()
	const size = 4000
	var reads, got atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		got.Store(n)
	}))
	server.Listener = countingListener{server.Listener, &reads}
	server.Start()
	t.Cleanup(server.Close)
	call := upload(io.NopCloser(iotest.OneByteReader(strings.NewReader(strings.Repeat("x", size)))), size)
	call.URL, _ = url.Parse(server.URL)
	client := wire.New(wire.Options{UserAgent: "pypi-oidc-publish/test", Now: time.Now})
	if _, err := client.Do(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if got.Load() != size || reads.Load() > 8 {
		t.Errorf("%d bytes in %d parts", got.Load(), reads.Load())
	}
}
