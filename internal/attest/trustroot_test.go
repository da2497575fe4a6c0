package attest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/tuf"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestTrustRoot_Renewed: the root that the program starts with has expired, and a newer one leads on from it.
func TestTrustRoot_Renewed(t *testing.T) {
	t.Parallel()
	h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{TrustRoot: "renewed-root"})
	if all, err := h.Sign(t.Context(), wheels(t, 2), nil); err != nil || len(all) != 2 || len(h.notes) != 0 {
		t.Fatalf("%d attestations, notes %+v: %v", len(all), h.notes, err)
	}
	if h.services.embedded {
		t.Error("the copies are used")
	}
}

// TestTrustRoot_NotValid: signatures and age are mended by a newer version of the program, and an outage is not.
func TestTrustRoot_NotValid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state  fakepypi.SigstoreBehavior
		id     finding.ID
		fix    string
		copies string // what is reported where there are copies
	}{
		"wrong-signature": {
			fakepypi.SigstoreBehavior{TrustRoot: "wrong-signature"},
			finding.AttestationTrustRoot,
			"nothing was uploaded; use a newer version of this action", "use a newer version of this action",
		},
		"expired-timestamp": {
			fakepypi.SigstoreBehavior{TrustRoot: "expired-timestamp"},
			finding.AttestationTrustRoot,
			"nothing was uploaded; use a newer version of this action", "use a newer version of this action",
		},
		"expired-root": {
			fakepypi.SigstoreBehavior{TrustRoot: "expired-root"},
			finding.AttestationTrustRoot,
			"nothing was uploaded; use a newer version of this action", "use a newer version of this action",
		},
		"unavailable": {
			fakepypi.SigstoreBehavior{TrustRoot: "unavailable"}, finding.AttestationOutage, "run the job again later", "no action needed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, time.Now, c.state)
			_, err := h.Prepare(t.Context())
			all := finding.Of(err)
			if len(all) != 1 || all[0].ID != c.id || all[0].Severity != finding.Error || !strings.Contains(all[0].Fix, c.fix) {
				t.Fatalf("%+v", all)
			}
			if isOutage(err) != (c.id == finding.AttestationOutage) {
				t.Errorf("an outage: %v", isOutage(err))
			}
			_, _, err = h.refresh(t.Context(), h.servers.TUF.String(), h.servers.Root)
			warning := copiesUsed(err)
			if warning.ID != finding.AttestationTrustRoot || warning.Severity != finding.Warning ||
				!strings.Contains(warning.Fix, c.copies) {
				t.Errorf("%+v", warning)
			}
		})
	}
}

// TestTrustRoot_CopiesAge: without a way to the public instance its copies are used with one warning, whenever that is: the root that the
// program starts with ended on 2026-11-20, and the copies do not end with it.
func TestTrustRoot_CopiesAge(t *testing.T) {
	t.Parallel()
	ended := rootExpiry(t, embeddedRoot)
	for name, now := range map[string]time.Time{
		"before the root ends": ended.Add(-time.Hour),
		"an hour after":        ended.Add(time.Hour),
		"a year after":         ended.AddDate(1, 0, 0),
		"five years after":     ended.AddDate(5, 0, 0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := offline(t, now)
			for range 3 { // by several steps of one run
				at, err := h.getServices(t.Context())
				if err != nil || !at.embedded || at.rekor.Host != "rekor.sigstore.dev" || at.fulcio.Host != "fulcio.sigstore.dev" {
					t.Fatalf("%+v, %v", at, err)
				}
			}
			if len(h.notes) != 1 || h.notes[0].ID != finding.AttestationTrustRoot || h.notes[0].Severity != finding.Warning ||
				!strings.HasSuffix(h.notes[0].Fix, "let it reach tuf-repo-cdn.sigstore.dev") {
				t.Errorf("the notes are %+v", h.notes)
			}
			d, raw := realAttestation(t)
			if _, err := checkPolicy(d, raw, h.services.trusted, google); err != nil {
				t.Errorf("a real attestation does not verify with the copies: %v", err)
			}
		})
	}
}

// offline returns a signer of the public instance behind a proxy that lets nothing through, at this time.
func offline(t *testing.T, now time.Time) *harness {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(proxy.Close)
	through, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{}
	clock := func() time.Time { return now }
	client := wire.New(wire.Options{
		UserAgent: "test",
		Now:       clock,
		Sleep:     h.sleep,
		Trace:     h.trace,
		Proxy:     func(*http.Request) (*url.URL, error) { return through, nil },
	})
	redactor := secret.NewRedactor(nil)
	h.Signer = New(Options{
		Wire:   client,
		Now:    clock,
		Record: h.record,
		IDTokens: func(_ context.Context, _ string, to *url.URL) (oidc.Token, error) {
			return oidc.Token{Text: redactor.New("header.payload.signature", to)}, nil
		},
	})
	return h
}

// rootExpiry returns when a root of a TUF repository expires.
func rootExpiry(t *testing.T, root []byte) time.Time {
	t.Helper()
	var decoded struct {
		Signed struct {
			Expires time.Time `json:"expires"`
		} `json:"signed"`
	}
	if err := json.Unmarshal(root, &decoded); err != nil || decoded.Signed.Expires.IsZero() {
		t.Fatal(err)
	}
	return decoded.Signed.Expires
}

// keptRoots is a fetcher that keeps the newest root that it has downloaded.
type keptRoots struct {
	fetcher
	newest []byte
}

func (f *keptRoots) DownloadFile(path string, longest int64, timeout time.Duration) ([]byte, error) {
	text, err := f.fetcher.DownloadFile(path, longest, timeout)
	if err == nil && strings.HasSuffix(path, ".root.json") {
		f.newest = text
	}
	return text, err
}

// newestCopies returns the files of the copies, by their names in the folder sigstore, as a repository has them now: what is verified from
// the anchor on.
func newestCopies(ctx context.Context, client *wire.Client, at string, anchor []byte) (map[string][]byte, error) {
	roots := &keptRoots{fetcher: fetcher{ctx: ctx, wire: client}, newest: anchor}
	repository, err := tuf.New(&tuf.Options{
		Root: anchor, RepositoryBaseURL: at, DisableLocalCache: true, Fetcher: roots, CachePath: filepath.Join(os.DevNull, "none"),
	})
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"root.json": roots.newest}
	for _, name := range []string{"trusted_root.json", "signing_config.v0.2.json"} {
		if files[name], err = repository.GetTarget(name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// TestNewestCopies: what refreshes the copies takes the newest root and the targets, and nothing that does not verify.
func TestNewestCopies(t *testing.T) {
	t.Parallel()
	h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{TrustRoot: "renewed-root"})
	files, err := newestCopies(t.Context(), h.opts.Wire, h.servers.TUF.String(), h.servers.Root)
	if err != nil || len(files) != 3 {
		t.Fatal(err)
	}
	if bytes.Equal(files["root.json"], h.servers.Root) || !rootExpiry(t, files["root.json"]).After(time.Now()) {
		t.Errorf("the root is still %s", files["root.json"])
	}
	if !bytes.Contains(files["trusted_root.json"], []byte("certificateAuthorities")) ||
		!bytes.Contains(files["signing_config.v0.2.json"], []byte("rekorTlogUrls")) {
		t.Errorf("%s\n%s", files["trusted_root.json"], files["signing_config.v0.2.json"])
	}
	forged := newHarness(t, time.Now, fakepypi.SigstoreBehavior{TrustRoot: "wrong-signature"})
	var none map[string][]byte
	none, err = newestCopies(t.Context(), forged.opts.Wire, forged.servers.TUF.String(), forged.servers.Root)
	if err == nil || !outdated(err) || none != nil {
		t.Errorf("%d files, %v", len(none), err)
	}
	if outdated(errors.New("no route")) {
		t.Error("an outage is taken for a root that is not valid")
	}
}
