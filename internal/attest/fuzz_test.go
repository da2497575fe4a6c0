package attest

import (
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
)

// FuzzAttestation: any file next to a distribution is checked without a panic, and what is taken is read back the same.
func FuzzAttestation(f *testing.F) {
	d, raw := realAttestation(f)
	trusted := publicRoot(f)
	f.Add(raw)
	f.Add([]byte(`{"version":1,"verification_material":{"transparency_entries":[{}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := checkPolicy(d, text, trusted, google)
		if err != nil {
			return
		}
		again, err := checkPolicy(d, a.JSON, trusted, google)
		if err != nil || string(again.JSON) != string(a.JSON) {
			t.Errorf("what was made of it is not stable: %v", err)
		}
		if _, err := a.Bundle(); err != nil {
			t.Error(err)
		}
	})
}

// FuzzLogEntry: an arbitrary log entry inside an otherwise correct bundle never makes the library panic.
func FuzzLogEntry(f *testing.F) {
	d, raw := realAttestation(f)
	trusted := publicRoot(f)
	whole, err := decode(raw)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole.GetVerificationMaterial().GetTlogEntries()[0].GetCanonicalizedBody(), entryKind, entryVersion)
	f.Fuzz(func(t *testing.T, body []byte, kind, version string) {
		b, err := decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		b.VerificationMaterial.TlogEntries[0].CanonicalizedBody = body
		b.VerificationMaterial.TlogEntries[0].KindVersion.Kind = kind
		b.VerificationMaterial.TlogEntries[0].KindVersion.Version = version
		if verifyBundle(b, d, trusted, google) == nil {
			text, err := encode(b)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := checkPolicy(d, text, trusted, google); err == nil && again.LogIndex != 125970014 {
				t.Error("another entry is accepted")
			}
		}
	})
}

// FuzzProvenance: any answer of the index is read without a panic.
func FuzzProvenance(f *testing.F) {
	_, raw := realAttestation(f)
	f.Add([]byte(`{"version":1,"attestation_bundles":[{"attestations":[` + string(raw) + `]}]}`))
	f.Add([]byte(`{"version":1,"attestation_bundles":[null,{"attestations":null}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := readProvenance(text)
		if err != nil {
			return
		}
		for _, one := range all {
			if b, err := decode(one); err == nil {
				if _, err := encode(b); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// FuzzServiceResponses: what Fulcio and Rekor send is read without a panic.
func FuzzServiceResponses(f *testing.F) {
	f.Add([]byte(
		`{"signedCertificateEmbeddedSct":{"chain":{"certificates":["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]}}}`))
	f.Add([]byte(
		`{"0f":{"body":"e30=","integratedTime":1,"logID":"0f","logIndex":0,"verification":{"signedEntryTimestamp":"AA==","inclusionProof":{"hashes":["0f"],"rootHash":"0f"}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if leaf, err := readLeaf(text); err == nil && leaf == nil {
			t.Error("neither certificate nor error")
		}
		if e, err := readEntry(text); err == nil && e == nil {
			t.Error("neither entry nor error")
		}
	})
}

// What is signed once is the same for all: many sets of one signer at the same time share its trust root and token.
func TestSign_Concurrent(t *testing.T) {
	t.Parallel()
	h := newHarness(t, time.Now, fakepypi.SigstoreBehavior{})
	done := make(chan error)
	for range 4 {
		files := wheels(t, 3)
		go func() {
			_, err := h.Sign(t.Context(), files, nil)
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
