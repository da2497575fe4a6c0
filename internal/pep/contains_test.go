package pep_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestSpecifiers_Contains holds the verdicts of the reference library: testdata/contains.json names it.
func TestSpecifiers_Contains(t *testing.T) {
	t.Parallel()
	var table struct {
		Versions []string
		Rows     []struct {
			Specifiers string
			Contains   []string
		}
	}
	readJSON(t, "testdata/contains.json", &table)
	if len(table.Rows) < 30 {
		t.Fatal(len(table.Rows))
	}
	for _, row := range table.Rows {
		set := specifiers1(t, row.Specifiers)
		for _, version := range table.Versions {
			if got, want := set.Contains(version1(t, version)), slices.Contains(row.Contains, version); got != want {
				t.Errorf("%s contains %s: got %v, want %v", row.Specifiers, version, got, want)
			}
		}
	}
	expect.Equal(t, "an empty set", pep.Specifiers{}.Contains(version1(t, "1.0")), true)
	for _, clause := range []pep.Specifier{{">=", "x"}, {">=", "1.*"}, {"~=", "1"}, {"~=", ""}, {"==", ""}} {
		expect.Equal(t, clause.String()+" matches", pep.Specifiers{clause}.Contains(version1(t, "1.0")), false)
	}
}

// TestSpecifiers_Empty holds the verdicts of the reference library: testdata/empty.json names it.
func TestSpecifiers_Empty(t *testing.T) {
	t.Parallel()
	var table struct{ Empty, Filled []string }
	readJSON(t, "testdata/empty.json", &table)
	table.Empty = append(table.Empty, ">2,<1", "<0.dev0", "<0", "===1.0,>2", "==1.0,===1.1", ">=3.12,<3.9", "==1.0+local,!=1.0+local")
	table.Filled = append(table.Filled, "", "===anything", "===anything,>1", "===1.0,<2", "<=0.dev0", "<1!0", ">=2.0a1,<2.0a2")
	if len(table.Empty) < 150 || len(table.Filled) < 150 {
		t.Fatal(len(table.Empty), len(table.Filled))
	}
	for _, text := range table.Empty {
		expect.Equal(t, text+" is empty", specifiers1(t, text).Empty(), true)
	}
	for _, text := range table.Filled {
		expect.Equal(t, text+" is empty", specifiers1(t, text).Empty(), false)
	}
	expect.Equal(t, "a set that is not searched", specifiers1(t, ">2,<1"+strings.Repeat(",!=5", 20)).Empty(), false)
	expect.Equal(t, "a clause without a version", pep.Specifiers{{">=", "x"}, {"<", "1"}, {">", "2"}}.Empty(), false)
}

// TestSpecifiers_EmptyMatchesNothing makes random sets, and looks for a version that one of them matches although it is said to be empty.
func TestSpecifiers_EmptyMatchesNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("half a second of random sets")
	}
	random := rand.New(rand.NewPCG(1, 2))
	var versions []string
	for _, release := range []string{"0", "1", "1.0.1", "1.1", "1!0"} {
		for _, pre := range []string{"", "a1", "a1.post0", "rc1"} {
			for _, post := range []string{"", ".post0", ".post1"} {
				for _, dev := range []string{"", ".dev0", ".dev1"} {
					if pre != "a1.post0" || post == "" {
						versions = append(versions, release+pre+post+dev)
					}
				}
			}
		}
	}
	parsed := make([]pep.Version, len(versions))
	for i, version := range versions {
		parsed[i] = version1(t, version)
	}
	empty := 0
	for range 400 {
		set := pep.Specifiers{}
		for range 2 + random.IntN(4) {
			operator := []string{"==", "!=", "<", ">", "<=", ">=", "~="}[random.IntN(7)]
			set = append(set, pep.Specifier{Operator: operator, Version: versions[random.IntN(len(versions))]})
		}
		if !set.Empty() {
			continue
		}
		empty++
		for i, v := range parsed {
			if set.Contains(v) {
				t.Errorf("%s is said to be empty, but it matches %s", set, versions[i])
			}
		}
	}
	if empty < 50 {
		t.Errorf("only %d sets were empty", empty)
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func specifiers1(t *testing.T, text string) pep.Specifiers {
	t.Helper()
	set, err := pep.ParseSpecifiers(text)
	if err != nil {
		t.Fatal(text, err)
	}
	return set
}
