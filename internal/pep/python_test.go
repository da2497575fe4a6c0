package pep_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// TestPython compares with what packaging 24.1 said to generated texts: the normal form of a version, and whether
// a specifier set and a requirement can be read.
func TestPython(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/python.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ Kind, Text, Said string }
	if err := json.Unmarshal(text, &list); err != nil || len(list) < 800 {
		t.Fatalf("%d texts, %v", len(list), err)
	}
	for _, c := range list {
		var err error
		got := ""
		switch c.Kind {
		case "ver":
			var v pep.Version
			v, err = pep.ParseVersion(c.Text)
			got = v.String()
		case "spec":
			_, err = pep.ParseSpecifiers(c.Text)
		case "req":
			_, err = pep.ParseRequirement(c.Text)
		default:
			t.Fatalf("what is %q", c.Kind)
		}
		if err != nil {
			got = "bad"
		}
		if got != c.Said {
			t.Errorf("%s %q: %q, but Python says %q", c.Kind, c.Text, got, c.Said)
		}
	}
}
