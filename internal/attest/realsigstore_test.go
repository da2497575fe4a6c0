//go:build sigstore

package attest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	fulcio "github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// The run that the issuer of .ci/sigstore knows.
const (
	realRepository = "octo-org/octo-repo"
	realWorkflow   = realRepository + "/.github/workflows/release.yml"
	realRef        = "refs/tags/v1.0.0"
	realCommit     = "1f2e3d4c5b6a79880716253443526170a9b8c7d6"
	realName       = "https://github.com/" + realWorkflow + "@" + realRef
	realIssuer     = "https://token.actions.githubusercontent.com"
)

// realSigstore is Fulcio and Rekor as released, started by .ci/sigstore/run, which sets their addresses in the environment.
type realSigstore struct {
	tuf, tokens *url.URL
	root        []byte

	mu       sync.Mutex
	tries    map[wire.Op][]time.Duration // of each request that was answered
	statuses map[wire.Op][]int
	report   strings.Builder
}

func newRealSigstore(t *testing.T) *realSigstore {
	t.Helper()
	address := func(name string) *url.URL {
		u, err := url.Parse(os.Getenv(name))
		if err != nil || u.Host == "" {
			t.Fatalf("%s is no address: this test is run by .ci/sigstore/run", name)
		}
		return u
	}
	anchor, err := os.ReadFile(os.Getenv("SIGSTORE_TUF_ROOT"))
	if err != nil {
		t.Fatal(err)
	}
	return &realSigstore{
		tuf: address("SIGSTORE_TUF_URL"), tokens: address("SIGSTORE_TOKEN_URL"), root: anchor,
		tries: map[wire.Op][]time.Duration{}, statuses: map[wire.Op][]int{},
	}
}

// logf writes a line of the report that the script prints at the end.
func (r *realSigstore) logf(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Logf(format, args...)
	fmt.Fprintf(&r.report, format+"\n", args...)
}

// signer is a new run. The claims replace those of its ID tokens; `audience` too.
func (r *realSigstore) signer(claims url.Values) *Signer {
	return New(Options{
		Wire: wire.New(wire.Options{UserAgent: "pypi-oidc-publish/test", Now: time.Now, Sleep: r.sleep, Trace: r.count}),
		TUF:  r.tuf, Root: r.root, Now: time.Now,
		IDTokens: func(ctx context.Context, audience string, to *url.URL) (oidc.Token, error) {
			return r.idToken(ctx, audience, to, claims)
		},
	})
}

// sleep waits between tries.
func (r *realSigstore) sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

func (r *realSigstore) count(try wire.Try) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries[try.Op] = append(r.tries[try.Op], try.Took)
	r.statuses[try.Op] = append(r.statuses[try.Op], try.Status)
}

// answered returns how long each request of the kind took.
func (r *realSigstore) answered(op wire.Op) []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.tries[op])
}

// answers returns the status of each request of the kind.
func (r *realSigstore) answers(op wire.Op) []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.statuses[op])
}

func (r *realSigstore) idToken(ctx context.Context, audience string, to *url.URL, claims url.Values) (oidc.Token, error) {
	query := url.Values{"audience": {audience}}
	for name, value := range claims {
		query[name] = value
	}
	at := *r.tokens
	at.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return oidc.Token{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return oidc.Token{}, err
	}
	defer response.Body.Close()
	var token struct{ Value string }
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&token); err != nil {
		return oidc.Token{}, err
	}
	read, err := oidc.ParseClaims(token.Value)
	return oidc.Token{Text: secret.NewRedactor(func(string) {}).New(token.Value, to), Claims: read}, err
}

// distribution makes a file with the name. What is in it does not matter to an attestation.
func (r *realSigstore) distribution(t *testing.T, name string) *distfile.Distribution {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("the bytes of "+name), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := distfile.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestRealSigstore signs against the real Fulcio and Rekor, in one sequence: the first entry must be the log's first.
func TestRealSigstore(t *testing.T) {
	r := newRealSigstore(t)
	release := r.signsARelease(t)
	t.Run("the library verifies them", func(t *testing.T) { r.libraryVerifies(t, release) })
	t.Run("another library verifies them", func(t *testing.T) { r.anotherLibraryVerifies(t, release) })
	t.Run("the test index verifies them", r.indexVerifies)
	t.Run("another run adopts them", func(t *testing.T) { r.anotherRunAdopts(t, release) })
	t.Run("formats", r.formats)
	t.Run("statements", r.statements)
	t.Run("identities", r.identities)
	t.Run("the same entry twice", r.sameEntryTwice)
	t.Run("refusals", r.refusals)
	if path := os.Getenv("SIGSTORE_REPORT"); path != "" && !t.Failed() {
		if err := os.WriteFile(path, []byte(r.report.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// realSigned is a file with its attestation.
type realSigned struct {
	*distfile.Distribution
	Attestation
}

// signsARelease signs as many files as need several workers and an inclusion proof of several levels.
func (r *realSigstore) signsARelease(t *testing.T) (release []realSigned) {
	t.Run("a release is signed", func(t *testing.T) {
		first, err := distfile.Read(t.Context(), realFile)
		if err != nil {
			t.Fatal(err)
		}
		files := []*distfile.Distribution{
			first,
			r.distribution(t, "Sample_Project-1.0-py3-none-any.whl"),
			r.distribution(t, "sample_project-1.0-1build-cp312.cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
			r.distribution(t, "Sample.Project-1.0.zip"),
		}
		for n := range 28 {
			files = append(files, r.distribution(t, fmt.Sprintf("many-1.%d-py3-none-any.whl", n)))
		}
		began := time.Now()
		all, err := r.signer(nil).Sign(t.Context(), files, nil)
		took := time.Since(began)
		if err != nil {
			t.Fatal(err)
		}
		certificates, entries := r.answered(wire.Certificate), r.answered(wire.LogEntry)
		if len(certificates) != 1 || len(entries) != len(files) {
			t.Errorf("%d certificates and %d log entries were asked for, want 1 and %d", len(certificates), len(entries), len(files))
		}
		indices := map[int64]bool{}
		for i, a := range all {
			indices[a.LogIndex] = true
			release = append(release, realSigned{files[i], a})
		}
		if len(indices) != len(files) || !indices[0] {
			t.Errorf("the log gave the indices %v, want %d different ones from 0 on", indices, len(files))
		}
		slices.SortFunc(release, func(a, b realSigned) int { return int(a.LogIndex - b.LogIndex) })
		slices.Sort(entries)
		r.logf(t, "%d files signed in %v: 1 certificate (%v), %d entries by %d workers, each %v to %v, half of them within %v",
			len(files), r.round(took), r.round(certificates[0]), len(entries), defaultWorkers,
			r.round(entries[0]), r.round(entries[len(entries)-1]), r.round(entries[len(entries)/2]))
	})
	return release
}

func (r *realSigstore) round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// stock is a TUF client of the library's own.
func (r *realSigstore) stock(t *testing.T) *tuf.Client {
	t.Helper()
	client, err := tuf.New(&tuf.Options{Root: r.root, RepositoryBaseURL: r.tuf.String(), DisableLocalCache: true, CachePath: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// libraryVerifies asks sigstore-go alone, with a trust root that it fetched itself, about the bundles.
func (r *realSigstore) libraryVerifies(t *testing.T, release []realSigned) {
	trusted, err := root.GetTrustedRoot(r.stock(t))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := verify.NewVerifier(trusted,
		verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithIntegratedTimestamps(1))
	if err != nil {
		t.Fatal(err)
	}
	name, err := verify.NewSANMatcher(realName, "")
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := verify.NewIssuerMatcher(realIssuer, "")
	if err != nil {
		t.Fatal(err)
	}
	who, err := verify.NewCertificateIdentity(name, issuer, fulcio.Extensions{
		SourceRepositoryURI: "https://github.com/" + realRepository,
		BuildConfigURI:      realName,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range release {
		text, err := one.Bundle()
		if err != nil {
			t.Fatal(err)
		}
		var b bundle.Bundle
		if err := b.UnmarshalJSON(text); err != nil {
			t.Fatalf("%s: %v", one.Name, err)
		}
		if _, err := verifier.Verify(&b, verify.NewPolicy(
			verify.WithArtifactDigest("sha256", one.Digests.SHA256[:]), verify.WithCertificateIdentity(who),
		)); err != nil {
			t.Errorf("%s (entry %d): %v", one.Name, one.LogIndex, err)
		}
		if _, err := verifier.Verify(&b, verify.NewPolicy(
			verify.WithArtifactDigest("sha256", make([]byte, 32)), verify.WithCertificateIdentity(who),
		)); err == nil {
			t.Errorf("%s: verified for other bytes", one.Name)
		}
	}
	r.logf(t, "%d bundles verified by sigstore-go with its own TUF client: certificate timestamp, inclusion proof, promise and identity",
		len(release))
}

// anotherLibraryVerifies asks Sigstore's JavaScript library, by .ci/sigstore/second/verify.mjs.
func (r *realSigstore) anotherLibraryVerifies(t *testing.T, release []realSigned) {
	script := os.Getenv("SIGSTORE_SECOND")
	if script == "" {
		t.Skip("SIGSTORE_SECOND names no script: .ci/sigstore/run found no node")
	}
	type file struct {
		Bundle  string `json:"bundle"`
		Subject string `json:"subject"`
		SHA256  string `json:"sha256"`
	}
	folder := t.TempDir()
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trusted, err := r.stock(t).GetTarget("trusted_root.json")
	if err != nil {
		t.Fatal(err)
	}
	write("trusted_root.json", trusted)
	var files []file
	for n, one := range release {
		b, err := one.Bundle()
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%d.sigstore.json", n)
		write(name, b)
		files = append(files, file{name, one.Name, subjectSum(one.Distribution)})
	}
	expected, err := json.Marshal(map[string]any{"name": realName, "issuer": realIssuer, "files": files})
	if err != nil {
		t.Fatal(err)
	}
	write("expected.json", expected)
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	output, err := exec.CommandContext(ctx, "node", script, folder).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	r.logf(t, "Sigstore's JavaScript library: %s", strings.TrimSpace(string(output)))
}

// anotherRunAdopts is a run that finds attestations beside its files, and one that reads them back from an index.
func (r *realSigstore) anotherRunAdopts(t *testing.T, release []realSigned) {
	s := r.signer(nil)
	for _, one := range release {
		adopted, err := s.Adopt(t.Context(), one.Distribution, one.JSON)
		if err != nil {
			t.Errorf("%s: %v", one.Name, err)
		}
		if string(adopted.JSON) != string(one.JSON) {
			t.Errorf("%s: the adopted attestation has another form", one.Name)
		}
		provenance := fmt.Sprintf(`{"version":1,"attestation_bundles":[{"publisher":{"kind":"GitHub"},"attestations":[%s]}]}`, one.JSON)
		if err := s.Verify(t.Context(), one.Distribution, []byte(provenance), []Attestation{one.Attestation}); err != nil {
			t.Errorf("%s: read back: %v", one.Name, err)
		}
	}
	var unverified *Unverified
	if _, err := s.Adopt(t.Context(), release[0].Distribution, release[1].JSON); !errors.As(err, &unverified) {
		t.Errorf("an attestation of another file: %v", err)
	}
	outsider := r.signer(url.Values{"repository": {"octo-org/other"}})
	if _, err := outsider.Adopt(t.Context(), release[0].Distribution, release[0].JSON); !errors.As(err, &unverified) {
		t.Errorf("an attestation of another repository: %v", err)
	}
}

// sameEntryTwice sends the same bytes twice, as after an answer that was lost: Rekor answers the second one with 409 and
// where the entry is, and it must be read from there.
func (r *realSigstore) sameEntryTwice(t *testing.T) {
	d := wheels(t, 1)[0]
	by := r.signing(t, nil)
	b := by.bundle(t, statement(d))
	posted, got := len(r.answers(wire.LogEntry)), len(r.answers(wire.LogLookup))
	var texts []string
	for range 2 {
		b.VerificationMaterial.TlogEntries = nil
		if err := by.entry(t).add(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		text, err := encode(b)
		if err != nil {
			t.Fatal(err)
		}
		if accepted, why := r.accepts(t, by.Signer, d, text); !accepted {
			t.Fatal(why)
		}
		texts = append(texts, string(text))
	}
	index := regexp.MustCompile(`"logIndex":"\d+"`)
	if first, second := index.FindString(texts[0]), index.FindString(texts[1]); first != second {
		t.Errorf("two entries: %s and %s", first, second)
	}
	posts, gets := r.answers(wire.LogEntry)[posted:], r.answers(wire.LogLookup)[got:]
	if !slices.Equal(posts, []int{http.StatusCreated, http.StatusConflict}) || !slices.Contains(gets, http.StatusOK) {
		t.Errorf("the posts were answered %d and the queries %d", posts, gets)
	}
	r.logf(t, "the same entry sent twice: answered %d, then got from where the log pointed (%d), both verified", posts, gets)
}

// refusals are Fulcio's own words, and what we make of them.
func (r *realSigstore) refusals(t *testing.T) {
	d := r.distribution(t, "refused-1.0-py3-none-any.whl")
	for name, row := range map[string]struct {
		claims url.Values
		id     finding.ID
		says   []string
	}{
		"another audience": {url.Values{"audience": {"pypi"}}, "attestation-identity-refused", []string{
			`aud "pypi"`, "There was an error processing the identity token",
		}},
		"another issuer": {
			url.Values{"iss": {"https://issuer.example"}}, "attestation-identity-refused", []string{`iss "https://issuer.example"`},
		},
		"a reusable workflow": {
			url.Values{"job_workflow_ref": {realRepository + "/.github/workflows/called.yml@" + realRef}},
			"attestation-reusable-workflow",
			[]string{"called.yml", "release.yml"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.signer(row.claims).Sign(t.Context(), []*distfile.Distribution{d}, nil)
			var problem finding.Finding
			if !errors.As(err, &problem) || problem.ID != row.id {
				t.Fatalf("got %v, want a finding %s", err, row.id)
			}
			for _, part := range row.says {
				if !strings.Contains(problem.Message, part) {
					t.Errorf("%q does not say %q", problem.Message, part)
				}
			}
			var down *Outage
			if errors.As(err, &down) {
				t.Errorf("a refusal is taken for an outage: %v", err)
			}
		})
	}
	t.Run("an expired token", func(t *testing.T) {
		by, err := r.signer(url.Values{"exp": {"-2s"}, "iat": {"-5m"}}).begin()
		if err != nil {
			t.Fatal(err)
		}
		_, err = by.certificate(t.Context(), nil)
		var problem finding.Finding
		if !errors.As(err, &problem) || !strings.Contains(problem.Message, "fulcio's clock says") {
			t.Errorf("got %v, want Fulcio's refusal beside its clock", err)
		}
	})
}
