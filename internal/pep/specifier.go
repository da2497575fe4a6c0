package pep

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Specifier is one clause of a version specifier set, such as >=1.2 or ==1.* (PEP 440).
type Specifier struct {
	Operator string // one of === ~= == != <= >= < >
	Version  string // as written; after === any text, even an empty one
}

// String returns the clause without white space, such as >=1.2.
func (s Specifier) String() string { return s.Operator + s.Version }

// Specifiers is a version specifier set: a version must match every clause. The empty set matches all versions.
type Specifiers []Specifier

// String returns the clauses in their order, separated by commas, in a form that ParseSpecifiers accepts.
func (s Specifiers) String() string {
	clauses := make([]string, len(s))
	for i, clause := range s {
		clauses[i] = clause.String()
	}
	return strings.Join(clauses, ",")
}

// ParseSpecifiers parses a version specifier set as the index does (docs/reference/pypi-server.md §2.3.1): clauses
// separated by commas, with white space allowed around each and after its operator; empty clauses are ignored.
func ParseSpecifiers(s string) (Specifiers, error) {
	var set Specifiers
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimFunc(part, IsSpace)
		if part == "" {
			continue
		}
		clause, n := scanSpecifier(part)
		if n != len(part) {
			return nil, fmt.Errorf("%q is not a version specifier (such as >=3.8, ==1.* or ~=2.1; commas stand between them)", part)
		}
		set = append(set, clause)
	}
	return set, nil
}

// What may follow an operator. The longest matching prefix counts, because a requirement can continue after it.
const (
	releaseText = `v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*`
	labelsText  = `(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]*)?` +
		`(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?` +
		`(?:[-_.]?dev[-_.]?[0-9]*)?`
	localText = `\+[a-z0-9]+(?:[-_.][a-z0-9]+)*`
)

var (
	orderedVersion = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^` + releaseText + labelsText)
	})
	compatibleVersion = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)+` + labelsText)
	})
	equalVersion = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^` + releaseText + `(?:\.\*|` + labelsText + `(?:` + localText + `)?)`)
	})
	localLabel = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^` + localText)
	})
)

// scanSpecifier parses the clause at the beginning of s and returns its length in bytes; 0 if there is none.
func scanSpecifier(s string) (Specifier, int) {
	operator := operatorOf(s)
	if operator == "" {
		return Specifier{}, 0
	}
	rest := strings.TrimLeftFunc(s[len(operator):], IsSpace)
	var version string
	switch operator {
	case "===":
		version = until(rest, func(r rune) bool { return IsSpace(r) || r == ';' || r == ')' })
	case "==", "!=":
		version = equalVersion().FindString(versionText(rest))
	case "~=":
		version = compatibleVersion().FindString(versionText(rest))
	default:
		version = orderedVersion().FindString(versionText(rest))
	}
	if version == "" && operator != "===" {
		return Specifier{}, 0
	}
	return Specifier{operator, version}, len(s) - len(rest) + len(version)
}

// operatorOf returns the comparison operator at the beginning of s; empty if there is none.
func operatorOf(s string) string {
	for _, operator := range []string{"===", "==", "~=", "!=", "<=", ">=", "<", ">"} {
		if strings.HasPrefix(s, operator) {
			return operator
		}
	}
	return ""
}

// versionText returns the beginning of s, up to the first character that cannot occur in a version. So the patterns never
// see a letter that they would mistake for an ASCII one because of case folding.
func versionText(s string) string {
	return until(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune(".*+!_-", r))
	})
}

// until returns s up to the first rune for which end returns true.
func until(s string, end func(rune) bool) string {
	if i := strings.IndexFunc(s, end); i >= 0 {
		return s[:i]
	}
	return s
}
