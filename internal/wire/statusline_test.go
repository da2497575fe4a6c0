package wire_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// rawServer answers the nth request over all of its connections, counted from 0, with the bytes that answer returns.
type rawServer struct {
	listener net.Listener
	answer   func(n int, r *http.Request) (text []byte, closes bool)

	mu          sync.Mutex
	requests    int
	connections int
	hellos      []*tls.ClientHelloInfo
}

// serveRaw serves http, or https where a certificate is given.
func serveRaw(t *testing.T, certificate *tls.Certificate, answer func(n int, r *http.Request) (text []byte, closes bool)) *rawServer {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{listener: listener, answer: answer}
	if certificate != nil {
		s.listener = tls.NewListener(listener, &tls.Config{
			Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
			GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.hellos = append(s.hellos, hello)
				return nil, nil // the configuration stays
			},
		})
	}
	var busy sync.WaitGroup
	var open sync.Map
	busy.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			open.Store(conn, nil)
			busy.Go(func() {
				defer conn.Close()
				s.converse(conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		open.Range(func(conn, _ any) bool { conn.(net.Conn).Close(); return true })
		busy.Wait()
	})
	return s
}

func (s *rawServer) converse(conn net.Conn) {
	s.mu.Lock()
	s.connections++
	s.mu.Unlock()
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		s.mu.Lock()
		n := s.requests
		s.requests++
		s.mu.Unlock()
		text, closes := s.answer(n, r)
		if _, err := conn.Write(text); err != nil || closes {
			return
		}
	}
}

func (s *rawServer) url(scheme, host string) *url.URL {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(host, port), Path: "/legacy/"}
}

func (s *rawServer) counts() (requests, connections int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.connections
}

// certified is a certificate for names, and the pool that trusts it.
func certified(t *testing.T, names ...string) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}, pool
}

// reaching is a client that trusts the roots and goes through the proxy, where they are given; it never waits.
func (w *fakeClock) reaching(roots *x509.CertPool, proxy *url.URL) *wire.Client {
	options := wire.Options{
		UserAgent: "pypi-oidc-publish/test", Roots: roots, Now: time.Now,
		Redact: strings.NewReplacer("the-secret", "***", `a"secret\`, "***").Replace,
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.slept = append(w.slept, d)
			return ctx.Err()
		},
		Trace: func(t wire.Try) { w.mu.Lock(); defer w.mu.Unlock(); w.tries = append(w.tries, t) },
	}
	if proxy != nil {
		options.Proxy = http.ProxyURL(proxy)
	}
	return wire.New(options)
}

// sends uploads a small body.
func sends(t *testing.T, client *wire.Client, at *url.URL) (*wire.Answer, *wire.Error) {
	t.Helper()
	answer, err := client.Do(t.Context(), wire.Call{
		Op: wire.Upload, Method: http.MethodPost, URL: at,
		Body: func(context.Context) (io.ReadCloser, int64, error) {
			return io.NopCloser(strings.NewReader("body")), 4, nil
		},
	})
	var failed *wire.Error
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if failed != nil && failed.Answer != nil {
		answer = failed.Answer
	}
	return answer, failed
}

// theIndexSays is a refusal of the index as it writes it: the line breaks of its text stand in the status line.
func theIndexSays(text string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 400 %s\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n1\n\n2", text)
}

const severalLines = "Invalid value for provides-dist. Error: 'foo bar' is invalid: Expected end\n    foo bar\n        ^. " +
	"See https://packaging.python.org/"

// TestStatusLine_MultilineReason is understood at once, over http and https, time and again on one connection; what comes after it on that
// connection is too.
func TestStatusLine_MultilineReason(t *testing.T) {
	t.Parallel()
	certificate, roots := certified(t, "localhost")
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			var own *tls.Certificate
			if scheme == "https" {
				own = certificate
			}
			s := serveRaw(t, own, func(n int, _ *http.Request) ([]byte, bool) {
				if n%2 == 0 {
					return theIndexSays(severalLines), false
				}
				return []byte("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n400 a\nb\r\nc\n\nd!"), false
			})
			w := &fakeClock{}
			client, at := w.reaching(roots, nil), s.url(scheme, "localhost")
			for range 3 {
				answer, failed := sends(t, client, at)
				if failed == nil || answer == nil || answer.Status != 400 || failed.Tries != 1 || failed.AmbiguousTries != 0 {
					t.Fatalf("%+v, %v", answer, failed)
				}
				const want = "Invalid value for provides-dist. Error: 'foo bar' is invalid: Expected end foo bar ^. " +
					"See https://packaging.python.org/"
				if got := answer.ServerMessage(); got != want || string(answer.Body) != "1\n\n2" {
					t.Errorf("got %q, body %q", got, answer.Body)
				}
				answer, failed = sends(t, client, at)
				if failed != nil || string(answer.Body) != "400 a\nb\r\nc\n\nd!" {
					t.Errorf("%+v, %v", answer, failed)
				}
			}
			if requests, connections := s.counts(); requests != 6 || connections != 1 {
				t.Errorf("%d requests on %d connections", requests, connections)
			}
		})
	}
}

// TestStatusLine_Unchanged is read as net/http alone would read it, and never changed.
func TestStatusLine_Unchanged(t *testing.T) {
	t.Parallel()
	body := "HTTP/1.1 400 a\nb\r\n\r\n\n\nHTTP/1.1 100 x\ny\r\n"
	cases := map[string]struct {
		answer  string
		status  int
		reason  string
		body    string
		headers string // X of the answer
	}{
		"plain": {
			"HTTP/1.1 200 Fine\r\nX: 1\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + body, 200, "Fine", body, "1",
		},
		"no reason":                  {"HTTP/1.1 400 \r\nX: 1\r\nContent-Length: 0\r\n\r\n", 400, "", "", "1"},
		"no reason and no blank":     {"HTTP/1.1 400\r\nX: 1\r\nContent-Length: 0\r\n\r\n", 400, "", "", "1"},
		"bare line feeds alone":      {"HTTP/1.1 200 Fine\nX: 1\nContent-Length: 4\n\na\r\nb", 200, "Fine", "a\r\nb", "1"},
		"bare line feeds, no header": {"HTTP/1.0 200 Fine\n\n", 200, "Fine", "", ""},
		"an interim answer": {
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 a\nb\r\nX: 1\r\nContent-Length: 0\r\n\r\n", 400, "a b", "", "1",
		},
		"interim answers with headers": {
			"HTTP/1.1 103 Early\nhints\r\nLink: x\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 400 a\nb\r\nX: 1\r\nContent-Length: 1\r\n\r\n\n",
			400, "a b", "\n", "1",
		},
		"an interim one of line feeds": {
			"HTTP/1.1 100 Continue\n\nHTTP/1.1 200 Fine\r\nX: 1\r\nContent-Length: 0\r\n\r\n", 200, "Fine", "", "1",
		},
		"chunks": {
			"HTTP/1.1 400 a\n\tb\n\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\n\nx\r\n0\r\n\r\n", 400, "a \tb", "\n\nx", "",
		},
		"a carriage return": {"HTTP/1.1 400 a\rb\r\nX: 1\r\nContent-Length: 0\r\n\r\n", 400, "a\rb", "", "1"},
		"a break at once":   {"HTTP/1.1 400\na\r\nX: 1\r\nContent-Length: 0\r\n\r\n", 400, "a", "", "1"},
		"a folded header":   {"HTTP/1.1 400 a\r\nX: 1\r\n\t2\nContent-Length: 0\r\n\r\n", 400, "a", "", "1 2"},
		"an empty line within a reason": {
			"HTTP/1.1 400 a\n\nb\r\nX: 1\r\nConnection: close\r\n\r\n", 400, "a", "b\r\nX: 1\r\nConnection: close\r\n\r\n", "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closes := !strings.Contains(c.answer, "Length") && !strings.Contains(c.answer, "chunked") // which ends the body
			s := serveRaw(t, nil, func(int, *http.Request) ([]byte, bool) { return []byte(c.answer), closes })
			client := (&fakeClock{}).reaching(nil, nil)
			for range 2 {
				answer, failed := sends(t, client, s.url("http", "127.0.0.1"))
				if answer == nil {
					t.Fatal(failed)
				}
				if answer.Status != c.status || answer.Reason != c.reason || string(answer.Body) != c.body ||
					answer.Header.Get("X") != c.headers {
					t.Errorf("%d %q, X %q, body %q", answer.Status, answer.Reason, answer.Header.Get("X"), answer.Body)
				}
			}
		})
	}
}

// TestTLS_Unchanged: the server's name, the roots and the protocol of the transport's own handshake.
func TestTLS_Unchanged(t *testing.T) {
	t.Parallel()
	certificate, roots := certified(t, "localhost")
	_, others := certified(t, "localhost")
	s := serveRaw(t, certificate, func(int, *http.Request) ([]byte, bool) {
		return []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), false
	})
	if answer, failed := sends(t, (&fakeClock{}).reaching(roots, nil), s.url("https", "localhost")); failed != nil || answer.Status != 200 {
		t.Fatalf("%+v, %v", answer, failed)
	}
	if answer, failed := sends(t, (&fakeClock{}).reaching(roots, nil), s.url("https", "127.0.0.1")); failed != nil || answer.Status != 200 {
		t.Fatalf("%+v, %v", answer, failed)
	}
	s.mu.Lock()
	for i, name := range []string{"localhost", ""} { // an address is never sent as a name
		hello := s.hellos[i]
		if hello.ServerName != name || len(hello.SupportedProtos) != 0 || slices.Min(hello.SupportedVersions) != tls.VersionTLS12 {
			t.Errorf("name %q, protocols %v, versions %v", hello.ServerName, hello.SupportedProtos, hello.SupportedVersions)
		}
	}
	s.mu.Unlock()
	for name, c := range map[string]struct {
		roots *x509.CertPool
		host  string
	}{"other roots": {others, "localhost"}, "the system's roots": {nil, "localhost"}} {
		_, failed := sends(t, (&fakeClock{}).reaching(c.roots, nil), s.url("https", c.host))
		var untrusted *tls.CertificateVerificationError
		once := failed != nil && failed.Tries == 1 && failed.AmbiguousTries == 0
		if !once || !errors.As(failed, &untrusted) || !strings.Contains(wire.Advice(failed), "ca-bundle") {
			t.Errorf("%s: %+v", name, failed)
		}
	}
	other, othersRoots := certified(t, "index.example")
	wrong := serveRaw(t, other, func(int, *http.Request) ([]byte, bool) { return nil, true })
	_, failed := sends(t, (&fakeClock{}).reaching(othersRoots, nil), wrong.url("https", "localhost"))
	var name x509.HostnameError
	if failed == nil || !errors.As(failed, &name) || failed.Tries != 1 {
		t.Errorf("a certificate of another name: %+v", failed)
	}
	plain := serveRaw(t, nil, func(int, *http.Request) ([]byte, bool) { return nil, true })
	_, failed = sends(t, (&fakeClock{}).reaching(roots, nil), plain.url("https", "localhost"))
	if failed == nil || failed.AmbiguousTries != 0 {
		t.Errorf("a server without TLS: %+v", failed)
	}
}

// tunnel is a proxy that connects to where it is asked for; it has TLS of its own where a certificate is given.
func tunnel(t *testing.T, certificate *tls.Certificate) (at *url.URL, connects *atomic.Int64) {
	t.Helper()
	connects = &atomic.Int64{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		connects.Add(1)
		there, err := new(net.Dialer).DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		_, _ = io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(there, here); there.Close() })
		both.Go(func() { _, _ = io.Copy(here, there); here.Close() })
		both.Wait()
	}))
	if certificate != nil {
		server.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return at, connects
}

// TestStatusLine_Tunnel: the transport shakes hands itself there, so that a reason of several lines cannot be read. There is one more try,
// and a message that says why; what can be read is.
func TestStatusLine_Tunnel(t *testing.T) {
	t.Parallel()
	certificate, roots := certified(t, "localhost")
	for _, secured := range []bool{false, true} {
		t.Run(fmt.Sprint("TLS to the proxy ", secured), func(t *testing.T) {
			t.Parallel()
			var own *tls.Certificate
			if secured {
				own = certificate
			}
			proxy, connects := tunnel(t, own)
			s := serveRaw(t, certificate, func(n int, _ *http.Request) ([]byte, bool) {
				if n == 0 {
					return []byte("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\na\nb\r\nc\n\n"), false
				}
				return theIndexSays("it is the-secret\n    the-secret\n  ^"), false
			})
			w := &fakeClock{}
			client, at := w.reaching(roots, proxy), s.url("https", "localhost")
			answer, failed := sends(t, client, at)
			if failed != nil || string(answer.Body) != "a\nb\r\nc\n\n" {
				t.Fatalf("%+v, %v", answer, failed)
			}
			answer, failed = sends(t, client, at)
			var unreadable *wire.Unreadable
			if answer != nil || !errors.As(failed, &unreadable) || !unreadable.Tunnel {
				t.Fatalf("%+v, %+v", answer, failed)
			}
			if failed.Tries != 2 || failed.AmbiguousTries != 2 || len(w.slept) != 1 {
				t.Errorf("%+v, slept %v", failed, w.slept)
			}
			const want = "got an answer that is not readable HTTP after 2 tries: malformed MIME header initial line: *** (through a proxy)"
			if text := failed.Error(); !strings.HasSuffix(text, want) || strings.Contains(text, "the-secret") {
				t.Error(text)
			}
			if !strings.Contains(wire.Advice(failed), "NO_PROXY") {
				t.Error(wire.Advice(failed))
			}
			if n := connects.Load(); n < 2 {
				t.Errorf("%d connections through the proxy", n)
			}
		})
	}
}

// TestDo_NotHTTP gets one more try and no more, and is reported without secrets, briefly.
func TestDo_NotHTTP(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"another protocol":  {"SSH-2.0-OpenSSH_9.9 the-secret\r\n", "malformed HTTP status code ***"},
		"no line":           {"\n\n\n\n", "malformed HTTP response"},
		"an invalid status": {"HTTP/1.1 4OO Bad Request\r\n\r\n", "malformed HTTP status code 4OO"},
		"a broken head":     {"HTTP/1.1 200 OK\r\nthe-secret" + strings.Repeat("x", 100<<10) + "\r\n\r\n", "malformed MIME header"},
		"two lengths":       {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length"},
		"a quoted secret":   {"\x01a\"secret\\\r\n", "malformed HTTP response \x01***"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveRaw(t, nil, func(int, *http.Request) ([]byte, bool) { return []byte(c.text), true })
			w := &fakeClock{}
			answer, failed := sends(t, w.reaching(nil, nil), s.url("http", "127.0.0.1"))
			var unreadable *wire.Unreadable
			if answer != nil || !errors.As(failed, &unreadable) || unreadable.Tunnel || failed.Tries != 2 {
				t.Fatalf("%+v, %+v", answer, failed)
			}
			text := failed.Error()
			known := strings.Contains(text, "got an answer that is not readable HTTP after 2 tries: ") && strings.Contains(text, c.want)
			if !known || len(text) > 1000 || strings.Contains(text, "secret") {
				t.Errorf("%d bytes: %.1200q", len(text), text)
			}
			if wire.Advice(failed) == "" {
				t.Error("there is no next step")
			}
		})
	}
	// What the network does to an answer is no fault of the answer: as many tries as ever.
	s := serveRaw(t, nil, func(int, *http.Request) ([]byte, bool) { return []byte("HTTP/1.1 200 OK\r\nX: 1\r\n"), true })
	_, failed := sends(t, (&fakeClock{}).reaching(nil, nil), s.url("http", "127.0.0.1"))
	var unreadable *wire.Unreadable
	if errors.As(failed, &unreadable) || failed.Tries < 40 {
		t.Errorf("a head that breaks off: %v", failed)
	}
}

// TestStatusLine_LongHead: a long reason is cut, and an endless head is reported at once.
func TestStatusLine_LongHead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		header string
		bound  int64 // 0: it is read
	}{
		"a long reason":               {strings.Repeat("x", 300<<10), "", 0},
		"a long reason of many lines": {strings.Repeat("x\n", 150<<10), "", 0},
		"a long reason, and headers":  {strings.Repeat("x", 300<<10), "Y: " + strings.Repeat("y", 150<<10) + "\r\n", 0},
		"an endless reason":           {strings.Repeat("x", 2<<20), "", 1 << 20},
		"an endless reason of lines":  {strings.Repeat("x\n", 1<<20), "", 1 << 20},
		"endless headers":             {"no", "Y: " + strings.Repeat("y", 300<<10) + "\r\n", 256 << 10},
		"endless headers, line feeds": {"no\n" + strings.Repeat("Y: 1\n", 100<<10) + "\n", "", 256 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveRaw(t, nil, func(int, *http.Request) ([]byte, bool) {
				return fmt.Appendf(nil, "HTTP/1.1 400 File x\n exists %s\r\nX: 1\r\n%sContent-Length: 2\r\n\r\n\n\n", c.reason, c.header),
					false
			})
			w := &fakeClock{}
			answer, failed := sends(t, w.reaching(nil, nil), s.url("http", "127.0.0.1"))
			if c.bound == 0 {
				if answer == nil || failed.Tries != 1 {
					t.Fatal(failed)
				}
				if answer.Status != 400 || !strings.HasPrefix(answer.ServerMessage(), "File x exists x") || len(answer.Reason) > 64<<10 {
					t.Errorf("%d, a reason of %d bytes: %.100q", answer.Status, len(answer.Reason), answer.Reason)
				}
				if answer.Header.Get("X") != "1" || string(answer.Body) != "\n\n" {
					t.Errorf("%v, %q", answer.Header, answer.Body)
				}
				return
			}
			var long *wire.TooLong
			if answer != nil || !errors.As(failed, &long) || long.Bound != c.bound || failed.Tries != 1 || failed.AmbiguousTries != 1 {
				t.Errorf("%+v, %+v", answer, failed)
			}
		})
	}
}
