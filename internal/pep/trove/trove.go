// Package trove lists the classifiers of Python packages ("trove classifiers"), valid and deprecated ones.
//
// The table ages. README.md in this directory gives its source and date.
package trove

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:generate sh refresh.sh

//go:embed classifiers.txt
var list string

// Status says what the table contains about a classifier.
type Status uint8

// The possible standings.
const (
	Unknown    Status = iota // not in the table; the index may have added it since
	Valid                    // accepted by the index
	Deprecated               // was valid, and the index refuses it now
)

// Lookup returns the standing of a classifier, and for a deprecated one the classifiers to use instead, if any. Letter case
// matters.
func Lookup(classifier string) (Status, []string) {
	found := table().entries[classifier]
	return found.status, slices.Clone(found.instead)
}

// Refused reports whether the index certainly refuses on a day a classifier that is not in the table: one that is private, or on the day of
// the table one that does not continue a family of numbered classifiers.
func Refused(classifier string, today time.Time) bool {
	return Private(classifier) || today.Before(AsOf().AddDate(0, 0, 1)) && !continues(classifier)
}

// Private reports whether the index refuses a classifier on purpose, to prevent accidental uploads.
func Private(classifier string) bool { return strings.HasPrefix(classifier, "Private :: ") }

// ahead is how much a number may be above the highest that is known, for a classifier that may be added soon.
const ahead = 2

// continues reports whether a classifier has the next or the next but one number of a family, such as Programming Language :: Python :: 3.N
// or Framework :: Odoo :: N.0.
func continues(classifier string) bool {
	family, number := cutNumber(classifier)
	if number == nil {
		return false
	}
	newest, known, last := -1, false, len(number)-1
	for _, n := range table().families[family] {
		if len(n) == len(number) && slices.Equal(n[:last], number[:last]) {
			known, newest = true, max(newest, n[last])
		}
	}
	if known {
		return number[last] > newest && number[last] <= newest+ahead
	}
	if last == 0 || number[last] > ahead {
		return false
	}
	for _, n := range table().families[family] {
		if len(n) == len(number) {
			newest = max(newest, n[0])
		}
	}
	return newest >= 0 && number[0] > newest && number[0] <= newest+ahead
}

// cutNumber splits a classifier before a last part that consists of numbers with dots between them; number is nil if it does not.
func cutNumber(classifier string) (family string, number []int) {
	at := strings.LastIndex(classifier, " :: ")
	if at < 0 {
		return "", nil
	}
	for part := range strings.SplitSeq(classifier[at+len(" :: "):], ".") {
		n, err := strconv.Atoi(part)
		if err != nil || strconv.Itoa(n) != part || n < 0 {
			return "", nil
		}
		number = append(number, n)
	}
	return classifier[:at], number
}

// All returns the valid classifiers, in alphabetical order.
func All() []string {
	var all []string
	for classifier, found := range table().entries {
		if found.status == Valid {
			all = append(all, classifier)
		}
	}
	slices.Sort(all)
	return all
}

// AsOf returns the day of the release that the table was made from, at midnight UTC. The index may have added classifiers
// since.
func AsOf() time.Time {
	return table().asOf
}

type entry struct {
	status  Status
	instead []string
}

type classifiers struct {
	entries  map[string]entry
	families map[string][][]int // the numbers of the numbered classifiers, by what stands before the number
	asOf     time.Time
}

var table = sync.OnceValue(func() classifiers {
	t := classifiers{entries: make(map[string]entry), families: make(map[string][][]int)}
	last := ""
	for line := range strings.Lines(list) {
		// The line of the release is for people: its day equals that of as-of, which a test checks.
		switch kind, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); kind {
		case "as-of":
			t.asOf, _ = time.Parse(time.DateOnly, text) // a test checks that it is a date
		case "valid":
			t.entries[text] = entry{status: Valid}
		case "deprecated":
			t.entries[text] = entry{status: Deprecated}
			last = text
		case "instead":
			t.entries[last] = entry{Deprecated, append(t.entries[last].instead, text)}
		}
	}
	for classifier := range t.entries {
		if family, number := cutNumber(classifier); number != nil {
			t.families[family] = append(t.families[family], number)
		}
	}
	return t
})
