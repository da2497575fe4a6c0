package preflight_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/growth"
	"github.com/org/pypi-oidc-publish/internal/testkit/long"
)

// TestCheck_OurBounds: a wheel that the index takes is taken, however much of everything it has. What was not looked at is a warning.
func TestCheck_OurBounds(t *testing.T) {
	t.Parallel()
	const info = "alder-1.0.dist-info/"
	var licenses, folders []disttest.Member
	declared := good
	for n := range 1500 {
		licenses = append(licenses, disttest.Member{Name: fmt.Sprintf("%slicenses/%d", info, n), Content: "text"})
		folders = append(folders, disttest.Member{Name: fmt.Sprintf("a%d-1.0.dist-info/METADATA", n), Content: "Name: x"})
		declared += fmt.Sprintf("License-File: %d\n", n)
	}
	type bound struct {
		metadata string
		files    []disttest.Member
		want     string
	}
	rows := map[string]bound{
		"license files":            {declared, licenses, ""},
		"other .dist-info folders": {good, folders, "second-dist-info (warning)"},
		"30,000 requirements":      {good + strings.Repeat("Requires-Dist: elder\n", 30_000), nil, "metadata-long (warning)"},
	}
	if !testing.Short() { // those that are large
		var long []disttest.Member
		for n := range 45_000 {
			long = append(long, disttest.Member{Name: fmt.Sprintf("%s/%d", strings.Repeat("folder/", 30), n)})
		}
		rows["a RECORD of 9 MiB"] = bound{good, long, ""}
		rows["a description of 9 MiB"] = bound{good + "\n" + strings.Repeat("0123456789\n", 900_000), nil, "metadata-long (warning)"}
		rows["a WHEEL larger than others"] = bound{good, []disttest.Member{{Name: "other", Content: strings.Repeat("x", 9<<20)}}, ""}
	}
	for name, c := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members := disttest.WheelMembers("alder", "1.0", c.metadata, c.files...)
			for i := range members {
				members[i].Deflated = true
			}
			if name == "a WHEEL larger than others" {
				for i := range members {
					if members[i].Name == info+"WHEEL" {
						members[i].Content += strings.Repeat("Tag: py3-none-any\n", 600_000)
					}
				}
			}
			path := disttest.Save(t, filepath.Join(t.TempDir(), "alder-1.0-py3-none-any.whl"), disttest.Zip(members...))
			d, err := distfile.Read(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			found := preflight.Check(preflight.Set{Files: []*distfile.Distribution{d}, Warehouse: true})
			if got := strings.Join(ids(found), " "); got != c.want {
				t.Errorf("got %q, want %q: %.500v", got, c.want, found)
			}
		})
	}
}

// TestCheck_ManyOfOneRule: of what one rule finds in one file there are twenty findings, and the number of the others.
func TestCheck_ManyOfOneRule(t *testing.T) {
	t.Parallel()
	var licenses strings.Builder
	for n := range 3_000 {
		fmt.Fprintf(&licenses, "License-File: licenses/%d\n", n)
	}
	for name, c := range map[string]struct {
		file
		rule string
		more int
	}{
		"absent license files of a wheel":  {wheel(good + licenses.String()), "license-file-missing", 2_980},
		"absent license files of an sdist": {sdist(good + licenses.String()), "license-file-missing", 2_980},
		"license expressions":              {wheel(good + strings.Repeat("License-Expression: (\n", 1000)), "license-expression", 980},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count, counted := 0, false
			for _, f := range preflight.Check(set(t, c.file)) {
				if string(f.ID) == c.rule {
					count++
					counted = counted || strings.HasSuffix(f.Fix, fmt.Sprintf("(and %d more like this)", c.more))
				}
			}
			if count != 20 || !counted {
				t.Errorf("%d findings; the others are counted: %v", count, counted)
			}
		})
	}
}

// TestCheck_ManyFiles: the findings about many files take little memory, and each rule has one at least.
func TestCheck_ManyFiles(t *testing.T) {
	long.Only(t)
	t.Parallel()
	var wrong strings.Builder
	for n := range 25 {
		fmt.Fprintf(&wrong, "Classifier: no %d %s\n", n, x(2000))
	}
	path := filepath.Join(t.TempDir(), "alder-1.0-py3-none-any.whl")
	if err := os.WriteFile(path, wheel(newest+wrong.String()+"Requires-Python: x\n").bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := distfile.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	s := preflight.Set{Warehouse: true}
	for n := range 450 {
		one := *d
		one.Path = fmt.Sprint(n)
		s.Files = append(s.Files, &one)
	}
	size, rules := 0, map[string]bool{}
	for _, f := range preflight.Check(s) {
		size += len(f.Message) + len(f.Fix)
		rules[string(f.ID)] = true
	}
	if size > 10<<20 || !rules["requires-python"] || !rules["duplicate-name"] {
		t.Errorf("%d bytes, %v", size, rules)
	}
}

// TestCheck_Drift: the first difference between two sorted lists is found in one pass.
func TestCheck_Drift(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", -1},
		{"a", "", 0},
		{"", "a", -1},
		{"a b c", "a b c", -1},
		{"a b c", "a c", 1},
		{"a b c", "a b", 2},
		{"b", "a c", 0},
		{"b", "a b c", -1},
	} {
		if got := preflight.FirstOnlyIn(strings.Fields(c.a), strings.Fields(c.b), strings.Compare); got != c.want {
			t.Errorf("of %q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
	growth.Linear(t, "comparisons", func(scale int) (compared int64) {
		var list []string
		for n := range 200 * scale {
			list = append(list, fmt.Sprintf("%08d", n))
		}
		preflight.FirstOnlyIn(list, list, func(a, b string) int {
			compared++
			return strings.Compare(a, b)
		})
		return compared
	})
}

// TestCheck_CostGrowsLinearly: more of one field, or more files, take as much more memory to check. Another list in the sdist is drift.
func TestCheck_CostGrowsLinearly(t *testing.T) { // not parallel: it measures
	if testing.Short() {
		t.Skip("it checks large files")
	}
	for name, line := range map[string]string{
		"requirements": "Requires-Dist: elder-%d>=1\n", "classifiers": "Classifier: Topic :: %d\n", "extras": "Provides-Extra: e%d\n",
		"unknown fields": "X-%d: a\n", "license files": "License-File: f%d\n", "links": "Project-URL: l%d, https://example.com\n",
		"dynamic": "Dynamic: d%d\n", "addresses": "Author-email: a%d@example.com\n",
	} {
		t.Run(name, func(t *testing.T) {
			growth.Linear(t, "bytes of memory", func(scale int) int64 {
				var a, b strings.Builder
				for n := range 200 * scale {
					fmt.Fprintf(&a, line, n)
					fmt.Fprintf(&b, line, n+7)
				}
				s := set(t, wheel(newest+a.String()), sdist(newest+b.String()))
				return growth.Allocated(func() { preflight.Check(s) })
			})
		})
	}
}

// TestCheckUntil: a check ends when the context does.
func TestCheckUntil(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := set(t, wheel(good))
	if found, err := preflight.CheckUntil(ctx, s); err != nil || len(found) > 0 {
		t.Errorf("got %v, %v", found, err)
	}
	cancel()
	if _, err := preflight.CheckUntil(ctx, s); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestCheck_ManyReleases: twice as many releases, and a listing of twice the length, take about twice as much to check.
func TestCheck_ManyReleases(t *testing.T) { // not parallel: it measures
	one := set(t, sdist(good)).Files[0]
	growth.Linear(t, "bytes of memory", func(scale int) int64 {
		var s preflight.Set
		listing := pep.Listing{Project: "alder", Exists: true}
		for n := range 100 * scale {
			d := *one
			d.Name = fmt.Sprintf("alder-1.%d.tar.gz", n)
			d.Path, d.Digests.SHA256[0], d.Digests.SHA256[1] = d.Name, byte(n), byte(n>>8)
			d.Headers = []distfile.Field{
				{Name: "Metadata-Version", Value: "2.1"}, {Name: "Name", Value: "alder"}, {Name: "Version", Value: fmt.Sprintf("1.%d", n)},
			}
			s.Files = append(s.Files, &d)
			listing.Files = append(listing.Files, pep.IndexFile{Name: fmt.Sprintf("alder-0.%d.tar.gz", n)})
		}
		s.Listings = map[pep.Project]pep.Listing{"alder": listing}
		return growth.Allocated(func() { preflight.Check(s) })
	})
}
