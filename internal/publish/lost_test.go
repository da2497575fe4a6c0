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

// namesAlone does a run at an index that knows names alone: it answers uploads with the codes, one after the other. There is nowhere to
// look, or, with skip, no page of the project.
func namesAlone(t *testing.T, skip bool, codes ...int) (ledger.Receipt, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.NotFound(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(codes[0])
		codes = codes[1:]
	}))
	t.Cleanup(server.Close)
	return atServer(t, server, skip)
}

// atServer does a run at an index that cannot be looked at.
func atServer(t *testing.T, server *httptest.Server, skip bool) (ledger.Receipt, error) {
	t.Helper()
	upload, err := url.Parse(server.URL + "/upload")
	if err != nil {
		t.Fatal(err)
	}
	var simple *url.URL
	if skip {
		simple = upload.JoinPath("../simple/")
	}
	wait := func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }
	login := index.Password("me", secret.NewVault(nil).Seal("a password", upload))
	client := wire.New(wire.Options{UserAgent: "pypi-oidc-publish/test", Now: time.Now, Sleep: wait})
	recorder := ledger.NewRecorder(nil)
	err = publish.Run(t.Context(), publish.Options{
		Attest: config.AttestNever, Paths: []string{"../dist/testdata/sampleproject-3.0.0.tar.gz"}, Parallel: 1, VerifyMetadata: true, SkipExisting: skip,
	}, publish.Deps{
		Index: index.New(index.SiteOf(upload, simple, true), client, wire.NewGate(1), login), Password: login, Record: recorder.Record, Now: time.Now, Sleep: wait,
	})
	return recorder.Receipt(), err
}

// TestAFileThatALostTryMayHaveLeft: such an index refuses at the second try what it took at the first.
func TestAFileThatALostTryMayHaveLeft(t *testing.T) {
	t.Parallel()
	for name, codes := range map[string][]int{"lost": {http.StatusBadGateway, http.StatusConflict}, "clear": {http.StatusConflict}} {
		receipt, err := namesAlone(t, false, codes...)
		if !errors.Is(err, publish.ErrIncomplete) || len(receipt.Findings) == 0 {
			t.Fatalf("%s: %v, %+v", name, err, receipt)
		}
		told := receipt.Findings[len(receipt.Findings)-1]
		mayBeOurs := strings.Contains(told.Message, "may be this one") && strings.Contains(told.Fix, "index-url")
		if told.ID != "upload-exists" || mayBeOurs != (name == "lost") {
			t.Errorf("%s: %+v", name, told)
		}
	}
}

// TestAFileThatIsSkippedUnseen: it is unknown what such an index has under the name.
func TestAFileThatIsSkippedUnseen(t *testing.T) {
	t.Parallel()
	receipt, err := namesAlone(t, true, http.StatusConflict)
	if err != nil || receipt.Count(ledger.OutcomeSkipped) != 1 || len(receipt.Findings) == 0 {
		t.Fatalf("%v, %+v", err, receipt)
	}
	told := receipt.Findings[len(receipt.Findings)-1]
	if told.ID != "skipped" || strings.Contains(told.Message, "other bytes") || !strings.Contains(told.Message, "the index's file stays") || !strings.Contains(told.Fix, "index-url") {
		t.Errorf("%+v", told)
	}
}

// TestAnAnswerThatCannotBeRead: another run would fare alike, so that the next step is another one than to run the job again.
func TestAnAnswerThatCannotBeRead(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nthis is no header\r\n\r\n")
	}))
	t.Cleanup(server.Close)
	receipt, err := atServer(t, server, false)
	if !errors.Is(err, publish.ErrIncomplete) || len(receipt.Findings) == 0 {
		t.Fatalf("%v, %+v", err, receipt)
	}
	told := receipt.Findings[len(receipt.Findings)-1]
	for _, part := range []string{"cannot be read: upload: POST", "this is no header", "after 2 tries"} {
		if !strings.Contains(told.Message, part) {
			t.Errorf("%q lacks %q", told.Message, part)
		}
	}
	if told.ID != "upload-doubtful" || !strings.HasPrefix(told.Fix, "check the address") || !strings.Contains(told.Fix, "verify-metadata") {
		t.Errorf("%+v", told)
	}
}
