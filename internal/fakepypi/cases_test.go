package fakepypi_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// missedByTheStage are the cases that the stage takes and the real index rejects, with the reason. There are none.
var missedByTheStage = map[string]string{}

// vector is a case of the vectors: files in the order of their upload, and what the real index said to them.
type vector struct {
	ID, Verdict, Rule, Message string
	Status                     int
	Files                      []string
	Names                      []string `json:"upload_names"`
	Loose                      bool
}

// TestEveryCase uploads every case to a stage of its own, as the program does, and holds the answers to the vectors.
func TestEveryCase(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../testdata/vectors/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil || len(all) < 200 {
		t.Fatalf("%d cases, %v", len(all), err)
	}
	var count struct {
		sync.Mutex
		accepted, rejected, same, comparable int
	}
	t.Run("cases", func(t *testing.T) {
		for _, v := range all {
			t.Run(v.ID, func(t *testing.T) {
				t.Parallel()
				refused := v.upload(t)
				v.hold(t, refused)
				count.Lock()
				defer count.Unlock()
				switch {
				case refused == nil:
					count.accepted++
				case !v.Loose:
					count.comparable++
					if v.inTheWordsOf(refused) {
						count.same++
					} else {
						t.Logf("%s: the stage says\n\t%s\nand the index\n\t%s", v.ID, refused.Message, v.Message)
					}
					fallthrough
				default:
					count.rejected++
				}
			})
		}
	})
	t.Logf("%d cases: %d accepted, %d rejected; %d allowed to be missed", len(all), count.accepted, count.rejected, len(missedByTheStage))
	t.Logf("of %d messages that can be compared %d are the index's", count.comparable, count.same)
	for id := range missedByTheStage {
		if !slices.ContainsFunc(all, func(v vector) bool { return v.ID == id }) {
			t.Errorf("there is no case %s", id)
		}
	}
}

// hold compares the stage's verdict with the index's.
func (v vector) hold(t *testing.T, refused *index.Refusal) {
	t.Helper()
	reason, listed := missedByTheStage[v.ID]
	switch {
	case v.Verdict == "accept" && refused != nil:
		t.Errorf("refused, and the index takes it: %s", refused.Message)
	case v.Verdict == "accept":
	case refused == nil && !listed:
		t.Errorf("accepted, and the index rejects it by %s: %s", v.Rule, v.Message)
	case refused != nil && listed:
		t.Errorf("rejected now: take it from the list of those missed (%s)", reason)
	case refused != nil && refused.Status != v.Status:
		t.Errorf("status %d, the index has %d", refused.Status, v.Status)
	}
}

// inTheWordsOf compares the messages. The vectors leave out where to read more; the client joins the lines of a status line.
func (v vector) inTheWordsOf(refused *index.Refusal) bool {
	said, _, _ := strings.Cut(refused.Message, " See http")
	oneLine := func(s string) string { return strings.TrimSuffix(strings.Join(strings.Fields(s), " "), ".") }
	return oneLine(said) == oneLine(v.Message)
}

// upload sends the files of a case, until one is refused.
func (v vector) upload(t *testing.T) *index.Refusal {
	t.Helper()
	th := open(t, fakepypi.Options{})
	token, err := th.APIToken()
	if err != nil {
		t.Fatal(err)
	}
	login := index.Password("__token__", secret.NewVault(nil).Seal(token, th.Upload))
	client := index.New(index.SiteOf(th.Upload, th.Simple, true), wire.New(wire.Options{
		UserAgent: "test", Now: th.clock.now, Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	}), wire.NewGate(1), nil)
	for i := range v.Files {
		d, err := dist.Read(t.Context(), v.path(t, i), false)
		if err != nil {
			t.Fatal(err)
		}
		if !d.Metadata {
			// Where the file tells nothing, the index was asked with what its author meant.
			d.Metadata = true
			d.Headers = []dist.Field{{Name: "Metadata-Version", Value: "2.1"}, {Name: "Name", Value: "alder"}, {Name: "Version", Value: "1.0"}, {Name: "Description-Content-Type", Value: "text/plain"}}
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

// path is a file of the case under the name that it is to be uploaded by.
func (v vector) path(t *testing.T, i int) string {
	t.Helper()
	path := filepath.Join("../testdata/vectors", v.Files[i])
	if i >= len(v.Names) {
		return path
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), v.Names[i])
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
