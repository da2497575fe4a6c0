package preflight

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// again judges every file that has the same key as an earlier one of the set; a file may have none.
func again[K comparable](s Set, key func(*dist.Distribution) (K, bool), judge func(first, d *dist.Distribution) finding.Finding) (found []finding.Finding) {
	first := map[K]*dist.Distribution{}
	for _, d := range s.Files {
		k, ok := key(d)
		if !ok {
			continue
		}
		if earlier, seen := first[k]; seen {
			found = append(found, judge(earlier, d))
			continue
		}
		first[k] = d
	}
	return found
}

func duplicateName(s Set) []finding.Finding {
	name := func(d *dist.Distribution) (string, bool) { return d.Name, true }
	return again(s, name, func(first, d *dist.Distribution) finding.Finding {
		return refusal(d, fmt.Sprintf("%s has the same name as %s", d.Path, first.Path), "keep the one that is meant")
	})
}

// duplicateContent: the index knows a file by its bytes as well, whatever its name is.
func duplicateContent(s Set) (found []finding.Finding) {
	bytes := func(d *dist.Distribution) ([32]byte, bool) { return d.Digests.BLAKE2b, true }
	same := again(s, bytes, func(first, d *dist.Distribution) finding.Finding {
		if first.Name == d.Name {
			return finding.Finding{} // that is another rule's
		}
		return refusal(d, fmt.Sprintf("File already exists (%s, with blake2_256 hash '%s').", quote(d.Name), hex.EncodeToString(d.Digests.BLAKE2b[:])),
			"it has the same bytes as "+first.Name+": keep one of them")
	})
	for _, f := range same {
		if f.Message != "" {
			found = append(found, f)
		}
	}
	return found
}

func secondSdist(s Set) []finding.Finding {
	release := func(d *dist.Distribution) (pep.Release, bool) {
		r, err := d.Release()
		return r, err == nil && d.Kind() == dist.Sdist
	}
	return again(s, release, func(first, d *dist.Distribution) finding.Finding {
		return refusal(d, "Only one sdist may be uploaded per release.", "keep this one or "+first.Name)
	})
}

// expectedVersion compares as versions: a tag v1.0 fits the version 1.0.0. The prefix of a full tag ref does not count.
func expectedVersion(s Set) (found []finding.Finding) {
	if s.ExpectedVersion == "" {
		return nil
	}
	expected, err := pep.ParseVersion(strings.TrimPrefix(s.ExpectedVersion, "refs/tags/"))
	if err != nil {
		return []finding.Finding{{
			Severity: finding.Error, Message: "expected-version: " + err.Error(), Fix: "give a version, such as the tag v1.2.3",
		}}
	}
	for _, d := range s.Files {
		version, err := pep.ParseVersion(d.Header("Version"))
		if err == nil && version.Compare(expected) != 0 {
			found = append(found, refusal(d, fmt.Sprintf("the version is %s, but expected-version is %s", version, s.ExpectedVersion),
				"build from the tag that is meant, or correct the version or the tag"))
		}
	}
	return found
}
