package e2e_test

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestTLS_PrivateCA: refused at once with the way out, and taken with ca-bundle.
func TestTLS_PrivateCA(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl").asProcess() // for the path of ca-bundle
	index := *s.servers.Upload
	index.Path = ""
	server := httptest.NewUnstartedServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&index) }})
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that is to fail
	server.StartTLS()
	t.Cleanup(server.Close)
	s.env["INPUT_REPOSITORY-URL"] = server.URL + "/legacy/"

	e := s.run()
	e.expect(t, 1, "result", "failed")
	expect.Contains(t, "the log", e.log, "set `ca-bundle` to its root certificate")
	if strings.Contains(e.log, "(try 2") {
		t.Errorf("tried again, although another try finds the same certificate:\n%s", e.log)
	}

	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(s.path("roots.pem"), bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	s.env["INPUT_CA-BUNDLE"] = "roots.pem"
	e = s.run().expect(t, 0, "result", "published")
	expect.Equal(t, "files of the index", len(s.indexed()), 1)
	s.wantRevoked()
}

// TestTLS_OtherFaults: what is wrong with a certificate decides what to do; more root certificates do not mend one that has expired, or is
// for another host.
func TestTLS_OtherFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  time.Duration
		host string
		next string
	}{
		"expired": {
			-time.Minute, "localhost",
			"check the clock of this machine: by that, the certificate has expired or is not valid yet; if the clock is right, the " +
				"operators of localhost:",
		},
		"of another host": {
			time.Hour, "index.example",
			"check the address: the certificate is for another host; if the address is right, stop: someone may be intercepting the " +
				"connection",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t, "alder-1.0-py3-none-any.whl")
			certificate, roots := certificateUntil(t, time.Now().Add(c.end), c.host)
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that is to fail
			server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
			server.StartTLS()
			t.Cleanup(server.Close)
			s.write("roots.pem", string(roots))
			s.env["INPUT_REPOSITORY-URL"] = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/legacy/"
			s.env["INPUT_CA-BUNDLE"] = s.path("roots.pem")
			e := s.run().expect(t, 1, "result", "failed")
			expect.Contains(t, "the log", e.log, c.next)
			expect.Lacks(t, "the log", e.log, "ca-bundle", "(try 2")
		})
	}
}
