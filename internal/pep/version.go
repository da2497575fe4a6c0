package pep

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Version is a version of PEP 440. Use ParseVersion to create one; the zero Version is invalid.
type Version struct {
	epoch   number
	release []number
	pre     segment // label a, b or rc
	post    segment // label post
	dev     segment // label dev
	local   []string
}

// segment is a labelled part of a version, such as rc1; it is absent if the label is empty.
type segment struct {
	label string
	n     number
}

// number is a decimal number of any length without leading zeros, because versions have no largest number.
type number string

var (
	versionPattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^v?` +
			`(?:([0-9]+)!)?` +
			`([0-9]+(?:\.[0-9]+)*)` +
			`([._-]?(alpha|a|beta|b|preview|pre|c|rc)[._-]?([0-9]+)?)?` +
			`(-([0-9]+)|[._-]?(post|rev|r)[._-]?([0-9]+)?)?` +
			`([._-]?(dev)[._-]?([0-9]+)?)?` +
			`(?:\+([a-z0-9]+(?:[._-][a-z0-9]+)*))?$`)
	})
	localSeparators = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`[._-]`)
	})
)

// ParseVersion parses a version of PEP 440 in any of its spellings: letter case, a leading v, surrounding white space,
// other labels (alpha, c, rev, ...) and separators are accepted and normalized.
func ParseVersion(s string) (Version, error) {
	trimmed := strings.TrimFunc(s, IsSpace)
	if !isASCII(trimmed) { // case folding would accept a long s and the Kelvin sign
		return Version{}, notAVersion(s)
	}
	if isPlain(trimmed) {
		return Version{epoch: digits(""), release: plainRelease(trimmed)}, nil
	}
	m := versionPattern().FindStringSubmatch(trimmed)
	if m == nil {
		return Version{}, notAVersion(s)
	}
	v := Version{epoch: digits(m[1])}
	for part := range strings.SplitSeq(m[2], ".") {
		v.release = append(v.release, digits(part))
	}
	if m[3] != "" {
		v.pre = segment{preLabel(m[4]), digits(m[5])}
	}
	if m[6] != "" {
		v.post = segment{"post", digits(m[7] + m[9])}
	}
	if m[10] != "" {
		v.dev = segment{"dev", digits(m[12])}
	}
	if m[13] != "" {
		v.local = localParts(m[13])
	}
	return v, nil
}

// validVersion reports whether ParseVersion accepts a text.
func validVersion(s string) bool {
	trimmed := strings.TrimFunc(s, IsSpace)
	return isPlain(trimmed) || isASCII(trimmed) && versionPattern().MatchString(trimmed)
}

// isPlain reports whether a version consists of numbers and dots, as most do: the pattern takes thirty times as long.
func isPlain(s string) bool {
	before := byte('.')
	for i := range len(s) {
		if c := s[i]; c == '.' && before == '.' || c != '.' && (c < '0' || c > '9') {
			return false
		}
		before = s[i]
	}
	return before != '.'
}

// plainRelease returns the numbers of a version that is plain.
func plainRelease(s string) []number {
	release := make([]number, 0, strings.Count(s, ".")+1)
	for part := range strings.SplitSeq(s, ".") {
		release = append(release, digits(part))
	}
	return release
}

// String returns the normal form of PEP 440, such as 1!2.0rc1.post2.dev3+ubuntu.1.
func (v Version) String() string {
	return v.spell(v.release)
}

// Canonical returns String without the trailing zeros of the release segment (1.0.0 becomes 1), so that all spellings of
// one release are equal. The local segment is kept.
func (v Version) Canonical() string {
	return v.spell(v.significant())
}

// Local returns the normalized local segment, the part after the plus sign; empty if there is none.
func (v Version) Local() string {
	return strings.Join(v.local, ".")
}

// Prerelease reports whether the version is a pre-release or a development release.
func (v Version) Prerelease() bool { return v.pre.label != "" || v.dev.label != "" }

// Compare orders versions as PEP 440 does. The result is negative if v comes before w, 0 if they are the same version
// (such as 1.0 and 1.0.0), positive if v comes after w.
func (v Version) Compare(w Version) int {
	return cmp.Or(
		compareNumbers(v.epoch, w.epoch),
		slices.CompareFunc(v.significant(), w.significant(), compareNumbers),
		cmp.Compare(v.phase(), w.phase()),
		compareNumbers(v.pre.n, w.pre.n),
		compareSegments(v.post, w.post),
		compareSegments(v.dev.orLast(), w.dev.orLast()),
		slices.CompareFunc(v.local, w.local, compareLocal),
	)
}

// phase ranks versions before, at and after a release: a version with only a dev segment precedes every pre-release.
func (v Version) phase() int {
	switch {
	case v.pre.label == "" && v.post.label == "" && v.dev.label != "":
		return 0
	case v.pre.label == "a":
		return 1
	case v.pre.label == "b":
		return 2
	case v.pre.label == "rc":
		return 3
	default:
		return 4
	}
}

// orLast ranks an absent dev segment after every present one.
func (s segment) orLast() segment {
	if s.label == "" {
		return segment{label: "~"}
	}
	return s
}

// significant returns the release segment without trailing zeros; it keeps at least one number.
func (v Version) significant() []number {
	end := len(v.release)
	for end > 1 && v.release[end-1] == "0" {
		end--
	}
	return v.release[:end]
}

func (v Version) spell(release []number) string {
	if len(release) == 0 {
		return ""
	}
	var b strings.Builder
	if v.epoch != "0" {
		b.WriteString(string(v.epoch) + "!")
	}
	for i, n := range release {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(string(n))
	}
	b.WriteString(v.pre.label + string(v.pre.n))
	for _, s := range []segment{v.post, v.dev} {
		if s.label != "" {
			b.WriteString("." + s.label + string(s.n))
		}
	}
	if len(v.local) > 0 {
		b.WriteString("+" + v.Local())
	}
	return b.String()
}

// compareSegments orders an absent segment before every present one.
func compareSegments(a, b segment) int {
	return cmp.Or(cmp.Compare(a.label, b.label), compareNumbers(a.n, b.n))
}

// compareLocal orders parts of local segments: numbers by value, and after every text.
func compareLocal(a, b string) int {
	switch aNumber, bNumber := isNumber(a), isNumber(b); {
	case aNumber && bNumber:
		return compareNumbers(number(a), number(b))
	case aNumber:
		return 1
	case bNumber:
		return -1
	default:
		return strings.Compare(a, b)
	}
}

func compareNumbers(a, b number) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// digits returns the number for a run of digits; a missing one is 0, as in 1.0rc.
func digits(s string) number {
	return number(cmp.Or(strings.TrimLeft(s, "0"), "0"))
}

func preLabel(spelling string) string {
	switch label := strings.ToLower(spelling); label {
	case "alpha":
		return "a"
	case "beta":
		return "b"
	case "c", "pre", "preview":
		return "rc"
	default:
		return label
	}
}

func localParts(local string) []string {
	parts := localSeparators().Split(strings.ToLower(local), -1)
	for i, part := range parts {
		if isNumber(part) {
			parts[i] = string(digits(part))
		}
	}
	return parts
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
}

func notAVersion(s string) error {
	return fmt.Errorf("%q is not a version of PEP 440 (such as 1.2.3, 2.0rc1 or 1.0.post1)", s)
}
