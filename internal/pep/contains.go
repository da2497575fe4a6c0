package pep

import (
	"slices"
	"strings"
)

// Contains reports whether a version matches every clause, by PEP 440 as pip's library has it. Pre-releases match like any other version. A
// clause with a version that is none, which older installers skipped and newer ones refuse, matches nothing.
func (s Specifiers) Contains(v Version) bool {
	return !slices.ContainsFunc(s, func(clause Specifier) bool { return !clause.Contains(v) })
}

// Contains reports whether a version matches the clause; see [Specifiers.Contains].
func (s Specifier) Contains(v Version) bool {
	if s.Operator == "===" {
		return strings.EqualFold(strings.TrimSpace(s.Version), v.String())
	}
	text, wild := strings.CutSuffix(s.Version, ".*")
	w, err := ParseVersion(text)
	if err != nil || wild && s.Operator != "==" && s.Operator != "!=" {
		return false
	}
	switch s.Operator {
	case "==":
		return w.matches(v, wild)
	case "!=":
		return !w.matches(v, wild)
	case "~=":
		prefix := Version{epoch: w.epoch, release: w.release[:max(len(w.release)-1, 1)]}
		return len(w.release) > 1 && v.public().Compare(w) >= 0 && prefix.matches(v, true)
	case "<=":
		return v.public().Compare(w) <= 0
	case ">=":
		return v.public().Compare(w) >= 0
	case "<": // not a pre-release of the version itself
		return v.Compare(w) < 0 && (w.IsPrerelease() || !v.IsPrerelease() || v.base().Compare(w.base()) != 0)
	case ">": // not a post-release or local version of the version itself
		same := v.base().Compare(w.base()) == 0
		return v.Compare(w) > 0 && (w.post.label != "" || v.post.label == "" || !same) && (len(v.local) == 0 || !same)
	}
	return false
}

// matches reports whether v is this version, or with wild begins with it.
func (w Version) matches(v Version, wild bool) bool {
	if len(w.local) == 0 {
		v = v.public()
	}
	if !wild {
		return v.Compare(w) == 0
	}
	if compareNumbers(v.epoch, w.epoch) != 0 {
		return false
	}
	if w.pre.label != "" || w.post.label != "" || w.dev.label != "" {
		// The release has to be the whole one, and what is not named may be anything.
		if !samePrefix(v.release, w.release) || !samePrefix(w.release, v.release) {
			return false
		}
		return (w.pre.label == "" || v.pre == w.pre) && (w.post.label == "" || v.post == w.post) && (w.dev.label == "" || v.dev == w.dev)
	}
	return samePrefix(v.release, w.release)
}

// samePrefix reports whether release numbers begin with others. Missing ones are zero.
func samePrefix(release, prefix []number) bool {
	for i, n := range prefix {
		var own number = "0"
		if i < len(release) {
			own = release[i]
		}
		if compareNumbers(own, n) != 0 {
			return false
		}
	}
	return true
}

// IsPrerelease reports whether the version is a pre-release or a development release.
func (v Version) IsPrerelease() bool { return v.pre.label != "" || v.dev.label != "" }

// SameSeries reports whether two versions have the same epoch and the same first numbers, n of them: the same minor release for 2.
func (v Version) SameSeries(w Version, n int) bool {
	part := func(release []number) []number { return release[:min(n, len(release))] }
	return compareNumbers(v.epoch, w.epoch) == 0 && samePrefix(v.release, part(w.release)) && samePrefix(w.release, part(v.release))
}

// public returns the version without its local part.
func (v Version) public() Version {
	v.local = nil
	return v
}

// base returns the epoch and the release numbers alone.
func (v Version) base() Version { return Version{epoch: v.epoch, release: v.release} }
