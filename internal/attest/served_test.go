package attest

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// TestServed: a later job, which has no ID token, takes the attestations of the file from the index's provenance, and believes
// none that is of other bytes or of another repository.
func TestServed(t *testing.T) {
	t.Parallel()
	h, d, a := attested(t)
	again, err := h.Sign(t.Context(), []*distfile.Distribution{d}, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.servers.Claims(func(c map[string]any) {
		for _, name := range []string{"repository", "workflow_ref", "job_workflow_ref", "sub"} {
			c[name] = strings.Replace(c[name].(string), "octo-org/rehearsal", "octo-org/before", 1)
		}
	})
	moved, err := New(h.opts).Sign(t.Context(), []*distfile.Distribution{d}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ours, other, before := string(a.JSON), string(again[0].JSON), string(moved[0].JSON)
	changed := *d
	changed.Digests.SHA256[3] ^= 1
	const repository = "octo-org/rehearsal"
	for name, row := range map[string]struct {
		d          *distfile.Distribution
		served     []byte
		repository string
		want       []Attestation // nil: it does not hold
	}{
		"one":                           {d, provenance(ours), repository, []Attestation{a}},
		"two":                           {d, provenance(other, ours), repository, []Attestation{again[0], a}},
		"in the case that a user types": {d, provenance(ours), "Octo-Org/Rehearsal", []Attestation{a}},
		"one of them from before the project moved": {d, provenance(before, ours), repository, []Attestation{a}},
		"all of them from before":                   {d, provenance(before), repository, nil},
		"of another repository":                     {d, provenance(ours), "octo-org/rehearsal-2", nil},
		"of a part of its name":                     {d, provenance(ours), "octo-org/rehears", nil},
		"of no repository":                          {d, provenance(ours), "", nil},
		"of other bytes":                            {&changed, provenance(ours), repository, nil},
		"one of them is junk":                       {d, provenance(ours, `{"junk":1}`), repository, nil},
		"another version":                           {d, []byte(`{"version":2,"attestation_bundles":[]}`), repository, nil},
		"not JSON":                                  {d, []byte("<html>"), repository, nil},
	} {
		later := New(h.opts)
		later.opts.IDTokens = func(context.Context, string, *url.URL) (oidc.Token, error) {
			t.Errorf("%s: an ID token was asked for", name)
			return oidc.Token{}, nil
		}
		got, err := later.Served(t.Context(), row.d, row.served, row.repository)
		if (err == nil) != (row.want != nil) || err != nil && !isUnverified(err) || len(got) != len(row.want) {
			t.Errorf("%s: %d attestations, %v", name, len(got), err)
			continue
		}
		for i, want := range row.want {
			if string(got[i].JSON) != string(want.JSON) || got[i].Predicate != want.Predicate || got[i].LogIndex != want.LogIndex {
				t.Errorf("%s: got %+v, want %+v", name, got[i], want)
			}
		}
	}
	if n := h.count(wire.LogEntry); n != 3 {
		t.Errorf("%d entries were asked for", n)
	}
	if _, err := New(h.opts).Served(t.Context(), d, provenance(), repository); err != nil {
		t.Errorf("a provenance without attestations: %v", err)
	}
}
