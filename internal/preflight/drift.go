package preflight

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// comparedFields lists the fields whose differences matter to users: an installer reads the metadata of each file, but
// the index shows the values of the first file. Values are compared in their normalized spelling.
var comparedFields = []struct {
	name   string
	normal func(string) string
}{
	{"Requires-Dist", normalRequirement},
	{"Requires-Python", normalSpecifiers},
	{"Provides-Extra", func(s string) string { return string(pep.Normalize(s)) }},
	{"License-Expression", strings.TrimSpace},
	{"Summary", strings.TrimSpace},
}

func normalRequirement(s string) string {
	r, err := pep.ParseRequirement(s)
	if err != nil {
		return s
	}
	r.Name = string(pep.Normalize(r.Name))
	for i, extra := range r.Extras {
		r.Extras[i] = string(pep.Normalize(extra))
	}
	sortSpecifiers(r.Specifiers)
	return r.String()
}

func normalSpecifiers(s string) string {
	specifiers, err := pep.ParseSpecifiers(s)
	if err != nil {
		return s
	}
	sortSpecifiers(specifiers)
	return specifiers.String()
}

func sortSpecifiers(all pep.Specifiers) {
	sort.Slice(all, func(i, j int) bool { return all[i].String() < all[j].String() })
}

// metadataDrift compares every file of a release with its first wheel, whose metadata the index shows.
func metadataDrift(s Set) (found []finding.Finding) {
	releases, files := inReleases(s)
	for _, release := range releases {
		first := shownBy(files[release])
		for _, field := range comparedFields {
			if f, differs := drift(first, files[release], field.name, field.normal); differs {
				found = append(found, f)
			}
		}
	}
	return found
}

// inReleases returns the files grouped by release, both in the order of the set.
func inReleases(s Set) (releases []pep.Release, files map[pep.Release][]*distfile.Distribution) {
	return grouped(s, func(r pep.Release) pep.Release { return r })
}

// grouped returns the groups of files whose release has the same key, by their keys in the order of the set. Files whose release is unknown
// are left out.
func grouped[K comparable](s Set, key func(pep.Release) K) (keys []K, files map[K][]*distfile.Distribution) {
	files = map[K][]*distfile.Distribution{}
	for _, d := range s.Files {
		release, err := d.Release()
		if err != nil {
			continue
		}
		k := key(release)
		if files[k] == nil {
			keys = append(keys, k)
		}
		files[k] = append(files[k], d)
	}
	return keys, files
}

// shownBy returns the file that a run uploads first, whose metadata the index shows.
func shownBy(files []*distfile.Distribution) *distfile.Distribution {
	if wheel := slices.IndexFunc(files, func(d *distfile.Distribution) bool { return d.Kind() == distfile.Wheel }); wheel >= 0 {
		return files[wheel]
	}
	return files[0]
}

func drift(first *distfile.Distribution, files []*distfile.Distribution, field string, normal func(string) string) (finding.Finding, bool) {
	if len(files) == 1 || !declares(first, field) {
		return finding.Finding{}, false
	}
	var others []*distfile.Distribution
	var here, there string
	want := valuesOf(first, field, normal)
	for _, d := range files {
		if d == first || !declares(d, field) {
			continue
		}
		got := valuesOf(d, field, normal)
		if slices.Equal(got, want) {
			continue
		}
		if others = append(others, d); len(others) == 1 {
			here, there = onlyIn(got, want), onlyIn(want, got)
		}
	}
	if len(others) == 0 {
		return finding.Finding{}, false
	}
	more := ""
	if n := len(others) - 1; n > 0 {
		more = " (also different in " + phrase.Count(n, "more file") + ")"
	}
	return finding.Finding{
		Severity: finding.Warning, File: others[0].Path,
		Message: fmt.Sprintf("%s is not the same in all files of %s %s: %s has %s, %s has %s%s",
			field, pep.Normalize(first.Header("Name")), first.Header("Version"),
			others[0].Name, here, first.Name, there, more),
		Fix: "build all files of a release from the same source; declare a dependency of one platform in all files, " +
			"with an environment marker",
	}, true
}

// declares reports whether the field of a file is final. In an sdist it is not before metadata 2.2, or if Dynamic names
// it (PEP 643).
func declares(d *distfile.Distribution, field string) bool {
	if d.Kind() != distfile.Sdist {
		return true
	}
	version, err := pep.ParseVersion(d.Header("Metadata-Version"))
	since, _ := pep.ParseVersion("2.2")
	return err == nil && version.Compare(since) >= 0 &&
		!slices.ContainsFunc(d.Values("Dynamic"), func(dynamic string) bool { return strings.EqualFold(strings.TrimSpace(dynamic), field) })
}

// valuesOf returns the distinct values in their normalized spelling, sorted.
func valuesOf(d *distfile.Distribution, field string, normal func(string) string) []string {
	var values []string
	for _, value := range d.Values(field) {
		if value = normal(value); value != "" {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// onlyIn returns the first value that is in a and not in b, quoted for a message. Both are sorted.
func onlyIn(a, b []string) string {
	if at := firstOnlyIn(a, b, strings.Compare); at >= 0 {
		return quote(elide(a[at]))
	}
	if len(a) == 0 {
		return "none"
	}
	return "no additional value"
}

// firstOnlyIn returns the index of the first value that is in a and not in b, or -1. Both are sorted.
func firstOnlyIn(a, b []string, compare func(a, b string) int) int {
	for at, i := 0, 0; at < len(a); at++ {
		order := 1
		for ; i < len(b); i++ {
			if order = compare(b[i], a[at]); order >= 0 {
				break
			}
		}
		if i == len(b) || order > 0 {
			return at
		}
	}
	return -1
}
