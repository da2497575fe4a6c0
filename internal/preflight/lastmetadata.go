package preflight

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/spdx"
)

// The rules in this file compare the metadata of a wheel of the last release with that of a file of this one. Only what installers or
// lawyers act on is compared: the texts of requirements, for one, differ in a third of all releases without a change.

// current returns the file of the set whose metadata is compared: the wheel with the tags of the old one, else the first wheel, else the
// first file. It is nil if its metadata or that of the release before is unknown.
func (p step) current() *distfile.Distribution {
	if p.metadata == nil {
		return nil
	}
	chosen, rank := (*distfile.Distribution)(nil), 0
	for _, d := range p.files {
		own := 1
		switch {
		case !d.Metadata || d.Partial:
			continue
		case d.Kind() == distfile.Wheel && tagsOf(d.Name) == tagsOf(p.metadata.Name):
			own = 3
		case d.Kind() == distfile.Wheel:
			own = 2
		}
		if own > rank {
			chosen, rank = d, own
		}
	}
	return chosen
}

// tagsOf returns the tags in the name of a wheel.
func tagsOf(name string) string {
	w, err := pep.ParseWheelName(name)
	if err != nil {
		return ""
	}
	return w.Tags()
}

// both returns the two files whose field is compared; ok is false if it is unknown of one.
func (p step) both(field string) (before, now *distfile.Distribution, ok bool) {
	d := p.current()
	if d == nil || !declares(d, field) || isEndless(d, field) || isEndless(p.metadata, field) {
		return nil, nil, false
	}
	return p.metadata, d, true
}

// isEndless reports whether a field is longer than it is anywhere, so that it would take long to compare it: the longest requirements on
// PyPI name a hundred extras, and the most are some thousand.
func isEndless(d *distfile.Distribution, field string) bool {
	const longest, most = 4000, 5000
	values := d.Values(field)
	return len(values) > most || slices.ContainsFunc(values, func(value string) bool { return len(value) > longest })
}

func compareExtras(p step) (message, fix string, severity finding.Severity) {
	before, now, ok := p.both("Provides-Extra")
	if !ok {
		return "", "", 0
	}
	kept := extrasOf(now)
	gone := slices.DeleteFunc(extrasOf(before), func(extra string) bool { return slices.Contains(kept, extra) })
	if len(gone) == 0 {
		return "", "", 0
	}
	return fmt.Sprintf("%s had the extra %s, and this release does not", p.name(), phrase.Some(gone, mostNamed)),
		"keep it, empty if need be: installers only warn about an extra that does not exist, and leave its dependencies out",
		finding.Warning
}

// extrasOf returns the extras of a file by their normalized names, sorted, each once.
func extrasOf(d *distfile.Distribution) (all []string) {
	for _, extra := range d.Values("Provides-Extra") {
		all = append(all, string(pep.Normalize(extra)))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func comparePython(p step) (message, fix string, severity finding.Severity) {
	from, to, ok := p.both("Requires-Python")
	if !ok {
		return "", "", 0
	}
	before, now := from.Header("Requires-Python"), to.Header("Requires-Python")
	if before == now {
		return "", "", 0
	}
	oldest, known := lowestPython(before)
	newest, alsoKnown := lowestPython(now)
	switch {
	case !known:
		return "", "", 0
	case now == "":
		return fmt.Sprintf("%s required Python %s, and this release requires none", p.name(), elide(before)),
			"set requires-python: without it, installers on old versions of Python take this release and fail", finding.Warning
	case !alsoKnown || newest.Compare(oldest) <= 0:
		return "", "", 0
	}
	worked := "worked with " + oldest.String()
	if before == "" {
		worked = "required none"
	}
	return fmt.Sprintf("this release requires Python %s, and %s %s", elide(now), p.name(), worked),
		"if it is meant, no action needed: installers on older versions of Python stay with the release before", p.inPatch()
}

// longestRequires is how many bytes of a Requires-Python are compared: the longest on PyPI exclude a dozen versions.
const longestRequires = 1000

// lowestPython returns the lowest Python, such as 3.9, of which some patch release matches; ok is false if none does, or if the text is too
// long.
func lowestPython(requires string) (lowest pep.Version, ok bool) {
	if len(requires) > longestRequires {
		return pep.Version{}, false
	}
	set, err := pep.ParseSpecifiers(requires)
	if err != nil {
		return pep.Version{}, false
	}
	const minors, patches = 30, 30
	for _, major := range []int{2, 3} {
		for minor := range minors {
			for patch := range patches {
				v, err := pep.ParseVersion(fmt.Sprintf("%d.%d.%d", major, minor, patch))
				if err == nil && set.Contains(v) {
					lowest, err = pep.ParseVersion(fmt.Sprintf("%d.%d", major, minor))
					return lowest, err == nil
				}
			}
		}
	}
	return pep.Version{}, false
}

func compareDependencies(p step) (message, fix string, severity finding.Severity) {
	before, now, ok := p.both("Requires-Dist")
	if !ok {
		return "", "", 0
	}
	changes := changesOf(dependenciesOf(before), dependenciesOf(now))
	if len(changes) == 0 {
		return "", "", 0
	}
	return "dependencies differ from " + p.name() + ": " + phrase.Some(changes, mostNamed), "check that these changes are meant",
		finding.Notice
}

// changesOf returns what differs between the dependencies of two releases.
func changesOf(before, now map[pep.Project]dependency) (changes []string) {
	for _, name := range slices.Sorted(maps.Keys(now)) {
		old, known := before[name]
		switch is := now[name]; {
		case !known:
			changes = append(changes, elide(string(name))+" is new")
		case is.pinned && !old.pinned:
			changes = append(changes, elide(string(name))+" is pinned to one version")
		case is.lowest != nil && old.lowest != nil && is.lowest.Compare(*old.lowest) < 0:
			changes = append(changes, fmt.Sprintf("%s may be as old as %s (before: %s)",
				elide(string(name)), elide(is.lowest.String()), elide(old.lowest.String())))
		case is.lowest == nil && old.lowest != nil && !is.pinned:
			changes = append(changes, fmt.Sprintf("%s may be of any age (before: %s)",
				elide(string(name)), elide(old.lowest.String())))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, still := now[name]; !still {
			changes = append(changes, elide(string(name))+" is gone")
		}
	}
	return changes
}

// dependency is what the requirements of a release say about one project.
type dependency struct {
	pinned bool
	lowest *pep.Version // nil if a requirement has no lower bound
}

// dependenciesOf returns the dependencies by their names. A project that requires extras of itself does not depend on itself.
func dependenciesOf(d *distfile.Distribution) map[pep.Project]dependency {
	all, itself := map[pep.Project]dependency{}, pep.Normalize(d.Header("Name"))
	for _, text := range d.Values("Requires-Dist") {
		r, err := pep.ParseRequirement(text)
		if err != nil {
			continue // another rule reports it
		}
		name := pep.Normalize(r.Name)
		if name == itself {
			continue
		}
		own, known := all[name]
		var lowest *pep.Version
		for _, clause := range r.Specifiers {
			text, series := strings.CutSuffix(clause.Version, ".*")
			series = series && clause.Operator == "=="
			v, err := pep.ParseVersion(text)
			switch {
			case err != nil:
			case !series && (clause.Operator == "==" || clause.Operator == "==="):
				own.pinned = true
			case (series || slices.Contains([]string{">=", ">", "~="}, clause.Operator)) && (lowest == nil || v.Compare(*lowest) > 0):
				lowest = &v
			}
		}
		if !known || own.lowest != nil && (lowest == nil || lowest.Compare(*own.lowest) < 0) {
			own.lowest = lowest
		}
		all[name] = own
	}
	return all
}

func compareLicense(p step) (message, fix string, severity finding.Severity) {
	from, to, ok := p.both("License-Expression")
	if !ok {
		return "", "", 0
	}
	before, now := licenseOf(from), licenseOf(to)
	if before == "" || before == now {
		return "", "", 0
	}
	message = fmt.Sprintf("the licence of %s was %s, and that of this release is %s", p.name(), elide(before),
		cmp.Or(elide(now), "not given"))
	return message, "check that the change is meant: users have rules about licences", finding.Warning
}

// licenseOf returns the licence expression in normal form, or as written if it has none.
func licenseOf(d *distfile.Distribution) string {
	text := d.Header("License-Expression")
	if canonical, err := spdx.Canonical(text); err == nil {
		return canonical
	}
	return text
}
