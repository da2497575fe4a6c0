package preflight_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep/metadata"
	"github.com/org/pypi-oidc-publish/internal/pep/platform"
	"github.com/org/pypi-oidc-publish/internal/pep/spdx"
	"github.com/org/pypi-oidc-publish/internal/pep/trove"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/vectors"
)

// missed are the cases that preflight accepts and the index rejects, with the reason. The index decides them.
var missed = map[string]string{}

// readCase returns the files of a case, under the names that they are to be uploaded by, on the day of its verdict.
func readCase(t *testing.T, c vectors.Case) preflight.Set {
	t.Helper()
	s := preflight.Set{Warehouse: true, Now: vectors.AsOf()}
	for _, path := range c.Paths(t) {
		d, err := distfile.Read(t.Context(), path)
		if err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		s.Files = append(s.Files, d)
	}
	return s
}

// errorsOf are the findings that reject, in the order in which the index would come upon them.
func errorsOf(found []finding.Finding) []finding.Finding {
	return slices.DeleteFunc(slices.Clone(found), func(f finding.Finding) bool { return f.Severity != finding.Error })
}

// phrases is a message as it is compared: the index's reaches a client on one line.
func phrases(message string) string { return strings.Join(strings.Fields(message), " ") }

// TestCheck_Vectors holds preflight to the vectors: no case that the index accepts is refused, and every case that it rejects is,
// by its rule. How many messages are the index's own is printed.
func TestCheck_Vectors(t *testing.T) {
	t.Parallel()
	var accepted, caught, first, same, strict int
	table := map[string][2]int{} // of each rule: caught, and all
	for _, c := range vectors.Load(t) {
		found := errorsOf(preflight.Check(readCase(t, c)))
		if c.Verdict == "accept" {
			accepted++
			if decided, listed := vectors.Stricter()[c.ID]; listed {
				if len(found) != 1 || string(found[0].ID) != decided.Rule {
					t.Errorf("%s: not refused by %s alone (%s): %v", c.ID, decided.Rule, decided.Reason, found)
				}
				continue
			}
			if len(found) > 0 {
				t.Errorf("%s: refused, and the index takes it: %v", c.ID, found)
			}
			continue
		}
		at := slices.IndexFunc(found, func(f finding.Finding) bool { return string(f.ID) == c.Rule })
		row := table[c.Rule]
		row[1]++
		if at >= 0 || c.Loose && len(found) > 0 {
			row[0]++
			caught++
		}
		table[c.Rule] = row
		reason, listed := missed[c.ID]
		switch {
		case len(found) == 0 && !listed:
			t.Errorf("%s: accepted, and the index rejects it by %s: %s", c.ID, c.Rule, c.Message)
		case len(found) > 0 && listed:
			t.Errorf("%s: caught now: take it from the list of those missed (%s)", c.ID, reason)
		case len(found) > 0 && at < 0 && !c.Loose:
			t.Errorf("%s: rejected by %s, not by %s", c.ID, found[0].ID, c.Rule)
		}
		if !c.Loose && at >= 0 {
			strict++
			if at == 0 {
				first++
			}
			if phrases(found[at].Message) == phrases(c.Message) {
				same++
			} else {
				t.Logf("%s: the message is\n\t%s\nand the index's\n\t%s", c.ID, phrases(found[at].Message), phrases(c.Message))
			}
		}
	}
	var rows []string
	for rule, row := range table {
		if row[0] < row[1] {
			rows = append(rows, rule)
		}
	}
	slices.SortFunc(rows, cmp.Compare[string])
	for _, rule := range rows {
		t.Logf("%-28s %d of %d caught", rule, table[rule][0], table[rule][1])
	}
	t.Logf(
		"%d accepted as they are by the index, %d rejected and caught by their rule, %d allowed to be missed", accepted, caught,
		len(missed),
	)
	t.Logf("of %d messages that can be compared %d are the index's; the index's first error is ours in %d", strict, same, first)
	for _, id := range slices.Concat(slices.Collect(maps.Keys(missed)), slices.Collect(maps.Keys(vectors.Stricter()))) {
		if !slices.ContainsFunc(vectors.Load(t), func(c vectors.Case) bool { return c.ID == id }) {
			t.Errorf("there is no case %s", id)
		}
	}
}

// TestTables_Dated: the tables and rules that the index is known to have are as of the day of the recorded verdicts; that of the
// classifiers is newer than that, because their release has a date.
func TestTables_Dated(t *testing.T) {
	t.Parallel()
	day := vectors.AsOf().Truncate(24 * time.Hour)
	for name, asOf := range map[string]time.Time{"licenses": spdx.AsOf(), "platform tags": platform.AsOf(), "rules of " +
		"values": metadata.AsOf()} {
		if !asOf.Equal(day) {
			t.Errorf("%s: as of %v, and the verdicts are of %v", name, asOf, day)
		}
	}
	if trove.AsOf().Before(day) {
		t.Errorf("classifiers: as of %v, and the verdicts are of %v", trove.AsOf(), day)
	}
}
