// Package trove lists the classifiers of Python packages ("trove classifiers"), valid and deprecated ones.
//
// The table ages. README.md in this directory gives its source and date.
package trove

import (
	_ "embed"
	"slices"
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
	entries map[string]entry
	asOf    time.Time
}

var table = sync.OnceValue(func() classifiers {
	t := classifiers{entries: make(map[string]entry)}
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
	return t
})
