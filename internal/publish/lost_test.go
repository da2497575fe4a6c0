package publish_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/publish"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestAFileThatALostTryMayHaveLeft: an index that knows names alone, and cannot be looked at, refuses at the second try what it took at
// the first.
func TestAFileThatALostTryMayHaveLeft(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int{"lost": http.StatusBadGateway, "clear": http.StatusConflict} {
		codes := []int{first, http.StatusConflict}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(codes[0])
			codes = codes[1:]
		}))
		defer server.Close()
		upload, err := url.Parse(server.URL + "/upload")
		if err != nil {
			t.Fatal(err)
		}
		wait := func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }
		login := index.Password("me", secret.NewVault(nil).Seal("a password", upload))
		client := wire.New(wire.Options{UserAgent: "pypi-oidc-publish/test", Now: time.Now, Sleep: wait})
		book := ledger.NewBook(nil)
		err = publish.Run(t.Context(), publish.Options{
			Attest: config.AttestNever, Paths: []string{"../dist/testdata/sampleproject-3.0.0.tar.gz"}, Parallel: 1, VerifyMetadata: true,
		}, publish.Tools{
			Index: index.New(index.SiteOf(upload, nil, true), client, wire.NewGate(1), login), Password: login, Book: book, Now: time.Now, Sleep: wait,
		})
		found := book.Receipt().Findings
		if !errors.Is(err, publish.ErrIncomplete) || len(found) == 0 {
			t.Fatalf("%s: %v, %+v", name, err, found)
		}
		told := found[len(found)-1]
		mayBeOurs := strings.Contains(told.Message, "may be this one") && strings.Contains(told.Fix, "index-url")
		if told.ID != "upload-exists" || mayBeOurs != (name == "lost") {
			t.Errorf("%s: %+v", name, told)
		}
	}
}
