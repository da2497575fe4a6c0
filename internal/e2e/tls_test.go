package e2e_test

import (
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestTLS_PrivateCA: refused at once with the way out, and taken with ca-bundle.
func TestTLS_PrivateCA(t *testing.T) {
	t.Parallel()
	s := newStep(t, "alder-1.0-py3-none-any.whl")
	s.inProcess = false // for the path of ca-bundle
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
