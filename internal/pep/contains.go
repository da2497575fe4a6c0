package pep

import (
	"slices"
	"strings"
)

// Contains reports whether a version matches every clause, by PEP 440 as the library packaging has it. Pre-releases match like any other
// version. A clause with a version that is none matches nothing.
func (s Specifiers) Contains(v Version) bool {
	return containsAll(s.clauses(), v)
}

// clause is a specifier whose version is parsed.
type clause struct {
	Specifier
	version Version // of the text without ".*"
	wild    bool    // whether ".*" follows it
	bad     bool    // whether there is no version, so that nothing matches; never for ===
}

func (s Specifiers) clauses() []clause {
	all := make([]clause, len(s))
	for i, specifier := range s {
		text, wild := strings.CutSuffix(specifier.Version, ".*")
		version, err := ParseVersion(text)
		all[i] = clause{specifier, version, wild, err != nil && specifier.Operator != "==="}
		if wild && specifier.Operator != "==" && specifier.Operator != "!=" || specifier.Operator == "~=" && len(version.release) < 2 {
			all[i].bad = true
		}
	}
	return all
}

func containsAll(all []clause, v Version) bool {
	return !slices.ContainsFunc(all, func(c clause) bool { return !c.contains(v) })
}

// contains reports whether a version matches the clause; see [Specifiers.Contains].
func (c clause) contains(v Version) bool {
	w := c.version
	switch {
	case c.bad:
		return false
	case c.Operator == "===":
		return strings.EqualFold(strings.TrimSpace(c.Specifier.Version), v.String())
	case c.Operator == "==":
		return w.matches(v, c.wild)
	case c.Operator == "!=":
		return !w.matches(v, c.wild)
	case c.Operator == "~=":
		prefix := Version{epoch: w.epoch, release: w.release[:len(w.release)-1]}
		return v.public().Compare(w) >= 0 && prefix.matches(v, true)
	case c.Operator == "<=":
		return v.public().Compare(w) <= 0
	case c.Operator == ">=":
		return v.public().Compare(w) >= 0
	case c.Operator == "<":
		if !w.Prerelease() {
			w.dev = segment{"dev", "0"} // the first of its own pre-releases, which do not match
		}
		return v.Compare(w) < 0
	case c.Operator == ">": // not a post-release or local version of the version itself
		if v.public().Compare(w) <= 0 {
			return false
		}
		itself := v.sameBase(w) && v.pre == w.pre
		return w.post.label != "" || w.dev.label != "" || v.post.label == "" || !itself
	}
	return false
}

// matches reports whether v is this version, or with wild begins with it.
func (v Version) matches(other Version, wild bool) bool {
	if wild {
		return compareNumbers(other.epoch, v.epoch) == 0 && samePrefix(other.release, v.release)
	}
	if len(v.local) == 0 {
		other = other.public()
	}
	return other.Compare(v) == 0
}

// public returns the version without its local part.
func (v Version) public() Version {
	v.local = nil
	return v
}

// sameBase reports whether two versions have the same epoch and release numbers.
func (v Version) sameBase(w Version) bool {
	return compareNumbers(v.epoch, w.epoch) == 0 && slices.Equal(v.significant(), w.significant())
}
