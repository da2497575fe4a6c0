package stdlib

import (
	"regexp"
	"testing"
)

func TestHas(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"os": true, "os-path": true, "xml-etree": true, "future": true, "carbon": true, "carbon-ae": true, "asyncio": true,
		"ae": false, "": false, "requests": false, "os.path": false, "XML": false,
	} {
		if Has(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// TestTable: every name is normalized, so that it can be found.
func TestTable(t *testing.T) {
	t.Parallel()
	normal := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	for name := range names() {
		if !normal.MatchString(name) {
			t.Errorf("%q is not normalized", name)
		}
	}
	if len(names()) < 1000 {
		t.Errorf("only %d modules", len(names()))
	}
}
