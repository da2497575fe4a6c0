package pep_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep/stdlib"
)

func TestStdlib(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"os": true, "os-path": true, "xml-etree": true, "future": true, "carbon": true, "carbon-ae": true, "asyncio": true,
		"ae": false, "": false, "requests": false, "os.path": false, "XML": false,
	} {
		if stdlib.Has(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// TestStdlib_Table: every name of the table is normalized, so that it can be found.
func TestStdlib_Table(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("stdlib/modules.txt")
	if err != nil {
		t.Fatal(err)
	}
	normal := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	count := 0
	for line := range strings.Lines(string(table)) {
		count++
		if name := strings.TrimSuffix(line, "\n"); !normal.MatchString(name) || !stdlib.Has(name) {
			t.Errorf("%q is not normalized, or is not found", name)
		}
	}
	if count < 1000 {
		t.Errorf("only %d modules", count)
	}
}

// TestStdlib_Source: the table is the one that the README describes, and of the day that it says.
func TestStdlib_Source(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("stdlib/README.md")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("stdlib/modules.txt")
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
