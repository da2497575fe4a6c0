package preflight

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules in this file compare a release with the last one. What they find was measured on 6,425 steps between real releases in 2026:
// what nearly always was meant is not reported.

// lastRelease returns the files of the release that r is compared with: the highest final release below r that has a file that is not
// yanked. ok is false if there is none, or if r is no final release.
func lastRelease(l pep.Listing, r pep.Release) (version pep.Version, files []pep.IndexFile, ok bool) {
	current, err := pep.ParseVersion(r.Version)
	if err != nil || current.Prerelease() {
		return pep.Version{}, nil, false
	}
	const longestName = 255 // bytes: no file system has longer names
	for _, f := range l.Files {
		if f.Yanked || len(f.Name) > longestName {
			continue
		}
		v, err := versionOf(f.Name)
		if err != nil || v.Prerelease() || v.Compare(current) >= 0 || ok && v.Compare(version) < 0 {
			continue
		}
		if !ok || v.Compare(version) > 0 {
			version, files, ok = v, nil, true
		}
		files = append(files, f)
	}
	return version, files, ok
}

// versionOf returns the version in the name of a file, in its own spelling: 1.0 and not 1.
func versionOf(name string) (pep.Version, error) {
	if w, err := pep.ParseWheelName(name); err == nil {
		return pep.ParseVersion(w.Version)
	}
	s, err := pep.ParseSdistName(name)
	if err != nil {
		return pep.Version{}, err
	}
	return pep.ParseVersion(s.Version)
}

// step is a release and the one that it is compared with.
type step struct {
	release     pep.Release
	before, now pep.Version
	files       []*distfile.Distribution // of the set
	listed      []pep.IndexFile          // of the release before
	old, new    contents
	metadata    *distfile.Distribution // a wheel of the release before, of which only that is known; nil if it is not
}

// contents is what the file names of a release say.
type contents struct {
	sdist  bool
	wheels int
	// interpreters has for each system, a platform without its version, the interpreters that have a wheel.
	interpreters map[string]map[string]bool
}

// steps returns the releases of the set that are compared, in the order of the set.
func (s Set) steps() (all []step) {
	if !s.Compare || s.checking {
		return s.compared
	}
	releases, files := inReleases(s)
	for _, r := range releases {
		listing := s.Listings[r.Project]
		before, old, ok := lastRelease(listing, r)
		now, err := pep.ParseVersion(r.Version)
		if !ok || err != nil {
			continue
		}
		var names []string
		for _, d := range files[r] {
			names = append(names, d.Name)
		}
		for _, f := range listing.FilesOf(r) {
			if !f.Yanked && !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
		var oldNames []string
		for _, f := range old {
			oldNames = append(oldNames, f.Name)
		}
		was, known := contentsOf(oldNames)
		is, alsoKnown := contentsOf(names)
		if known && alsoKnown {
			all = append(all, step{r, before, now, files[r], old, was, is, s.Previous[r]})
		}
	}
	return all
}

// mostCombinations is how many combinations of tags the names of a release may stand for: real ones have some hundreds.
const mostCombinations = 5000

// contentsOf returns what file names say; ok is false if the tags in them stand for too many combinations.
func contentsOf(names []string) (c contents, ok bool) {
	c = contents{interpreters: map[string]map[string]bool{}}
	combinations := 0
	for _, name := range names {
		w, err := pep.ParseWheelName(name)
		if err != nil {
			c.sdist = c.sdist || isSdistName(name)
			continue
		}
		count := func(tags string) int { return strings.Count(tags, ".") + 1 }
		if combinations += count(w.Python) * count(w.ABI) * count(w.Platform); combinations > mostCombinations {
			return contents{}, false
		}
		c.wheels++
		for platform := range strings.SplitSeq(w.Platform, ".") {
			for _, system := range systemsOf(platform) {
				if c.interpreters[system] == nil {
					c.interpreters[system] = map[string]bool{}
				}
				for python := range strings.SplitSeq(w.Python, ".") {
					for abi := range strings.SplitSeq(w.ABI, ".") {
						c.interpreters[system][interpreterOf(python, abi)] = true
					}
				}
			}
		}
	}
	return c, true
}

func isSdistName(name string) bool {
	_, err := pep.ParseSdistName(name)
	return err == nil
}

// systemsOf returns a platform tag without the version of the system, such as "macos arm64": both architectures of universal2.
func systemsOf(tag string) []string {
	family, rest, _ := strings.Cut(tag, "_")
	digits := func(r rune) bool { return r == '_' || r >= '0' && r <= '9' }
	arch := strings.TrimLeftFunc(rest, digits)
	switch {
	case strings.HasPrefix(family, "manylinux"), family == "linux":
		if family != "manylinux" { // manylinux1_x86_64, manylinux2014_x86_64, linux_x86_64: no digits before the architecture
			arch = rest
		}
		return []string{"linux " + arch}
	case family == "musllinux":
		return []string{"musl linux " + arch}
	case family == "macosx" && arch == "universal2":
		return []string{"macos arm64", "macos x86_64"}
	case family == "macosx" && arch == "intel":
		return []string{"macos x86_64"} // and i386, for which no Python is made any more
	case family == "macosx":
		return []string{"macos " + arch}
	case rest != "" && family != "win":
		return []string{family + " " + cmp.Or(arch, rest)}
	}
	return []string{tag}
}

// interpreterOf returns for what a Python and an ABI tag are: cp312, cp313t, abi3 from 3.9 on, py3.
func interpreterOf(python, abi string) string {
	switch {
	case abi == "abi3":
		return "abi3 " + python
	case strings.HasPrefix(abi, python): // cp313t
		return abi
	}
	return python
}

// has reports whether there is a wheel for an interpreter on a system: its own, one for every later Python, or one for every Python.
func (c contents) has(system, interpreter string) bool {
	for _, on := range []string{system, "any"} {
		for own := range c.interpreters[on] {
			if own == interpreter || own == "py3" || own == "py2" && strings.HasPrefix(interpreter, "py2") {
				return true
			}
			if from, ok := strings.CutPrefix(own, "abi3 "); ok && minorOf(from) >= 0 {
				if of := strings.TrimPrefix(interpreter, "abi3 "); minorOf(of) >= minorOf(from) {
					return true
				}
			}
		}
	}
	return false
}

// percentOf returns how many percent of the combinations of a system and an interpreter that another release has wheels for have one here.
func (c contents) percentOf(other contents) int {
	had, has := 0, 0
	for system, interpreters := range other.interpreters {
		for interpreter := range interpreters {
			if had++; c.has(system, interpreter) {
				has++
			}
		}
	}
	return 100 * has / max(had, 1)
}

// minorOf returns N of cp3N, or -1.
func minorOf(tag string) int {
	text, ok := strings.CutPrefix(tag, "cp3")
	n, err := strconv.Atoi(text)
	if !ok || err != nil {
		return -1
	}
	return n
}

// lost returns the systems of the release before that have no wheel any more.
func (p step) lost() (systems []string) {
	for _, system := range slices.Sorted(maps.Keys(p.old.interpreters)) {
		some := func(interpreter string) bool { return p.new.has(system, interpreter) }
		if system != "any" && len(p.new.interpreters[system]) == 0 && !slices.ContainsFunc(
			slices.Collect(maps.Keys(p.old.interpreters[system])), some,
		) {
			systems = append(systems, system)
		}
	}
	return systems
}

// holes returns combinations of a system and an interpreter that had a wheel and have none now, although both still have others.
func (p step) holes() (all []string) {
	for _, system := range slices.Sorted(maps.Keys(p.old.interpreters)) {
		if len(p.new.interpreters[system]) == 0 {
			continue
		}
		var missing []string
		for _, interpreter := range slices.Sorted(maps.Keys(p.old.interpreters[system])) {
			elsewhere := slices.ContainsFunc(
				slices.Collect(maps.Keys(p.new.interpreters)), func(other string) bool { return p.new.has(other, interpreter) },
			)
			if elsewhere && !p.new.has(system, interpreter) {
				missing = append(missing, interpreter)
			}
		}
		if len(missing) > 0 {
			all = append(all, system+" ("+strings.Join(missing, ", ")+")")
		}
	}
	return all
}

// isPatch reports whether both have the same first two numbers.
func (p step) isPatch() bool { return p.now.SameSeries(p.before, 2) }

// inPatch returns warning for a patch release and notice for another one.
func (p step) inPatch() finding.Severity {
	if p.isPatch() {
		return finding.Warning
	}
	return finding.Notice
}

// name returns the release before, for people.
func (p step) name() string { return string(p.release.Project) + " " + p.before.String() }

// partly is what to do about files that are missing against the release before.
const partly = "check that every build ran, and that all artifacts are here; if other jobs publish the rest: `compare-release: false`"

// perStep returns a check that calls check for each release that is compared.
func perStep(check func(step) (message, fix string, severity finding.Severity)) func(Set) []finding.Finding {
	return func(s Set) (found []finding.Finding) {
		for _, p := range s.steps() {
			if message, fix, severity := check(p); message != "" {
				found = append(found, about(p.files, severity, message, fix))
			}
		}
		return found
	}
}

func compareSdist(p step) (message, fix string, severity finding.Severity) {
	if !p.old.sdist || p.new.sdist {
		return "", "", 0
	}
	return p.name() + " had an sdist, and this release has none", partly, finding.Warning
}

func compareWheels(p step) (message, fix string, severity finding.Severity) {
	if p.new.wheels == 0 && p.old.wheels > 0 {
		severity = p.inPatch()
		if p.old.wheels >= fewBefore {
			severity = finding.Warning
		}
		return fmt.Sprintf("this release has no wheel, and %s had %d", p.name(), p.old.wheels), partly, severity
	}
	gone := append(p.lost(), p.holes()...)
	if len(gone) == 0 {
		return "", "", 0
	}
	return fmt.Sprintf("this release has no wheel for %s, and %s had", named(gone), p.name()), partly, p.inPatch()
}

// A release with less than this part of the wheels of one that had at least so many is worth a look, unless its few wheels are for as much:
// one for the stable ABI stands in the place of many.
const (
	fewBefore  = 4
	fewPercent = 60
)

func compareCount(p step) (message, fix string, severity finding.Severity) {
	if p.new.wheels == 0 || p.old.wheels < fewBefore || 100*p.new.wheels >= fewPercent*p.old.wheels ||
		p.new.percentOf(p.old) >= fewPercent {
		return "", "", 0
	}
	return fmt.Sprintf(
		"this release has %s, and %s had %d", phrase.Count(p.new.wheels, "wheel"), p.name(), p.old.wheels,
	), partly, finding.Warning
}
