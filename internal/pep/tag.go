package pep

import (
	"slices"
	"strings"
)

// ComponentTag is one way to read a tag as that of a project, such as alder-v1.0.
type ComponentTag struct {
	Name    string // as the tag has it, not normalized
	Version Version
}

// ComponentTags returns all ways to read a tag as a project's name and a version with -, @ or / between them, the shortest name first.
func ComponentTags(tag string) (all []ComponentTag) {
	for i, c := range tag {
		if !strings.ContainsRune("-@/", c) || !ValidName(tag[:i]) {
			continue
		}
		if version, err := ParseVersion(tag[i+1:]); err == nil {
			all = append(all, ComponentTag{tag[:i], version})
		}
	}
	return all
}

// VersionOfTag returns the version that a tag stands for. A tag is a version, perhaps with a v in front, or that behind the name of one of
// the projects: alder-v1.0, alder@1.0 or alder/v1.0. For any other text it returns the error of [ParseVersion].
func VersionOfTag(tag string, projects ...Project) (Version, error) {
	version, err := ParseVersion(tag)
	if err == nil {
		return version, nil
	}
	for _, c := range ComponentTags(tag) {
		if slices.Contains(projects, Normalize(c.Name)) {
			return c.Version, nil
		}
	}
	return Version{}, err
}
