package fakepypi_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// missedByServers are the cases that the test server accepts and the real index rejects, with the reason. There are none.
var missedByServers = map[string]string{}

// TestUpload_Vectors uploads every case to a test server that has nothing yet, as the program does, and holds the answers to the vectors.
func TestUpload_Vectors(t *testing.T) {
	t.Parallel()
	all, borrow := vectors.Load(t), borrowing(t)
	var count struct {
		sync.Mutex
		accepted, rejected, same, comparable int
	}
	t.Run("cases", func(t *testing.T) {
		for i, v := range all {
			if testing.Short() && i%16 != 0 {
				continue
			}
			t.Run(v.ID, func(t *testing.T) {
				t.Parallel()
				refused := uploadCase(t, borrow(t), v)
				compareResult(t, v, refused)
				count.Lock()
				defer count.Unlock()
				switch {
				case refused == nil:
					count.accepted++
				case !v.Loose:
					count.comparable++
					if sameMessage(v, refused) {
						count.same++
					} else {
						t.Logf("%s: the test server says\n\t%s\nand the index\n\t%s", v.ID, refused.Message, v.Message)
					}
					fallthrough
				default:
					count.rejected++
				}
			})
		}
	})
	t.Logf("%d cases: %d accepted, %d rejected; %d allowed to be missed", len(all), count.accepted, count.rejected, len(missedByServers))
	t.Logf("of %d messages that can be compared %d are the index's", count.comparable, count.same)
	for id := range missedByServers {
		if !slices.ContainsFunc(all, func(v vectors.Case) bool { return v.ID == id }) {
			t.Errorf("there is no case %s", id)
		}
	}
}

// compareResult compares the test server's verdict with the index's.
func compareResult(t *testing.T, v vectors.Case, refused *index.Refusal) {
	t.Helper()
	reason, listed := missedByServers[v.ID]
	switch {
	case !v.Rejected() && refused != nil:
		t.Errorf("refused, and the index takes it: %s", refused.Message)
	case !v.Rejected():
	case refused == nil && !listed:
		t.Errorf("accepted, and the index rejects it by %s: %s", v.Rule, v.Message)
	case refused != nil && listed:
		t.Errorf("rejected now: take it from the list of those missed (%s)", reason)
	case refused != nil && refused.Status != v.Status:
		t.Errorf("status %d, the index has %d", refused.Status, v.Status)
	}
}

// sameMessage compares the messages. The vectors leave out where to read more; the client joins the lines of a status line.
func sameMessage(v vectors.Case, refused *index.Refusal) bool {
	message, _, _ := strings.Cut(refused.Message, " See http")
	oneLine := func(s string) string { return strings.TrimSuffix(strings.Join(strings.Fields(s), " "), ".") }
	return oneLine(message) == oneLine(v.Message)
}

// uploadCase sends the files of a case, until one is refused.
func uploadCase(t *testing.T, th *harness, v vectors.Case) *index.Refusal {
	t.Helper()
	token, err := th.APIToken()
	if err != nil {
		t.Fatal(err)
	}
	login := index.Password("__token__", secret.NewRedactor(nil).New(token, th.Upload))
	client := index.New(index.SiteOf(th.Upload, th.Simple, true).AsPyPI(), wire.New(wire.Options{
		UserAgent: "test", Now: th.clock.now, Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	}), wire.NewGate(1), nil)
	for _, path := range v.Paths(t) {
		d, err := distfile.Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if !d.Metadata {
			// Where the file has nothing, the index was asked with what its author meant.
			d.Metadata = true
			d.Headers = []distfile.Field{
				{Name: "Metadata-Version", Value: "2.1"},
				{Name: "Name", Value: "alder"},
				{Name: "Version", Value: "1.0"},
				{Name: "Description-Content-Type", Value: "text/plain"},
			}
		}
		err = client.Upload(t.Context(), index.UploadRequest{File: d}, login)
		var refused *index.Refusal
		if errors.As(err, &refused) {
			return refused
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return nil
}
