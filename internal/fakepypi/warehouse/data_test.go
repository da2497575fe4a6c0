package warehouse

import (
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// TestTables: the tables are whole, and of the deprecated classifiers each replacement is one to use.
func TestTables(t *testing.T) {
	t.Parallel()
	table, err := classifiers()
	if err != nil || len(table.valid) < 887 || len(table.deprecated) < 8 {
		t.Fatalf("%d and %d classifiers, %v", len(table.valid), len(table.deprecated), err)
	}
	for old, instead := range table.deprecated {
		for _, name := range append([]string{}, instead...) {
			if !table.valid[name] || table.valid[old] {
				t.Errorf("%q is to be replaced by %q", old, name)
			}
		}
	}
	names := standardLibrary()
	for name, want := range map[string]bool{
		"os": true, "os.path": true, "XML_etree": true, "future": true, "carbon": true, "carbon-ae": true, "ae": false, "": false, "requests": false,
	} {
		if names[pep.Normalize(name)] != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
