package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
)

// encrypting is an address of TLS in front of another one, which hands the bytes on as they are.
func encrypting(t *testing.T, to string, certificate tls.Certificate) (address string) {
	t.Helper()
	plain, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var busy sync.WaitGroup
	busy.Go(func() {
		for {
			here, err := listener.Accept()
			if err != nil {
				return
			}
			busy.Go(func() {
				defer here.Close()
				upstream, err := new(net.Dialer).DialContext(ctx, "tcp", to)
				if err != nil {
					return
				}
				defer upstream.Close()
				defer context.AfterFunc(ctx, func() { here.Close(); upstream.Close() })()
				var up sync.WaitGroup
				up.Go(func() { _, _ = io.Copy(upstream, here) })
				_, _ = io.Copy(here, upstream)
				here.Close()
				up.Wait()
			})
		}
	})
	t.Cleanup(func() {
		stop()
		listener.Close()
		busy.Wait()
	})
	return listener.Addr().String()
}

// TestUpload_MultilineReason: the index's message has line breaks, and it sends them in the status line. The run understands it at the
// first try, over http and https.
func TestUpload_MultilineReason(t *testing.T) {
	t.Parallel()
	n := 0
	for _, c := range vectors.Load(t) {
		if !strings.Contains(c.Message, "\n") {
			continue
		}
		n++
		for _, scheme := range []string{"http", "https"} {
			t.Run(c.ID+" over "+scheme, func(t *testing.T) {
				t.Parallel()
				s := newStep(t)
				path := c.Paths(t)[0]
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				disttest.Save(t, s.path("dist/"+filepath.Base(path)), content)
				s.env["INPUT_VERIFY-METADATA"] = "false"
				if scheme == "https" {
					server := httptest.NewTLSServer(nil)
					server.Close()
					at := encrypting(t, s.servers.Upload.Host, server.TLS.Certificates[0])
					s.write("roots.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
					s.env["INPUT_CA-BUNDLE"], s.env["INPUT_REPOSITORY-URL"] = s.path("roots.pem"), "https://"+at+"/legacy/"
				}
				e := s.run()
				log := e.log
				message := strings.Join(strings.Fields(c.Message), " ")
				e.expect(t, 1, "result", "failed")
				expect.Contains(t, "the log", log, " upload-refused::", message)
				uploads := 0
				for _, r := range s.servers.Requests() {
					if r.Op == "upload" {
						uploads++
					}
				}
				expect.Equal(t, "uploads", uploads, 1)
				s.wantRevoked()
			})
		}
	}
	if n < 2 {
		t.Errorf("%d messages have several lines", n)
	}
}
