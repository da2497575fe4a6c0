package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules in this file compare versions with tags. They compare them as versions, not as text: the tag v1.0 is that of 1.0.0.

// The prefixes of the full names of refs.
const (
	tags     = "refs/tags/"
	branches = "refs/heads/"
	pulls    = "refs/pull/"
)

// expectedVersion reports files that have another version than the user requires.
func expectedVersion(s Set) (found []finding.Finding) {
	if s.ExpectedVersion == "" {
		return nil
	}
	expected, err := pep.VersionOfTag(strings.TrimPrefix(s.ExpectedVersion, tags), projectsOf(s)...)
	if err != nil {
		return []finding.Finding{noVersion(s, err)}
	}
	for _, d := range s.Files {
		version, err := pep.ParseVersion(d.Header("Version"))
		if err == nil && version.Compare(expected) != 0 {
			found = append(found, refusal(d, fmt.Sprintf("the version is %s, but expected-version is %s", version, s.ExpectedVersion),
				"build from the right tag, or correct the version or the tag"))
		}
	}
	return found
}

// noVersion returns the finding for an expected version that is none: the name of the branch that the run is for, the tag of a project that
// is not in the set, or another text. Only a run for another ref can be right if it is the name of a branch.
func noVersion(s Set, err error) finding.Finding {
	f := finding.Finding{Severity: finding.Error, Message: "expected-version: " + err.Error(), Fix: "set a version, such as the tag v1.2.3"}
	if ref := branch(s.Ref); ref != "" && (s.ExpectedVersion == s.Ref || s.ExpectedVersion == shortRef(s.Ref)) {
		f.Fault = finding.Workflow
		f.Message = fmt.Sprintf("expected-version is %s, but this run is for %s, which has no version", s.ExpectedVersion, ref)
		f.Fix = "dispatch it at the tag: run the workflow again with the tag as its ref"
		return f
	}
	if component := componentOf(s.ExpectedVersion); component != "" {
		f.Message = fmt.Sprintf("expected-version is %s, a tag of %s, but the set has only %s",
			s.ExpectedVersion, component, strings.Join(pep.Names(projectsOf(s)), ", "))
		f.Fix = "build the project of the tag, or set the version alone, such as 1.2.3"
	}
	return f
}

// tagVersion reports a release that has another version than the tag that the run is for, if that tag can be no other project's and nobody
// requires a version.
func tagVersion(s Set) []finding.Finding {
	tag, isTag := strings.CutPrefix(s.Ref, tags)
	releases, files := inReleases(s)
	if !isTag || s.ExpectedVersion != "" || len(releases) != 1 {
		return nil
	}
	release := releases[0]
	if len(files[release]) != len(s.Files) {
		return nil // another file belongs to no release
	}
	version := files[release][0].Header("Version")
	have, err := pep.ParseVersion(version)
	of, unknown := pep.VersionOfTag(tag, projectsOf(s)...)
	if err != nil || unknown != nil || have.Compare(of) == 0 {
		return nil
	}
	return []finding.Finding{
		about(files[release], finding.Warning,
			fmt.Sprintf("this run is for the tag %s, but the version of %s is %s", tag, release.Project, version),
			"check that the version was raised, and that the build is of this tag; with `expected-version: ${{ github.ref_name }}` such "+
				"a run stops before the upload"),
	}
}

// componentOf returns the name that is in front of the version in a tag; empty if the tag is not of this form.
func componentOf(tag string) string {
	if all := pep.ComponentTags(strings.TrimPrefix(tag, tags)); len(all) > 0 {
		return all[0].Name
	}
	return ""
}

// projectsOf returns the projects of the set, in the order of its files.
func projectsOf(s Set) (all []pep.Project) {
	for _, d := range s.Files {
		if release, err := d.Release(); err == nil && !slices.Contains(all, release.Project) {
			all = append(all, release.Project)
		}
	}
	return all
}

// branch describes the branch or the pull request of a full ref; it is empty for any other ref.
func branch(ref string) string {
	if name, ok := strings.CutPrefix(ref, branches); ok {
		return "branch " + name
	}
	if name, ok := strings.CutPrefix(ref, pulls); ok {
		number, _, _ := strings.Cut(name, "/")
		return "pull request " + number
	}
	return ""
}

// shortRef returns a full ref without its prefix, as `github.ref_name` has it.
func shortRef(ref string) string {
	for _, prefix := range []string{tags, branches, pulls} {
		if name, ok := strings.CutPrefix(ref, prefix); ok {
			return name
		}
	}
	return ref
}
