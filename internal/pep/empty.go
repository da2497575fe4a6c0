package pep

import (
	"slices"
	"strings"
)

// maxClauses limits the clauses of a set that is searched for a version. Real sets have up to about a dozen.
const maxClauses = 16

// Empty reports whether no version at all matches every clause, as with >2,<1. It is false for a set that is not searched, because it has
// very many clauses.
//
// What a clause matches changes only at its own version, and at the versions right before and after it. So a set that matches anything
// matches a version there.
func (s Specifiers) Empty() bool {
	if len(s) > maxClauses {
		return false
	}
	all := s.clauses()
	for _, c := range all {
		switch {
		case c.bad:
			return false // installers differ about what is no version
		case c.Operator == "===" && c.version.release == nil:
			return false // a text that is no version: no installer compares it with others
		case c.Operator == "===":
			return !containsAll(all, c.version)
		}
	}
	if len(s) < 2 && !slices.ContainsFunc(s, func(c Specifier) bool { return c.Operator == "<" }) {
		return false
	}
	near := newNeighbours(all)
	matches := func(v Version) bool { return containsAll(all, v) }
	for _, find := range []func(clause) []Version{near.itself, near.otherReleases, near.sameRelease} {
		for _, c := range all {
			if slices.ContainsFunc(find(c), matches) {
				return false
			}
		}
	}
	return true
}

// neighbours finds the versions around those of clauses.
type neighbours struct {
	depth int    // more than any version has release numbers
	large number // more than any number of the versions
}

func newNeighbours(all []clause) (n neighbours) {
	digits := 1
	for _, c := range all {
		n.depth = max(n.depth, len(c.version.release))
		v := c.version
		for _, number := range append(slices.Clone(v.release), v.epoch, v.pre.n, v.post.n, v.dev.n) {
			digits = max(digits, len(number))
		}
	}
	n.large = number("1" + strings.Repeat("0", digits))
	return n
}

// itself returns the version of the clause.
func (n neighbours) itself(c clause) []Version {
	return []Version{c.version}
}

// otherReleases returns the versions right before and after all that have the release numbers of the clause, and after all that begin with
// its prefix.
func (n neighbours) otherReleases(c clause) []Version {
	own := c.version.significant()
	after := append(slices.Clone(own), slices.Repeat([]number{"0"}, n.depth-len(own))...)
	found := []Version{{epoch: c.version.epoch, release: append(after, "1")}}
	if before, any := previous(own[len(own)-1]); any {
		found = append(found, Version{epoch: c.version.epoch, release: append(slices.Clone(own[:len(own)-1]), before, n.large)})
	} else if before, any := previous(c.version.epoch); any { // the release is 0: the last of its numbers is not 0 otherwise
		found = append(found, Version{epoch: before, release: []number{n.large}})
	}
	prefix := c.version.release
	if c.Operator == "~=" {
		prefix = prefix[:len(prefix)-1]
	}
	if c.wild || c.Operator == "~=" {
		next := append(slices.Clone(prefix[:len(prefix)-1]), next(prefix[len(prefix)-1]))
		found = append(found, Version{epoch: c.version.epoch, release: next},
			Version{epoch: c.version.epoch, release: next, dev: segment{"dev", "0"}})
	}
	return found
}

// sameRelease returns versions with the release numbers of the clause: with the labels of its version, with those right before and after,
// and with the first and the last ones.
func (n neighbours) sameRelease(c clause) (found []Version) {
	v := c.version
	pres := append(n.around(v.pre), segment{"a", "0"}, segment{"rc", n.large})
	posts := append(n.around(v.post), segment{"post", "0"}, segment{"post", n.large})
	devs := append(n.around(v.dev), segment{"dev", "0"}, segment{"dev", n.large})
	for _, pre := range pres {
		for _, post := range posts {
			for _, dev := range devs {
				found = append(found, Version{epoch: v.epoch, release: v.release, pre: pre, post: post, dev: dev})
			}
		}
	}
	return found
}

// around returns no label, and a label with the numbers before, at and after its own.
func (n neighbours) around(s segment) []segment {
	all := []segment{{}}
	if s.label == "" {
		return all
	}
	all = append(all, s, segment{s.label, next(s.n)}, segment{s.label, n.large})
	if before, any := previous(s.n); any {
		all = append(all, segment{s.label, before})
	}
	return all
}

// next returns the number after n.
func next(n number) number {
	text := []byte(n)
	for i := len(text) - 1; i >= 0; i-- {
		if text[i]++; text[i] <= '9' {
			return number(text)
		}
		text[i] = '0'
	}
	return number("1" + string(text))
}

// previous returns the number before n; any is false for 0.
func previous(n number) (before number, any bool) {
	if n == "0" {
		return "", false
	}
	text := []byte(n)
	for i := len(text) - 1; i >= 0; i-- {
		if text[i]--; text[i] >= '0' {
			break
		}
		text[i] = '9'
	}
	return digits(string(text)), true
}
