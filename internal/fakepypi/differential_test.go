package fakepypi_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestUpload_AgreesWithPreflight changes wheels and sdists in all that preflight checks, and uploads them to the test server: what
// preflight refuses is refused, and nothing else. Most uploads are handed to the index as the requests that they are, and one in 20 is
// sent by the client over HTTP, with all that is checked on its way.
func TestUpload_AgreesWithPreflight(t *testing.T) {
	t.Parallel()
	const onceSent = 20
	rounds, workers := 2000, 4
	switch {
	case long.Wanted:
		rounds = 12_000
	case testing.Short():
		rounds = 200
	}
	values := mutationValues(t)
	var count struct {
		sync.Mutex
		refused, accepted, differ int
	}
	t.Run("workers", func(t *testing.T) {
		for worker := range workers {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				j := newJudges(t, vectors.AsOf().AddDate(0, 3*(worker%2), 0)) // when both have the tables of the index, and later
				for round := worker; round < rounds; round += workers {
					m := mutant{random: rand.New(rand.NewPCG(1, uint64(round))), values: values}
					name, content := m.make()
					upload := j.handOver
					if (round/workers)%onceSent == 0 {
						upload = j.send
					}
					errors, answer := j.judge(name, content, upload)
					count.Lock()
					switch {
					case (len(errors) > 0) != (answer != ""):
						if count.differ++; count.differ < 30 {
							t.Errorf(
								"round %d, %q (%s): preflight says %v, and the test server %q",
								round,
								name,
								strings.Join(m.done, "; "),
								errors,
								answer,
							)
						}
					case answer != "":
						count.refused++
					default:
						count.accepted++
					}
					count.Unlock()
				}
			})
		}
	})
	t.Logf("%d files: both accept %d and refuse %d, and disagree about %d", rounds, count.accepted, count.refused, count.differ)
	if all := count.accepted + count.refused + count.differ; all != rounds {
		t.Errorf("only %d files were compared", all)
	}
	if least := rounds / 10; count.refused < least || count.accepted < least {
		t.Errorf("only %d are accepted and %d refused: the changes are too tame or too wild", count.accepted, count.refused)
	}
}

// judges asks preflight and the index of the test server about files.
type judges struct {
	t     *testing.T
	now   time.Time
	dir   string
	index *warehouse.Index // that is handed requests
	files string           // its folder
	token string           // of it

	server *fakepypi.Servers // that is sent requests
	client *index.Client
	login  index.Credentials
}

func newJudges(t *testing.T, now time.Time) *judges {
	t.Helper()
	c := &clock{at: now}
	j := &judges{t: t, now: now, dir: t.TempDir(), files: t.TempDir(), server: pypitest.Start(t, fakepypi.Options{Now: c.now})}
	j.client = index.New(index.SiteOf(j.server.Upload, j.server.Simple, true).AsPyPI(), wire.New(wire.Options{
		UserAgent: "test", Now: c.now, Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	}), wire.NewGate(1), nil)
	j.authorize()
	var err error
	if j.index, err = warehouse.New(warehouse.Options{Dir: j.files, Now: c.now, Audience: "test"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.index.Close() })
	j.empty()
	return j
}

// empty makes the index as it was at the beginning.
func (j *judges) empty() {
	j.t.Helper()
	err := os.RemoveAll(filepath.Join(j.files, "packages")) // Reset leaves the folders, and looks for files in all that there ever were
	err = errors.Join(err, j.index.Reset())
	token, failed := j.index.APIToken()
	j.token = token
	if err = errors.Join(err, failed); err != nil {
		j.t.Fatal(err)
	}
}

// handOver returns the message by which the index refuses a file; it is empty if the index takes it.
func (j *judges) handOver(d *distfile.Distribution, content []byte) (message string) {
	j.t.Helper()
	form, err := d.Form(j.t.Context())
	if err != nil {
		j.t.Fatal(err)
	}
	defer form.Close()
	fields := slices.AppendSeq([]distfile.Field{{Name: "sha256_digest", Value: hex.EncodeToString(d.Digests.SHA256[:])}}, form.Fields)
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for _, f := range fields {
		err = errors.Join(err, parts.WriteField(f.Name, f.Value))
	}
	part, failed := parts.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition("content", d.Name)}, "Content-Type": {"application/octet-stream"},
	})
	if err = errors.Join(err, failed); err == nil {
		_, err = part.Write(content)
	}
	if err = errors.Join(err, parts.Close()); err != nil {
		j.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/legacy/", &body)
	r.Header.Set("Content-Type", parts.FormDataContentType())
	r.SetBasicAuth("__token__", j.token)
	answer := httptest.NewRecorder()
	j.index.ServeHTTP(answer, r)
	switch answer.Code {
	case http.StatusOK:
		j.empty()
		return ""
	case http.StatusBadRequest:
		return answer.Body.String()
	default:
		j.t.Fatalf("%s: %d, %s", d.Name, answer.Code, answer.Body)
		return ""
	}
}

// send does what handOver does, with the client and over HTTP.
func (j *judges) send(d *distfile.Distribution, _ []byte) (message string) {
	j.t.Helper()
	err := j.client.Upload(j.t.Context(), index.UploadRequest{File: d}, j.login)
	var refused *index.Refusal
	switch {
	case err == nil:
		pypitest.WaitIdle(j.t, j.server)
		if err := j.server.Reset(j.t.Context()); err != nil {
			j.t.Fatal(err)
		}
		j.authorize()
		return ""
	case errors.As(err, &refused):
		return refused.Message
	default:
		j.t.Fatal(d.Name, err)
		return ""
	}
}

func (j *judges) authorize() {
	j.t.Helper()
	token, err := j.server.APIToken()
	if err != nil {
		j.t.Fatal(err)
	}
	j.login = index.Password("__token__", secret.NewRedactor(nil).New(token, j.server.Upload))
}

// ours are the rules that only this program has.
var ours = []finding.ID{"headers-end-early"}

// judge returns the rules by which preflight refuses a file, and the message by which the upload is refused.
func (j *judges) judge(
	name string, content []byte, upload func(*distfile.Distribution, []byte) string,
) (rules []finding.ID, message string) {
	j.t.Helper()
	path := filepath.Join(j.dir, "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		j.t.Fatal(err)
	}
	// Some of the names cannot be those of a file.
	link := filepath.Join(j.dir, name)
	if err := os.Rename(path, link); err != nil {
		j.t.Fatal(err)
	}
	defer func() { _ = os.Remove(link) }()
	d, err := distfile.Read(j.t.Context(), link)
	if err != nil {
		j.t.Fatal(err)
	}
	for _, f := range preflight.Check(preflight.Set{Files: []*distfile.Distribution{d}, Warehouse: true, Now: j.now}) {
		if f.Severity == finding.Error && !slices.Contains(ours, f.ID) {
			rules = append(rules, f.ID)
		}
	}
	return rules, upload(d, content)
}

// mutationValues returns the values for each field that a mutant may have: those of the tables, and what other fields have.
func mutationValues(t *testing.T) map[string][]string {
	t.Helper()
	values := map[string][]string{
		"Metadata-Version": {"2.1", "2.2", "2.3", "2.4", "2.5", "1.0", "1.2", "2.0", "2.6", "", "UNKNOWN"},
		"Summary":          {"one", "a\tb", strings.Repeat("x", 512), strings.Repeat("é", 513), "a\v b", "UNKNOWN", ""},
		"License":          {"MIT", "UNKNOWN", ""},
		"Keywords":         {"a,b", "a b"},
		"Platform":         {"any", ""},
		"Provides":         {"x"},
		"X-Unknown":        {"x"},
	}
	for field, kinds := range map[string]string{
		"Version": "ver", "Name": "name", "Requires-Python": "spec", "Requires-Dist": "req", "Provides-Dist": "req",
		"Obsoletes-Dist": "req", "Provides-Extra": "extra", "License-Expression": "spdx", "License-File": "lpath", "Author-email": "email",
		"Maintainer-email": "email", "Home-page": "url", "Download-URL": "url", "Import-Name": "import", "Import-Namespace": "import",
		"Dynamic": "dynamic", "Description-Content-Type": "ctype", "Classifier": "trove",
	} {
		for _, v := range vectors.Values(t, kinds) {
			values[field] = append(values[field], v.Text)
		}
	}
	for _, v := range vectors.Values(t, "url") {
		values["Project-URL"] = append(
			values["Project-URL"],
			"Docs, "+v.Text,
			"Docs,"+v.Text,
			v.Text,
			","+v.Text,
			strings.Repeat("x", 33)+", "+v.Text,
		)
	}
	for _, v := range vectors.Values(t, "md") {
		values["text/markdown"] = append(values["text/markdown"], v.Text)
	}
	for _, v := range vectors.Values(t, "rst") {
		values["text/x-rst"] = append(values["text/x-rst"], v.Text)
	}
	for _, v := range vectors.Values(t, "ep") {
		values["entry_points.txt"] = append(values["entry_points.txt"], v.Text)
	}
	return values
}
