//go:build sigstore

package attest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/fakepypi/warehouse"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// realIndex is the index of the test server, which verifies attestations with the standard library alone, and trusts the real
// Sigstore and the issuer under its real name. HTTPS_PROXY leads to that issuer, as it does for Fulcio.
type realIndex struct {
	*warehouse.Index
	client *index.Client
	as     uploader
}

// uploader has an upload token.
type uploader struct{ token secret.Secret }

// Credential gives the token.
func (u uploader) Token(context.Context, time.Duration) (string, secret.Secret, error) {
	return "__token__", u.token, nil
}

// Denied has no other token.
func (u uploader) Rejected(context.Context, secret.Secret, string) bool { return false }

// Returned keeps the token.
func (u uploader) Release(context.Context, secret.Secret, bool) {}

// index opens an index that trusts the run's workflow for the projects, and mints an upload token there.
func (r *realSigstore) index(t *testing.T, projects ...pep.Project) *realIndex {
	t.Helper()
	trust := r.stock(t)
	ix, err := warehouse.New(warehouse.Options{
		Dir: t.TempDir(), Now: time.Now, Audience: "pypi", Issuer: realIssuer,
		Sigstore: func() ([]byte, error) { return trust.GetTarget("trusted_root.json") },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ix.Close() })
	owner, repository, _ := strings.Cut(realRepository, "/")
	for _, project := range projects {
		ix.AddPublisher(warehouse.Publisher{
			Owner:      owner,
			OwnerID:    "65432100",
			Repository: repository,
			Workflow:   "release.yml",
			Project:    project,
		})
	}
	server := httptest.NewServer(ix)
	t.Cleanup(server.Close)
	upload, err := url.Parse(server.URL + warehouse.PyPI.UploadPath())
	if err != nil {
		t.Fatal(err)
	}
	client := wire.New(wire.Options{UserAgent: "pypi-oidc-publish/test", Now: time.Now, Sleep: r.sleep})
	return &realIndex{
		Index:  ix,
		client: index.New(index.SiteOf(upload, nil, true).AsPyPI(), client, wire.NewGate(1), nil),
		as:     uploader{r.mint(t, upload)},
	}
}

func (r *realSigstore) mint(t *testing.T, upload *url.URL) secret.Secret {
	t.Helper()
	at := wire.Join(upload, "/_/oidc/mint-token")
	id, err := r.idToken(t.Context(), "pypi", at, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := id.Text.Value(at)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{"token": raw})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at.String(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var minted struct{ Token, Message string }
	if err := json.NewDecoder(response.Body).Decode(&minted); err != nil || minted.Token == "" {
		t.Fatalf("no upload token: %s (%v)", minted.Message, err)
	}
	return secret.NewRedactor(func(string) {}).New(minted.Token, upload)
}

// takes uploads a file with attestations. An error is the index's refusal of them; any other ends the test.
func (ix *realIndex) takes(t *testing.T, d *distfile.Distribution, attestations ...[]byte) error {
	t.Helper()
	field := fmt.Appendf(nil, "[%s]", bytes.Join(attestations, []byte(",")))
	err := ix.client.Upload(t.Context(), index.UploadRequest{File: d, Attestations: field}, ix.as)
	var refused *index.Refusal
	if err != nil && (!errors.As(err, &refused) || !strings.Contains(refused.Message, "Invalid attestations")) {
		t.Fatalf("refused for another reason: %v", err)
	}
	return err
}

// indexVerifies publishes files with what was signed, and reads back what the index serves of them.
func (r *realSigstore) indexVerifies(t *testing.T) {
	files := wheels(t, 4)
	s := r.signer(nil)
	all, err := s.Sign(t.Context(), files, nil)
	if err != nil {
		t.Fatal(err)
	}
	ix := r.index(t, "sample-project")
	if err := ix.takes(t, files[0], all[1].JSON); err == nil {
		t.Error("the index takes the attestation of another file")
	}
	if err := r.index(t, "sample-project").takes(t, files[0], r.foreign(t, files[0])); err == nil {
		t.Error("the index takes an attestation of another workflow")
	}
	for i, d := range files {
		if err := ix.takes(t, d, all[i].JSON); err != nil {
			t.Fatal(err)
		}
		served, err := ix.Provenance(d.Name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(t.Context(), d, served, []Attestation{all[i]}); err != nil {
			t.Error(err)
		}
	}
	r.logf(t, "%d files uploaded to the test index, which verified their attestations with the standard library", len(files))
}

// foreign is an attestation that another workflow of the same repository made.
func (r *realSigstore) foreign(t *testing.T, d *distfile.Distribution) []byte {
	t.Helper()
	other := realRepository + "/.github/workflows/other.yml@" + realRef
	all, err := r.signer(url.Values{"workflow_ref": {other}, "job_workflow_ref": {other}}).Sign(t.Context(), []*distfile.Distribution{d},
		nil)
	if err != nil {
		t.Fatal(err)
	}
	return all[0].JSON
}
