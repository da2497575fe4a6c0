// Package trove knows the classifiers of Python packages ("trove classifiers"), the valid and the deprecated ones.
//
// The table ages. README.md beside this file tells its source and date.
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

// Standing tells what the table says of a classifier.
type Standing uint8

// The standings.
const (
	Unknown    Standing = iota // it is not in the table, whatever the index has learned since
	Valid                      // it is to be used
	Deprecated                 // it was valid, and the index refuses it now
)

// Look tells how a classifier stands, and for a deprecated one which to use instead, if any. Letter case counts.
func Look(classifier string) (Standing, []string) {
	found := table().entries[classifier]
	return found.standing, slices.Clone(found.instead)
}

// All are the valid classifiers, in alphabetical order.
func All() []string {
	var all []string
	for classifier, found := range table().entries {
		if found.standing == Valid {
			all = append(all, classifier)
		}
	}
	slices.Sort(all)
	return all
}

// AsOf returns the day of the release that the table is from, at midnight UTC. The index may have learned classifiers since.
func AsOf() time.Time {
	return table().asOf
}

type entry struct {
	standing Standing
	instead  []string
}

type classifiers struct {
	entries map[string]entry
	asOf    time.Time
}

var table = sync.OnceValue(func() classifiers {
	t := classifiers{entries: make(map[string]entry)}
	last := ""
	for line := range strings.Lines(list) {
		// The line of the release is for people: its day is that of as-of, to which a test holds it.
		switch kind, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); kind {
		case "as-of":
			t.asOf, _ = time.Parse(time.DateOnly, text) // a test holds that it is a date
		case "valid":
			t.entries[text] = entry{standing: Valid}
		case "deprecated":
			t.entries[text] = entry{standing: Deprecated}
			last = text
		case "instead":
			t.entries[last] = entry{Deprecated, append(t.entries[last].instead, text)}
		}
	}
	return t
})
