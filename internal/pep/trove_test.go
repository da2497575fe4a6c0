package pep_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/pep/trove"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

func TestTrove_Lookup(t *testing.T) {
	t.Parallel()
	for classifier, want := range map[string]struct {
		status  trove.Status
		instead []string
	}{
		"Programming Language :: Python :: 3":      {trove.Valid, nil},
		"programming language :: python :: 3":      {trove.Unknown, nil},
		" Programming Language :: Python :: 3":     {trove.Unknown, nil},
		"Private :: Do Not Upload":                 {trove.Unknown, nil},
		"Natural Language :: Ukranian":             {trove.Deprecated, []string{"Natural Language :: Ukrainian"}},
		"License :: OSI Approved :: X.Net License": {trove.Deprecated, nil},
		"": {trove.Unknown, nil},
		"as-of " + trove.AsOf().Format(time.DateOnly):        {trove.Unknown, nil},
		"valid Programming Language :: Python :: 3":          {trove.Unknown, nil},
		"License :: OSI Approved :: Apache Software License": {trove.Valid, nil},
		"Programming Language :: Python :: 3.16":             {trove.Valid, nil},
		"Framework :: Django CMS :: 4.2":                     {trove.Deprecated, []string{"Framework :: Django CMS :: 5.0"}},
	} {
		if status, instead := trove.Lookup(classifier); status != want.status || !reflect.DeepEqual(instead, want.instead) {
			t.Errorf("%q: %v %q", classifier, status, instead)
		}
	}
}

// TestTrove_Refused: what continues a family may be added any day, what is private will not, and anything else may be after the day of the
// table.
func TestTrove_Refused(t *testing.T) {
	t.Parallel()
	for classifier, want := range map[string][2]bool{ // on the day of the table, and later
		"Programming Language :: Python :: 3.17":  {false, false},
		"Programming Language :: Python :: 3.18":  {false, false},
		"Programming Language :: Python :: 3.19":  {true, false},
		"Programming Language :: Python :: 3.99":  {true, false},
		"Framework :: Odoo :: 21.0":               {false, false},
		"Framework :: Odoo :: 22.0":               {false, false},
		"Framework :: Odoo :: 23.0":               {true, false},
		"Framework :: Odoo :: 21.9":               {true, false},
		"Framework :: Unknown :: 1.0":             {true, false},
		"Topic :: Trees":                          {true, false},
		"Programming Language :: Python :: 3.017": {true, false},
		"Private :: 3.17":                         {true, true},
		"":                                        {true, false},
	} {
		day, later := trove.Refused(classifier, trove.AsOf()), trove.Refused(classifier, trove.AsOf().AddDate(0, 0, 1))
		if day != want[0] || later != want[1] {
			t.Errorf("%q: %v, and later %v", classifier, day, later)
		}
		if status, _ := trove.Lookup(classifier); status != trove.Unknown {
			t.Errorf("%q is known by now", classifier)
		}
	}
}

// TestTrove_Table: the table is whole and dated, and what replaces a deprecated classifier is one to use.
func TestTrove_Table(t *testing.T) {
	t.Parallel()
	count := map[trove.Status]int{}
	for line := range strings.Lines(troveTable(t)) {
		kind, classifier, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		want, ok := map[string]trove.Status{"valid": trove.Valid, "deprecated": trove.Deprecated, "instead": trove.Valid}[kind]
		if !ok {
			continue // of which release it is
		}
		if status, _ := trove.Lookup(classifier); status != want {
			t.Errorf("%q is %v", strings.TrimSpace(line), status)
		}
		if kind != "instead" {
			count[want]++
		}
	}
	if count[trove.Valid] < 896 || count[trove.Deprecated] < 8 || trove.AsOf().Year() < 2026 {
		t.Errorf("%v, as of %v", count, trove.AsOf())
	}
}

// troveTable returns the table of the classifiers.
func troveTable(t *testing.T) string {
	t.Helper()
	table, err := os.ReadFile("trove/classifiers.txt")
	if err != nil {
		t.Fatal(err)
	}
	return string(table)
}

// checkTroveSource returns an error where a table and its README disagree. The table begins with its release of trove-classifiers
// and the day of the release, which the version has; the README has both, and the digest of the table. So neither the data
// nor the date can change alone.
func checkTroveSource(readme, table string) error {
	pattern := regexp.MustCompile("(?m)^\\| `classifiers.txt` \\| trove-classifiers ([0-9.]+) \\| ([0-9-]+) \\| `([0-9a-f]{64})` \\|$")
	row := pattern.FindStringSubmatch(readme)
	if row == nil {
		return errors.New("README.md has no row of classifiers.txt with release, date and SHA-256")
	}
	release, day, digest := row[1], row[2], row[3]
	if sum := sha256.Sum256([]byte(table)); hex.EncodeToString(sum[:]) != digest {
		return fmt.Errorf("classifiers.txt has the SHA-256 %x, and README.md says %s: make both with go generate", sum, digest)
	}
	if !strings.HasPrefix(table, "release "+release+"\nas-of "+day+"\n") {
		return fmt.Errorf("classifiers.txt begins with %.40q, and README.md has the release %s of %s", table, release, day)
	}
	released, err := time.Parse("2006.1.2", release[:strings.LastIndex(release, ".")])
	if err != nil || released.Format(time.DateOnly) != day {
		return fmt.Errorf("the release %s is of %s (%w), and the table as of %s", release, released.Format(time.DateOnly), err, day)
	}
	return nil
}

// TestTrove_Source: the table is of the day that it says it is of.
func TestTrove_Source(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("trove/README.md")
	if err != nil {
		t.Fatal(err)
	}
	table := troveTable(t)
	if err := checkTroveSource(string(readme), table); err != nil {
		t.Error(err)
	}
	if day := trove.AsOf().Format(time.DateOnly); !strings.Contains(table, "\nas-of "+day+"\n") {
		t.Errorf("AsOf is %s", day)
	}
}

// TestTrove_Source_Consistent: no part of what a table is from changes without the others.
func TestTrove_Source_Consistent(t *testing.T) {
	t.Parallel()
	rowOf := func(release, day, table string) string {
		return fmt.Sprintf("| `classifiers.txt` | trove-classifiers %s | %s | `%x` |\n", release, day, sha256.Sum256([]byte(table)))
	}
	const release, day = "2026.9.21.13", "2026-09-21"
	table := "release " + release + "\nas-of " + day + "\nvalid A :: B\n"
	if err := checkTroveSource(rowOf(release, day, table), table); err != nil {
		t.Fatal(err)
	}
	otherDay := strings.Replace(table, day, "2026-10-01", 1)
	for name, c := range map[string][2]string{
		"no row":                         {"", table},
		"another classifier":             {rowOf(release, day, table), table + "valid C :: D\n"},
		"another day in the table":       {rowOf(release, day, otherDay), otherDay},
		"another day in the README":      {rowOf(release, "2026-10-01", table), table},
		"another day than the release's": {rowOf(release, "2026-10-01", otherDay), otherDay},
		"another release in the README":  {rowOf("2026.10.1.9", day, table), table},
	} {
		if checkTroveSource(c[0], c[1]) == nil {
			t.Errorf("%s: it passes", name)
		}
	}
}

// TestTrove_Refresh makes a table of a package as the index has it, with the script that makes the table of this program.
func TestTrove_Refresh(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3 here:", err)
	}
	dir := t.TempDir()
	for _, name := range []string{"refresh.sh", "README.md"} {
		text, err := os.ReadFile(filepath.Join("trove", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := disttest.Save(t, filepath.Join(dir, "trove_classifiers-2026.10.3.7-py3-none-any.whl"), disttest.Zip(disttest.Member{
		Name: "trove_classifiers/__init__.py", Content: `from typing import Dict, List
sorted_classifiers: List[str] = ["Programming Language :: Python :: 3", "Framework :: Old", "Framework :: New"]
deprecated_classifiers: Dict[str, List[str]] = {"Topic :: Gone": [], "Framework :: Old": ["Framework :: New"]}
`,
	}))
	refresh := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "refresh.sh"))
	refresh.Env = append(os.Environ(), "TROVE="+path)
	if printed, err := refresh.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	table, err := os.ReadFile(filepath.Join(dir, "classifiers.txt"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `release 2026.10.3.7
as-of 2026-10-03
valid Framework :: New
valid Programming Language :: Python :: 3
deprecated Framework :: Old
instead Framework :: New
deprecated Topic :: Gone
`
	if string(table) != want {
		t.Errorf("the table is\n%s", table)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if err := checkTroveSource(string(readme), string(table)); err != nil {
		t.Error(err)
	}
}
