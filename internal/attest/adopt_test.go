package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// attested is a signed set of one file.
func attested(t testing.TB) (*harness, *distfile.Distribution, Attestation) {
	t.Helper()
	h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
	files := wheels(t, 1)
	all, err := h.Sign(t.Context(), files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h, files[0], all[0]
}

func isUnverified(err error) bool {
	var not *Unverified
	return errors.As(err, &not)
}

// TestPyPI, then PyPI: the second step finds what the first has written, and signs nothing.
func TestAdopt_EarlierStep(t *testing.T) {
	t.Parallel()
	h, d, a := attested(t)
	later := New(h.opts)
	pretty := &bytes.Buffer{}
	if err := json.Indent(pretty, a.JSON, "", "  "); err != nil {
		t.Fatal(err)
	}
	got, err := later.Adopt(t.Context(), d, pretty.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if string(got.JSON) != string(a.JSON) || got.LogIndex != a.LogIndex || got.Identity != a.Identity {
		t.Errorf("adopted %+v, signed %+v", got, a)
	}
	if n := h.count(wire.LogEntry); n != 1 {
		t.Errorf("%d entries were asked for", n)
	}
}

// A left-over of another identity, file or kind is always reported as such.
func TestAdopt_Leftover(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"of another repository": func(c map[string]any) {
			c["repository"] = "octo-org/other"
			c["workflow_ref"], c["job_workflow_ref"] = "octo-org/other/.github/workflows/release.yml@refs/tags/v1.0.0",
				"octo-org/other/.github/workflows/release.yml@refs/tags/v1.0.0"
		},
		"of another spelling of the repository": func(c map[string]any) {
			c["repository"] = "octo-org/Rehearsal"
			c["workflow_ref"], c["job_workflow_ref"] = "octo-org/Rehearsal/.github/workflows/release.yml@refs/tags/v1.0.0",
				"octo-org/Rehearsal/.github/workflows/release.yml@refs/tags/v1.0.0"
		},
		"of another workflow": func(c map[string]any) {
			c["workflow_ref"], c["job_workflow_ref"] = "octo-org/rehearsal/.github/workflows/other.yml@refs/tags/v1.0.0",
				"octo-org/rehearsal/.github/workflows/other.yml@refs/tags/v1.0.0"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, d, a := attested(t)
			h.servers.Claims(change)
			_, err := New(h.opts).Adopt(t.Context(), d, a.JSON)
			if !isUnverified(err) || !strings.Contains(err.Error(), "a different identity") {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("of the same workflow at another ref", func(t *testing.T) {
		t.Parallel()
		h, d, a := attested(t)
		h.servers.Claims(func(c map[string]any) {
			c["ref"] = "refs/tags/v1.0.1"
			c["workflow_ref"], c["job_workflow_ref"] = "octo-org/rehearsal/.github/workflows/release.yml@refs/tags/v1.0.1",
				"octo-org/rehearsal/.github/workflows/release.yml@refs/tags/v1.0.1"
		})
		if _, err := New(h.opts).Adopt(t.Context(), d, a.JSON); err != nil {
			t.Errorf("the index takes it: %v", err)
		}
	})
	t.Run("of another file or none", func(t *testing.T) {
		t.Parallel()
		h, d, a := attested(t)
		other := *d
		other.Digests.SHA256[0] ^= 1
		_, genuine := realAttestation(t)
		for name, row := range map[string]struct {
			d   *distfile.Distribution
			raw []byte
		}{
			"other bytes": {&other, a.JSON}, "empty": {d, nil}, "not JSON": {d, []byte("{")}, "another instance": {d, genuine},
			"a list of it": {d, Field([]Attestation{a})}, "very long": {d, bytes.Repeat([]byte(" "), longest+1)},
			"deep": {d, bytes.Repeat([]byte("["), 100_000)},
		} {
			if _, err := h.Adopt(t.Context(), row.d, row.raw); !isUnverified(err) || !strings.Contains(err.Error(), d.Name) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("while the trust root is unavailable", func(t *testing.T) {
		t.Parallel()
		h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{TrustRoot: "unavailable"})
		if _, err := h.Adopt(t.Context(), wheels(t, 1)[0], []byte("{}")); isUnverified(err) || !isOutage(err) {
			t.Errorf("%v", err)
		}
	})
}

// The file types that the index takes attestations for.
func TestSign_FileTypes(t *testing.T) {
	t.Parallel()
	h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
	dir := t.TempDir()
	zipped := wheel(t, filepath.Join(dir, "sample_project-1.0.zip"))
	source := filepath.Join(dir, "sampleproject-3.0.0.tar.gz")
	raw, err := os.ReadFile(realFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(source, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	sdist, err := distfile.Read(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := h.Sign(t.Context(), append(wheels(t, 1), zipped, sdist), nil); err != nil || len(all) != 3 {
		t.Errorf("%d attestations: %v", len(all), err)
	}
}

// Every row of the table of statements, signed for real (docs/reference/attestations.md §1.3).
func TestVerify_Statements(t *testing.T) {
	t.Parallel()
	h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
	d := wheel(t, filepath.Join(t.TempDir(), statementWheel))
	r, with, found := h.begin(t)
	for name, row := range statementRows() {
		_, err := r.signed(t, h, bundle.IntotoMediaType, []byte(row.change(string(statement(d)))), with, found, d)
		if (err == nil) != row.accepted {
			t.Errorf("%s: accepted: %v (%v)", name, err == nil, err)
		}
	}
	// The signature is good, and it is of something else than a statement.
	if _, err := r.signed(t, h, "application/json", statement(d), with, found, d); err == nil {
		t.Error("another type of payload is accepted")
	}
}

// begin makes a key with a certificate.
func (h *harness) begin(t *testing.T) (*signing, *certificate, *services) {
	t.Helper()
	r, err := h.Signer.begin()
	if err != nil {
		t.Fatal(err)
	}
	with, err := r.certificate(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	found, err := h.getServices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r, with, found
}

// signed signs anything, and checks it.
func (r *signing) signed(
	t *testing.T, h *harness, payloadType string, payload []byte, with *certificate, found *services, d *distfile.Distribution,
) (*protobundle.Bundle, error) {
	t.Helper()
	b, err := r.seal(with, payloadType, payload)
	if err != nil {
		t.Fatal(err)
	}
	if err := (entry{h.Signer, found, with}).add(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	text, err := encode(b)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.verify(found, d, text, h.identity(h.claims(t)))
	return b, err
}

// provenance is what an index serves of a file with these attestations.
func provenance(all ...string) []byte {
	return fmt.Appendf(nil,
		`{"version":1,"attestation_bundles":[{"publisher":{"kind":"GitHub","repository":"octo-org/rehearsal","workflow":"release.yml","environment":null},"attestations":[%s]}]}`,
		strings.Join(all, ","))
}

func TestVerify_ServedByIndex(t *testing.T) {
	t.Parallel()
	h, d, a := attested(t)
	again, err := h.Sign(t.Context(), []*distfile.Distribution{d}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ours, other := string(a.JSON), string(again[0].JSON)
	var spelled tree
	if err := json.Unmarshal(a.JSON, &spelled); err != nil {
		t.Fatal(err)
	}
	second(spelled)
	respelled, _ := json.MarshalIndent(spelled, "", " ")
	changed := *d
	changed.Digests.SHA256[3] ^= 1
	for name, row := range map[string]struct {
		d      *distfile.Distribution
		served []byte
		want   []Attestation
		fine   bool
	}{
		"ours":                    {d, provenance(ours), []Attestation{a}, true},
		"ours beside another":     {d, provenance(other, ours), []Attestation{a}, true},
		"ours, spelled otherwise": {d, provenance(string(respelled)), []Attestation{a}, true},
		"ours in the second bundle": {
			d, bytes.Replace(provenance(ours), []byte(`[{"publisher"`), []byte(`[{"attestations":[]},{"publisher"`), 1),
			[]Attestation{a},
			true,
		},
		"both":                        {d, provenance(other, ours), []Attestation{a, again[0]}, true},
		"nothing, and nothing wanted": {d, provenance(), nil, true},
		"another":                     {d, provenance(other), []Attestation{a}, false},
		"one of two":                  {d, provenance(ours), []Attestation{a, again[0]}, false},
		"none":                        {d, provenance(), []Attestation{a}, false},
		"junk":                        {d, provenance(`{"junk":1}`), []Attestation{a}, false},
		"no bundles":                  {d, []byte(`{"version":1}`), []Attestation{a}, false},
		"another version": {
			d, bytes.Replace(provenance(ours), []byte(`"version":1`), []byte(`"version":2`), 1), []Attestation{a}, false,
		},
		"not JSON":       {d, []byte("<html>"), []Attestation{a}, false},
		"of other bytes": {&changed, provenance(ours), []Attestation{a}, false},
	} {
		err := h.Verify(t.Context(), row.d, row.served, row.want)
		if (err == nil) != row.fine || err != nil && !isUnverified(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
