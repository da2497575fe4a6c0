package stdlib

import (
	"crypto/sha256"
	"fmt"
	"os"
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

// TestSource: the table is the one that the README describes, and of the day that it says.
func TestSource(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("modules.txt")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `modules.txt` \\| .+ \\| (20\\d\\d-\\d\\d-\\d\\d) \\| `([0-9a-f]{64})` \\|$").
		FindStringSubmatch(string(readme))
	if row == nil {
		t.Fatal("README.md has no row of modules.txt with a date and a SHA-256")
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(table)); sum != row[2] {
		t.Errorf("modules.txt has the SHA-256 %s, and README.md says %s: make both with refresh.sh", sum, row[2])
	}
}
