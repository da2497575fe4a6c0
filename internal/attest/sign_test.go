package attest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

func TestSign_OnePerFile(t *testing.T) {
	t.Parallel()
	for name, behavior := range map[string]fakepypi.SigstoreBehavior{
		"of a log that is in use":  {},
		"the first of a fresh log": {FreshLog: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, time.Now, behavior)
			files := wheels(t, 9)
			var mu sync.Mutex
			decoded := map[int]Attestation{}
			all, err := h.Sign(t.Context(), files, func(i int, a Attestation) {
				mu.Lock()
				defer mu.Unlock()
				decoded[i] = a
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(all) != len(files) || len(decoded) != len(files) {
				t.Fatalf("%d attestations, and %d recorded, for %d files", len(all), len(decoded), len(files))
			}
			if n := h.count(wire.Certificate); n != 1 {
				t.Errorf("%d certificates were asked for", n)
			}
			c := h.claims(t)
			for i, a := range all {
				if string(decoded[i].JSON) != string(a.JSON) {
					t.Errorf("another attestation was recorded for file %d", i)
				}
				if want := github + c.WorkflowRef; a.Identity != want || a.SHA256 != subjectSum(files[i]) || a.LogURL != "" {
					t.Errorf("attestation %d is %+v, want the identity %s", i, a, want)
				}
				if _, err := h.Adopt(t.Context(), files[i], a.JSON); err != nil {
					t.Errorf("file %d: %v", i, err)
				}
				checkForm(t, files[i].Name, a)
			}
		})
	}
}

// checkForm reads the JSON as any other client would (docs/reference/attestations.md §1.1).
func checkForm(t *testing.T, name string, a Attestation) {
	t.Helper()
	var form struct {
		Version  int `json:"version"`
		Material struct {
			Certificate string           `json:"certificate"`
			Entries     []map[string]any `json:"transparency_entries"`
		} `json:"verification_material"`
		Envelope struct{ Statement, Signature string }
	}
	if err := json.Unmarshal(a.JSON, &form); err != nil {
		t.Fatal(err)
	}
	if form.Version != 1 || len(form.Material.Entries) != 1 {
		t.Fatalf("the form is %+v", form)
	}
	e := form.Material.Entries[0]
	proof, _ := e["inclusionProof"].(map[string]any)
	for what, value := range map[string]any{
		"logIndex":         e["logIndex"],
		"integratedTime":   e["integratedTime"],
		"proof's logIndex": proof["logIndex"],
		"treeSize":         proof["treeSize"],
	} {
		if _, ok := value.(string); !ok {
			t.Errorf("%s is %#v, not text", what, value)
		}
	}
	if _, ok := proof["hashes"].([]any); !ok {
		t.Errorf("hashes is %#v", proof["hashes"])
	}
	statement, err := base64.StdEncoding.DecodeString(form.Envelope.Statement)
	want := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":%q,"digest":{"sha256":%q}}],`+
		`"predicateType":"https://docs.pypi.org/attestations/publish/v1","predicate":null}`, name, a.SHA256)
	if err != nil || string(statement) != want {
		t.Errorf("the statement is %s, %v; want %s", statement, err, want)
	}
	raw, err := a.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(raw); err != nil {
		t.Errorf("the library does not read our bundle: %v", err)
	}
}

func TestSign_NoFiles(t *testing.T) {
	t.Parallel()
	h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
	all, err := h.Sign(t.Context(), nil, nil)
	if err != nil || all != nil || len(h.tries) > 0 {
		t.Errorf("%v, %v, after %d requests", all, err, len(h.tries))
	}
}
