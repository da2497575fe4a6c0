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
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// mostNamed is how many things of one kind are named; the others are counted.
const mostNamed = 10

// aspect is one thing in which two releases are compared: a row of the table that people see.
type aspect struct {
	what  string // part of the manifest: it must not change
	check func(step) (message, fix string, severity finding.Severity)
	show  func(step) (before, now string) // both empty where it is unknown, or there is none in both
}

// aspects returns what is compared, in the order of the table.
func aspects() []aspect {
	return []aspect{
		{"sdist", compareSdist, ofContents(func(c contents) string { return yesOrNone(c.sdist) })},
		{"wheels", compareCount, ofContents(func(c contents) string { return fmt.Sprint(c.wheels) })},
		{"platforms", compareWheels, showPlatforms},
		{"python", comparePython, ofField("Requires-Python", func(d *distfile.Distribution) string {
			return elide(d.Header("Requires-Python"))
		})},
		{"extras", compareExtras, ofField("Provides-Extra", func(d *distfile.Distribution) string { return named(extrasOf(d)) })},
		{"dependencies", compareDependencies, showDependencies},
		{"license", compareLicense, ofField("License-Expression", func(d *distfile.Distribution) string { return elide(licenseOf(d)) })},
	}
}

// Compare returns how the releases of the set differ from the last ones, in the order of the set: none if that was not asked for, and none
// of a release without an earlier one.
func Compare(s Set) (all []ledger.Comparison) {
	for _, p := range s.steps() {
		c := ledger.Comparison{Release: p.release, Version: p.now.String(), Name: p.displayName(), Before: p.before.String()}
		for _, a := range aspects() {
			before, now := a.show(p)
			message, _, severity := a.check(p)
			if before == "" && now == "" && message == "" {
				continue
			}
			d := ledger.Difference{What: a.what, Before: cmp.Or(before, "none"), Now: cmp.Or(now, "none")}
			if message != "" {
				d.Severity = severity.String()
			}
			c.Differences = append(c.Differences, d)
		}
		all = append(all, c)
	}
	return all
}

// displayName returns the name of the project as its files spell it.
func (p step) displayName() string {
	return cmp.Or(p.files[0].Header("Name"), string(p.release.Project))
}

// ofContents shows what the file names of both releases say.
func ofContents(show func(contents) string) func(step) (before, now string) {
	return func(p step) (before, now string) { return show(p.old), show(p.new) }
}

// ofField shows what the metadata of both releases says about a field.
func ofField(field string, show func(*distfile.Distribution) string) func(step) (before, now string) {
	return func(p step) (before, now string) {
		from, to, ok := p.both(field)
		if !ok {
			return "", ""
		}
		return show(from), show(to)
	}
}

func yesOrNone(has bool) string {
	if has {
		return "yes"
	}
	return "none"
}

func named(all []string) string { return phrase.Some(all, mostNamed) }

// showPlatforms counts the platforms with wheels, and names those that are gone or new, and combinations with a version of Python that are
// gone.
func showPlatforms(p step) (before, now string) {
	count := func(c contents) string {
		switch n := len(c.interpreters); {
		case n == 0:
			return ""
		case n == 1 && c.interpreters["any"] != nil:
			return "any"
		default:
			return fmt.Sprint(n)
		}
	}
	before, now = count(p.old), cmp.Or(count(p.new), "none")
	if gone := append(p.lost(), p.holes()...); len(gone) > 0 {
		now += "; without " + named(gone)
	}
	known := func(system string) bool { return p.old.interpreters[system] != nil }
	added := slices.DeleteFunc(slices.Sorted(maps.Keys(p.new.interpreters)), known)
	if len(added) > 0 && before != "" {
		now += "; new: " + named(added)
	}
	if before == "" && len(p.new.interpreters) == 0 {
		return "", ""
	}
	return before, now
}

// showDependencies counts the dependencies by project, and names those that changed.
func showDependencies(p step) (before, now string) {
	from, to, ok := p.both("Requires-Dist")
	if !ok {
		return "", ""
	}
	old, all := dependenciesOf(from), dependenciesOf(to)
	if len(old) == 0 && len(all) == 0 {
		return "", ""
	}
	now = strings.Join(append([]string{phrase.Count(len(all), "project")}, changesOf(old, all)...), "; ")
	return phrase.Count(len(old), "project"), elideList(now)
}

// elideList shortens a list that would not fit into a cell.
func elideList(text string) string {
	const most = 300
	if len(text) <= most {
		return text
	}
	return phrase.Beginning(text, most) + "…"
}

// Previous returns a wheel of the release that each release of the set is compared with, of which the index gives the digest of its core
// metadata. A release without one is compared by file names alone.
func Previous(s Set) map[pep.Release]pep.IndexFile {
	all := map[pep.Release]pep.IndexFile{}
	for _, p := range s.steps() {
		if i := slices.IndexFunc(p.listed, func(f pep.IndexFile) bool { return f.Metadata != "" }); i >= 0 {
			all[p.release] = p.listed[i]
		}
	}
	return all
}
