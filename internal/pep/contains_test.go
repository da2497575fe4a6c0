package pep_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestSpecifiers_Contains holds the verdicts of the reference library: testdata/contains.json names it.
func TestSpecifiers_Contains(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/contains.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Versions []string
		Rows     []struct {
			Specifiers string
			Contains   []string
		}
	}
	if err := json.Unmarshal(text, &table); err != nil || len(table.Rows) < 30 {
		t.Fatal(len(table.Rows), err)
	}
	for _, row := range table.Rows {
		set, err := pep.ParseSpecifiers(row.Specifiers)
		if err != nil {
			t.Errorf("%s: %v", row.Specifiers, err)
			continue
		}
		for _, version := range table.Versions {
			if got, want := set.Contains(version1(t, version)), slices.Contains(row.Contains, version); got != want {
				t.Errorf("%s contains %s: got %v, want %v", row.Specifiers, version, got, want)
			}
		}
	}
	expect.Equal(t, "an empty set", pep.Specifiers{}.Contains(version1(t, "1.0")), true)
	expect.Equal(t, "a clause without a version", pep.Specifiers{{Operator: ">=", Version: "x"}}.Contains(version1(t, "1.0")), false)
}

func TestVersion_SameSeries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1.4.2", "1.4.3", true},
		{"1.4", "1.4.3", true},
		{"1.4.2", "1.5", false},
		{"1", "1.0.1", true},
		{"1", "1.1", false},
		{"1!1.4", "1.4", false},
		{"2026.11.30", "2026.11", true},
	} {
		expect.Equal(t, c.a+" and "+c.b, version1(t, c.a).SameSeries(version1(t, c.b), 2), c.want)
		expect.Equal(t, c.b+" and "+c.a, version1(t, c.b).SameSeries(version1(t, c.a), 2), c.want)
	}
}

func version1(t *testing.T, text string) pep.Version {
	t.Helper()
	v, err := pep.ParseVersion(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
