package index_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

const sample = "../distfile/testdata/sampleproject-3.0.0.tar.gz"

func client() *wire.Client {
	return wire.New(wire.Options{
		UserAgent: "pypi-oidc-publish/test", Now: time.Now,
		Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	})
}

func read(t *testing.T, path string) *distfile.Distribution {
	t.Helper()
	d, err := distfile.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// unexpected is a client of an index whose every answer is the handler's.
func unexpected(t *testing.T, handler http.HandlerFunc) (*index.Client, index.Credentials) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	upload := at(t, server.URL+"/legacy/")
	login := index.Password("__token__", secret.NewRedactor(nil).New("pypi-a-token-of-a-user", upload))
	return index.New(index.SiteOf(upload, nil, true).AsPyPI(), client(), wire.NewGate(2), login), login
}

func TestUpload_Accepted(t *testing.T) {
	t.Parallel()
	s := pypitest.Start(t, fakepypi.Options{})
	raw, err := s.APIToken()
	if err != nil {
		t.Fatal(err)
	}
	login := index.Password("__token__", secret.NewRedactor(nil).New(raw, s.Upload))
	ix := index.New(index.SiteOf(s.Upload, s.Simple, true).AsPyPI(), client(), wire.NewGate(1), login)
	if listing, err := ix.ListFiles(t.Context(), "sampleproject"); err != nil || listing.Exists {
		t.Fatalf("%+v, %v", listing, err)
	}
	d := read(t, sample)
	for range 2 { // the same bytes again are no error
		if err := ix.Upload(t.Context(), index.UploadRequest{File: d}, login); err != nil {
			t.Fatal(err)
		}
	}
	listing, err := ix.ListFiles(t.Context(), "sampleproject")
	if err != nil || len(listing.Files) != 1 || listing.Files[0].SHA256 != fmt.Sprintf("%x", d.Digests.SHA256) ||
		listing.Files[0].Size != d.Size {
		t.Errorf("%+v, %v", listing, err)
	}
	other := filepath.Join(t.TempDir(), d.Name)
	text, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, append(text, 0), 0o600); err != nil {
		t.Fatal(err)
	}
	err = ix.Upload(t.Context(), index.UploadRequest{File: read(t, other)}, login)
	var refused *index.Refusal
	if !errors.As(err, &refused) || !refused.Exists() || refused.Status != 400 || !strings.Contains(
		refused.Message, "File already exists ('sampleproject-3.0.0.tar.gz'",
	) {
		t.Errorf("%v", err)
	}
	if all := finding.Of(err); len(all) != 1 || all[0].ID != "upload-exists" || !strings.Contains(all[0].Fix, "skip-existing") {
		t.Errorf("%+v", all)
	}
}

// TestUpload_Form reads what is sent as a server does: exact length, fields, digests, the file last and whole.
func TestUpload_Form(t *testing.T) {
	t.Parallel()
	d := read(t, sample)
	var problems []string
	ix, login := unexpected(t, func(w http.ResponseWriter, r *http.Request) {
		say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
		if len(r.TransferEncoding) != 0 || r.ContentLength <= d.Size || r.ProtoMajor != 1 {
			say("length %d, encoding %v, %s", r.ContentLength, r.TransferEncoding, r.Proto)
		}
		user, pass, _ := r.BasicAuth()
		if user != "__token__" || pass != "pypi-a-token-of-a-user" || r.UserAgent() != "pypi-oidc-publish/test" {
			say("sent as %s by %s", user, r.UserAgent())
		}
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil {
			say("%v", err)
		}
		parts, fields, last := multipart.NewReader(r.Body, params["boundary"]), map[string]string{}, ""
		for {
			part, err := parts.NextPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				say("%v", err)
				break
			}
			text, _ := io.ReadAll(part)
			last = part.FormName()
			fields[last] = string(text)
			if (part.FileName() != "") != (last == "content") {
				say("%s has the file name %q", last, part.FileName())
			}
		}
		if last != "content" || int64(len(fields["content"])) != d.Size {
			say("the last part is %s of %d bytes", last, len(fields[last]))
		}
		for name, want := range map[string]string{
			":action": "file_upload", "protocol_version": "1", "name": "sampleproject", "version": "3.0.0", "filetype": "sdist",
			"pyversion":     "source",
			"sha256_digest": fmt.Sprintf("%x", d.Digests.SHA256),
		} {
			if fields[name] != want {
				say("%s is %q, want %q", name, fields[name], want)
			}
		}
		for _, name := range []string{"md5_digest", "blake2_256_digest"} {
			if _, there := fields[name]; there {
				say("an index was sent %s, which it computes itself", name)
			}
		}
	})
	if err := ix.Upload(t.Context(), index.UploadRequest{File: d}, login); err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

func TestUpload_Refusals(t *testing.T) {
	t.Parallel()
	cases := []struct {
		rateLimit, fix     string // the header, and a part of the next step
		status             int
		kind, body         string
		id                 finding.ID
		words              string
		location           string
		unansweredOr5xxErr bool
	}{
		{
			status: 400,
			kind:   "text/plain",
			body:   "Only one sdist may be uploaded per release.",
			id:     "upload-second-sdist",
			words:  "Only one sdist",
		},
		{
			status: 400, kind: "text/html",
			body: "<html><body><h1>400</h1>This filename was previously used by a file that has since been deleted.</body></html>",
			id:   "upload-name-burnt", words: "previously used",
		},
		{
			status: 400, kind: "application/json", body: `{"message":"'dog' is invalid for 'version'"}`, id: "upload-refused",
			words: "'dog' is invalid",
		},
		{status: 409, kind: "text/plain", body: "conflict", id: "upload-exists", words: "conflict"},
		{
			status: 400,
			kind:   "text/html",
			body:   "<html><body>Repository does not allow updating assets: ours</body></html>",
			id:     "upload-exists",
			words:  "updating assets",
		},
		{
			status: 400, kind: "text/plain", body: "ours/packages/sampleproject/3.0.0/sampleproject-3.0.0.tar.gz cannot be updated",
			id: "upload-exists", words: "cannot be updated",
		},
		{status: 400, kind: "text/plain", body: "the project cannot be updated", id: "upload-refused", words: "cannot be updated"},
		{
			status: 400,
			kind:   "application/json",
			body:   `{"message":"Validation failed: File name has already been taken"}`,
			id:     "upload-exists",
			words:  "already been taken",
		},
		{
			status: 403, kind: "application/json",
			body: `{"errors":[{"status":403,"message":"Not enough permissions to delete/overwrite artifact 'ours:sampleproject'"}]}`,
			id:   "upload-exists", words: "overwrite",
		},
		{
			status: 403, kind: "application/json",
			body: `{"errors":[{"status":403,"message":"Not enough permissions to delete/overwrite all artifacts under 'ours'"}]}`,
			id:   "upload-exists", words: "overwrite",
		},
		{status: 401, id: "upload-unauthorized", words: "401 Unauthorized"},
		{status: 403, kind: "text/html", body: "<html></html>", id: "upload-unauthorized", words: "403 Forbidden"},
		{status: 404, id: "upload-no-endpoint", words: "404"},
		{status: 405, id: "upload-no-endpoint", words: "405"},
		{status: 308, location: "https://index.example/legacy/", id: "upload-redirect", words: "308"},
		{status: 413, id: "upload-file-too-large", words: "413"},
		{
			status:    429,
			kind:      "text/plain",
			body:      "Too many new projects created",
			rateLimit: `"project.create.ip";r=0;t=61, "project.create.user";r=0;t=3133`,
			id:        "upload-new-projects",
			words:     "Too many new projects created",
			fix:       "run the job again in 53 minutes",
		},
		{
			status:    429,
			kind:      "text/plain",
			body:      "Too many new projects created",
			rateLimit: `"project.create.ip";r=0;t=1, "project.create.user";r=3;t=3133`,
			id:        "upload-new-projects",
			words:     "Too many new projects created",
			fix:       "run the job again in 1 minute,",
		},
		{
			status:    429,
			kind:      "text/plain",
			body:      "Too many new projects created",
			rateLimit: `"a";t=;r=0, ;=, t=-4;r=0`,
			id:        "upload-new-projects",
			words:     "Too many",
			fix:       "in an hour, when the index allows new projects again; or add a pending publisher",
		},
		{status: 429, kind: "text/plain", body: "Slow down", rateLimit: `"uploads";r=0;t=5`, id: "upload-too-many", words: "Slow down"},
		{
			status: 403,
			kind:   "text/plain",
			body: "New project registration temporarily disabled. " +
				"See https://index.example/help/#admin-intervention for more information.",
			id:    "upload-registration-off",
			words: "temporarily disabled",
			fix:   "later, with the same project name",
		},
		{
			status: 403,
			kind:   "text/plain",
			body:   "Read-only mode: Uploads are temporarily disabled.",
			id:     "upload-read-only",
			words:  "Read-only",
			fix:    "status page",
		},
		{
			status: 400,
			kind:   "text/plain",
			body:   "Organization account owning this project is inactive. This may be due to inactive billing for Company Organizations.",
			id:     "upload-organization",
			words:  "is inactive",
			fix:    "ask an owner of the organization",
		},
		{
			status: 403,
			kind:   "text/plain",
			body:   "User 'u', associated with the API token used, does not have a verified primary email address. Please add one.",
			id:     "upload-account",
			words:  "verified primary email address",
			fix:    "verify the primary e-mail address of the account",
		},
		{
			status: 403,
			kind:   "text/plain",
			body:   "User 'u', associated with the API token used, does not have two-factor authentication enabled.",
			id:     "upload-account",
			words:  "two-factor",
			fix:    "turn on two-factor authentication",
		},
		{
			status: 400,
			kind:   "text/plain",
			body:   "The name 'x' isn't allowed. See https://index.example/help/#project-name for more information.",
			id:     "upload-name-refused",
			words:  "isn't allowed",
			fix:    "choose another name",
		},
		{
			status: 400,
			kind:   "text/plain",
			body:   "The name 'x' isn't allowed (conflict with Python Standard Library module name). See y.",
			id:     "upload-name-refused",
			words:  "conflict with",
			fix:    "choose another name",
		},
		{
			status: 400,
			kind:   "text/plain",
			body:   "The name 'x' is too similar to an existing project. See y.",
			id:     "upload-name-refused",
			words:  "too similar",
			fix:    "choose another name",
		},
		{
			status: 409,
			kind:   "text/plain",
			body:   "The name 'x' conflicts with an existing project. See y.",
			id:     "upload-name-refused",
			words:  "conflicts",
			fix:    "choose another name",
		},
		{
			status: 400,
			kind:   "text/plain",
			body: "Non-user identities cannot create new projects. This was probably caused by successfully using a " +
				"pending publisher but …",
			id:    "upload-unknown-project",
			words: "Non-user identities",
			fix:   "add a pending publisher for the project sampleproject on the index",
		},
		{
			status: 403,
			kind:   "text/plain",
			body:   "Invalid or non-existent authentication information. See x.",
			id:     "upload-unauthorized",
			words:  "non-existent",
			fix:    "check that the token or password is for this index",
		},
		{status: 422, kind: "text/plain", body: "not like this", id: "upload-refused", words: "not like this"},
		{status: 200, kind: "text/html", body: "<html>Please log in</html>", unansweredOr5xxErr: true},
		{
			status: 200, kind: "application/json", body: `{"error":"Storage quota exceeded"}`, id: "upload-refused",
			words: "Storage quota exceeded",
		},
		{
			status: 202, kind: "application/json", body: `{"errors":[{"status":507,"message":"No space"}]}`, id: "upload-refused",
			words: "No space",
		},
		{
			status: 200, kind: "application/json", body: `{"errors":["the file already exists"]}`, id: "upload-exists",
			words: "already exists",
		},
		{status: 503, kind: "text/html", body: "<html>down</html>", unansweredOr5xxErr: true},
		{status: 499, kind: "text/html", body: "<html>gone</html>", unansweredOr5xxErr: true},
		{status: 408, kind: "text/plain", body: "slow", unansweredOr5xxErr: true},
		{status: 425, kind: "text/plain", body: "early", unansweredOr5xxErr: true},
		{status: 520, kind: "text/html", body: "<html>down</html>", unansweredOr5xxErr: true},
		{status: 530, kind: "text/html", body: "<html>down</html>", unansweredOr5xxErr: true},
	}
	for _, c := range cases {
		t.Run(fmt.Sprint(c.status, c.id), func(t *testing.T) {
			t.Parallel()
			tries := 0
			ix, login := unexpected(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", c.kind)
				tries++
				if c.rateLimit != "" {
					w.Header().Set("RateLimit", c.rateLimit)
				}
				if c.location != "" {
					w.Header().Set("Location", c.location)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			err := ix.Upload(t.Context(), index.UploadRequest{File: read(t, sample)}, login)
			var refused *index.Refusal
			if errors.As(err, &refused) == c.unansweredOr5xxErr || (wire.ErrorOf(err) != nil) != c.unansweredOr5xxErr {
				t.Fatalf("%T %v", err, err)
			}
			if c.unansweredOr5xxErr {
				return
			}
			all := finding.Of(err)
			if len(all) != 1 || all[0].File != sample || !strings.Contains(all[0].Message, c.words) || all[0].ID != c.id ||
				all[0].Fix == "" || !strings.Contains(all[0].Fix, c.fix) {
				t.Errorf("%+v", all)
			}
			if c.id != "upload-too-many" && tries != 1 {
				t.Errorf("%d tries of a final refusal", tries)
			}
			if c.location != "" && !strings.Contains(all[0].Error(), c.location) {
				t.Errorf("the better address is not reported: %v", all[0])
			}
		})
	}
}

func TestUpload_ChangedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sampleproject-3.0.0.tar.gz")
	text, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	d := read(t, path)
	if err := os.WriteFile(path, text[:len(text)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	reached := false
	ix, login := unexpected(t, func(http.ResponseWriter, *http.Request) { reached = true })
	var changed *distfile.ChangedError
	if err := ix.Upload(t.Context(), index.UploadRequest{File: d}, login); !errors.As(err, &changed) || reached {
		t.Errorf("%v, reached %v", err, reached)
	}
}

func TestListFiles_Answers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, kind, body string
		status           int
		exists, unknown  bool
	}{
		{
			name: "a project", status: 200, kind: "application/vnd.pypi.simple.v1+json",
			body: `{"meta":{"api-version":"1.4"},"name":"alder","files":[]}`, exists: true,
		},
		{name: "no such project", status: 404, body: "<html>"},
		{name: "forbidden is unknown, never absent", status: 403, unknown: true},
		{name: "HTML", status: 200, kind: "text/html", body: "<!DOCTYPE html><html></html>", unknown: true},
		{name: "empty", status: 200, unknown: true},
		{name: "down", status: 503, unknown: true},
		{name: "another project's page", status: 200, body: `{"meta":{"api-version":"1.4"},"name":"birch","files":[]}`, unknown: true},
		{name: "a redirect", status: 301, unknown: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			accept := ""
			ix, _ := unexpected(t, func(w http.ResponseWriter, r *http.Request) {
				accept = r.URL.Path
				_, pass, _ := r.BasicAuth()
				accept += " " + pass
				w.Header().Set("Content-Type", c.kind)
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			listing, err := ix.ListFiles(t.Context(), "alder")
			if (err != nil) != c.unknown || listing.Exists != c.exists {
				t.Errorf("%+v, %v", listing, err)
			}
			if accept != "/simple/alder/ pypi-a-token-of-a-user" {
				t.Errorf("asked %s", accept)
			}
		})
	}
}

func TestListFiles_CredentialOrigin(t *testing.T) {
	t.Parallel()
	var sent string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { sent = r.Header.Get("Authorization") }))
	defer elsewhere.Close()
	upload := at(t, "https://index.example/legacy/")
	login := index.Password("__token__", secret.NewRedactor(nil).New("pypi-a-token-of-a-user", upload))
	ix := index.New(index.SiteOf(upload, at(t, elsewhere.URL+"/simple/"), true), client(), wire.NewGate(1), login)
	if _, err := ix.ListFiles(t.Context(), pep.Project("alder")); err == nil || sent != "" {
		t.Errorf("%v, sent %q", err, sent)
	}
	none := index.New(index.SiteOf(upload, nil, false), client(), wire.NewGate(1), login)
	if _, err := none.ListFiles(t.Context(), "alder"); !errors.Is(err, index.ErrNoListings) {
		t.Error(err)
	}
}

// countingCredentials counts the uploads that use a password.
type countingCredentials struct {
	index.Credentials
	using, total int
}

func (c *countingCredentials) Token(ctx context.Context, validFor time.Duration) (string, secret.Secret, error) {
	c.using++
	c.total++
	return c.Credentials.Token(ctx, validFor)
}

func (c *countingCredentials) Release(context.Context, secret.Secret, bool) { c.using-- }

// TestUpload_Waiting: an upload that waits for another try holds no token, and each try reports its own progress from the beginning.
func TestUpload_Waiting(t *testing.T) {
	t.Parallel()
	tries := 0
	_, login := unexpected(t, http.NotFound)
	credentials := &countingCredentials{Credentials: login}
	waits := 0
	client := wire.New(wire.Options{
		UserAgent: "pypi-oidc-publish/test", Now: time.Now,
		Sleep: func(context.Context, time.Duration) error {
			if waits++; credentials.using != 0 || credentials.total != waits {
				t.Errorf("in wait %d there are %d tokens in use, of %d", waits, credentials.using, credentials.total)
			}
			return nil
		},
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if tries++; tries <= 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	upload := at(t, server.URL+"/legacy/")
	credentials.Credentials = index.Password("__token__", secret.NewRedactor(nil).New("pypi-a-token-of-a-user", upload))
	d := read(t, sample)
	var mu sync.Mutex
	var sent []int64 // of each try
	err := index.New(index.SiteOf(upload, nil, true).AsPyPI(), client, wire.NewGate(2), nil).Upload(t.Context(), index.UploadRequest{
		File:  d,
		Begin: func() error { mu.Lock(); defer mu.Unlock(); sent = append(sent, 0); return nil },
		Sent: func(bytes int64) {
			mu.Lock()
			defer mu.Unlock()
			if last := &sent[len(sent)-1]; bytes >= *last {
				*last = bytes
			} else {
				t.Errorf("%d bytes after %d", bytes, *last)
			}
		},
	}, credentials)
	if err != nil || waits != 3 || credentials.using != 0 || !slices.Equal(sent, []int64{d.Size, d.Size, d.Size, d.Size}) {
		t.Errorf("%v after %d waits, %d in use, %v bytes of %d", err, waits, credentials.using, sent, d.Size)
	}
}

// again says that there is always another token.
type again struct{ index.Credentials }

func (again) Rejected(context.Context, secret.Secret, string) bool { return true }

func TestUpload_RepeatedDenial(t *testing.T) {
	t.Parallel()
	uploads := 0
	ix, login := unexpected(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		uploads++
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "Invalid API Token: token is expired")
	})
	err := ix.Upload(t.Context(), index.UploadRequest{File: read(t, sample)}, again{login})
	if all := finding.Of(err); uploads != 3 || len(all) != 1 || all[0].ID != "upload-token-expired" {
		t.Errorf("%d uploads, %+v", uploads, all)
	}
}

func TestUpload_AmbiguousThenNewToken(t *testing.T) {
	t.Parallel()
	none := errors.New("no other token")
	for name, c := range map[string]struct {
		codes    []int
		noSecond error
	}{
		"a refusal": {codes: []int{500, 403, 400}},
		"no token":  {codes: []int{500, 403}, noSecond: none},
	} {
		answered := 0
		ix, login := unexpected(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(c.codes[answered])
			answered++
		})
		begins := 0
		err := ix.Upload(t.Context(), index.UploadRequest{File: read(t, sample), Begin: func() error {
			if begins++; begins > len(c.codes) {
				return c.noSecond
			}
			return nil
		}}, again{login})
		ambiguous := wire.AmbiguousTries(err)
		var refused *index.Refusal
		if errors.As(err, &refused) {
			ambiguous = refused.AmbiguousTries
		}
		if ambiguous == 0 || answered != len(c.codes) || !errors.Is(err, c.noSecond) && c.noSecond != nil {
			t.Errorf("%s: after %d answers %v, %d ambiguous tries", name, answered, err, ambiguous)
		}
	}
}

// TestRefusal_IssuedToken: the index does not know a token that it has issued to this run, or one that a user has given.
func TestRefusal_IssuedToken(t *testing.T) {
	t.Parallel()
	for issued, want := range map[bool]struct {
		id  finding.ID
		fix string
	}{
		true:  {finding.UploadTokenUnknown, "the Trusted Publisher was removed meanwhile"},
		false: {finding.UploadUnauthorized, "check that the token or password is for this index"},
	} {
		r := index.Refusal{
			File:    "alder-1.0.tar.gz",
			Status:  403,
			Message: "Invalid or non-existent authentication information. See x.",
			Issued:  issued,
		}
		if f := r.Finding(); f.ID != want.id || !strings.Contains(f.Fix, want.fix) {
			t.Errorf("issued %v: %+v", issued, f)
		}
	}
}
