package preflight

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

func duplicateName(s Set) (found []finding.Finding) {
	first := map[string]*distfile.Distribution{}
	for _, d := range s.Files {
		if earlier, seen := first[d.Name]; seen {
			found = append(found, refusal(d, fmt.Sprintf("%s has the same name as %s", d.Path, earlier.Path), "keep only one of them"))
			continue
		}
		first[d.Name] = d
	}
	return found
}

// duplicateContent reports files with equal content, because the index also identifies a file by its digest.
func duplicateContent(s Set) (found []finding.Finding) {
	first := map[[32]byte]string{}
	for _, d := range copiesLast(s.Files) {
		other := first[d.Digests.SHA256]
		if release, err := d.Release(); err == nil && other == "" {
			other = s.catalogOf(release.Project).twin(d)
		}
		switch other {
		case "":
			first[d.Digests.SHA256] = d.Name
		case d.Name: // duplicate-name reports it, or the file is already on the index
		default:
			fix := "it has the same content as " + other + ": keep one of them"
			if isCopy(d.Name) {
				fix = copyAdvice(copyMark().FindString(d.Name))
			}
			found = append(found, refusal(d, fmt.Sprintf("File already exists (%s, with sha256 hash '%s').",
				quote(d.Name), hex.EncodeToString(d.Digests.SHA256[:])), fix))
		}
	}
	return found
}

// twin returns the name under which the index lists the content of d; d's own name if that is among them.
func (c *catalog) twin(d *distfile.Distribution) string {
	if len(c.bySHA256) == 0 {
		return ""
	}
	names := c.bySHA256[hex.EncodeToString(d.Digests.SHA256[:])]
	switch {
	case len(names) == 0:
		return ""
	case slices.Contains(names, d.Name):
		return d.Name
	default:
		return names[len(names)-1]
	}
}

// secondSdist reports a second sdist of a release; 1.0 and 1.0.0 are the same release. A file that the index lists under
// the same name does not count.
func secondSdist(s Set) (found []finding.Finding) {
	first := map[pep.Release]string{}
	for _, d := range copiesLast(s.Files) {
		if d.Kind() != distfile.Sdist {
			continue
		}
		release, err := d.Release()
		listed := s.catalogOf(release.Project)
		if err != nil || listed.names[d.Name] {
			continue
		}
		const message = "Only one sdist may be uploaded per release."
		switch digest, other := listed.release(release.Version).sdist, first[release]; {
		case digest != "":
			found = append(found, refusal(d, message, "the index has "+digest+": leave this file out, or raise the version"))
		case other == "":
			first[release] = d.Name
		case other != d.Name: // duplicate-name reports an equal name
			found = append(found, refusal(d, message, "keep this one or "+other))
		}
	}
	return found
}

// severalVersions reports several versions of a project, which are usually left over from an earlier build.
func severalVersions(s Set) (found []finding.Finding) {
	releases, files := inReleases(s)
	versions := map[pep.Project][]string{}
	var projects []pep.Project
	for _, release := range releases {
		if versions[release.Project] == nil {
			projects = append(projects, release.Project)
		}
		versions[release.Project] = append(versions[release.Project], files[release][0].Header("Version"))
	}
	for _, project := range projects {
		if several := versions[project]; len(several) > 1 {
			found = append(found, finding.Finding{
				Severity: finding.Warning,
				Message:  fmt.Sprintf("the set has %d versions of %s: %s", len(several), project, strings.Join(several, ", ")),
				Fix:      "check that you want to publish all of them: empty the folder before the build, or set `expected-version`",
			})
		}
	}
	return found
}
