// Package vectors reads the cases in internal/testdata/vectors, for tests: distributions, and what PyPI's software answered to their
// upload.
package vectors

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Case is a set of distributions in the order of their upload, and the verdict of the index.
type Case struct {
	ID      string   // of the case
	Verdict string   // accept or reject
	Rule    string   // of preflight, by which the index rejects
	Message string   // of the index; it may have several lines
	Status  int      // of the answer that rejects
	Files   []string // below internal/testdata/vectors
	Names   []string `json:"upload_names"` // the names to upload the first files by, where they are stored under harmless ones
	Loose   bool     // the verdict alone can be compared, neither the rule nor the message
}

// Rejected reports whether the index rejects one of the files.
func (c Case) Rejected() bool { return c.Verdict == "reject" }

// AsOf returns the day of the verdicts, at noon.
func AsOf() time.Time { return time.Date(2026, 8, 31, 12, 0, 0, 0, time.UTC) }

// fewest is how many cases there are at least: a file that was cut short must not pass.
const fewest = 200

// Load returns all cases.
func Load(t testing.TB) []Case {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder(t), "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []Case
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < fewest {
		t.Fatalf("%d cases, and there are %d at least", len(all), fewest)
	}
	return all
}

// Paths returns the files of the case, under the names that they are to be uploaded by. Those that are stored under another name are
// copied.
func (c Case) Paths(t testing.TB) []string {
	t.Helper()
	var paths []string
	for i, file := range c.Files {
		path := filepath.Join(folder(t), filepath.FromSlash(file))
		if i < len(c.Names) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			path = filepath.Join(t.TempDir(), c.Names[i])
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		paths = append(paths, path)
	}
	return paths
}

// Value is a text, and what the libraries of the index say of it: its normal form, ok or bad, or another word for its kind.
type Value struct {
	Text   string
	Pinned string // said by the releases that the index is known to run
	Newest string // said by the newest releases
	Other  string // of the kind cmp: the text that it is compared with
}

// Values returns the values of a kind from internal/testdata/reference.
func Values(t testing.TB, kind string) []Value {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder(t), "..", "reference", kind+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var table struct{ Cases [][]string }
	if err := json.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	var all []Value
	for _, c := range table.Cases {
		v := Value{Text: c[0], Pinned: c[1], Newest: c[2]}
		if len(c) > 3 {
			v.Other = c[3]
		}
		all = append(all, v)
	}
	if len(all) < fewestValues {
		t.Fatalf("%d values of the kind %s, and there are %d at least", len(all), kind, fewestValues)
	}
	return all
}

// fewestValues is how many values of a kind there are at least.
const fewestValues = 20

// folder finds the vectors from the folder of the package that is tested, which is below internal.
func folder(t testing.TB) string {
	t.Helper()
	path := "."
	for {
		found := filepath.Join(path, "testdata", "vectors")
		if _, err := os.Stat(found); err == nil {
			return found
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
			t.Fatal("no folder above has testdata/vectors")
		}
		path = filepath.Join("..", path)
	}
}
