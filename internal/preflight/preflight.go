// Package preflight checks a set of distributions against the rules of the index before anything is sent.
//
// Its functions are pure: files, listings and the time are arguments. A rule is one function and one row of the table in
// rules.go. Its findings use the messages of the index, because a user would otherwise see exactly those in the middle of
// a release.
package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

// Set describes what is checked: all files that one run would upload, and what is known about the index.
type Set struct {
	Files            []*distfile.Distribution
	Listings         map[pep.Project]pep.Listing // what the index lists for each project; a project without an entry was not queried
	Absent           map[pep.Project]bool        // projects that the index lacks, asked past its caches; nil if not asked again
	Warehouse        bool                        // whether the index has PyPI's rules; else what PyPI refuses is one notice
	Stored           map[string]bool             // paths of files that the file host stores, even if the project page lacks them; a hint
	UserToken        bool                        // uploads use a person's API token, which may do more than a Trusted Publisher
	Pyproject        *pyproject.Project          // the pyproject.toml next to the files; nil if there is none
	Classifiers      []string                    // the valid classifiers according to the index itself; nil if it was not queried
	Waive            bool                        // makes errors of waivable rules warnings
	ExpectedVersion  string                      // the version that every release must have, such as a tag; empty for any
	ExpectedProjects []pep.Project               // the projects that files may be of; empty for any
	Ref              string                      // the full name of the run's ref, such as refs/tags/v1.0; empty if there is none
	Now              time.Time

	// Compare has every release compared with the last one that the index lists. Previous has for a release a wheel of the one before, of
	// which only the name and the metadata are known; a release without one is compared by file names alone.
	Compare  bool
	Previous map[pep.Release]*distfile.Distribution

	compared []step                   // what steps returns, while it is checked
	checking bool                     // compared is set
	catalogs map[pep.Project]*catalog // of Listings, while it is checked
}

// rule describes one rule of the index, or of this program.
type rule struct {
	id       finding.ID
	severity finding.Severity // of its findings; the function may set a lower one
	reach    reach
	basis    basis
	check    func(Set) []finding.Finding
	about    string // what it finds, in one line
	why      string // why that is refused, or worth knowing
}

// reach says which indexes have a rule, and whether the rule can be waived.
type reach uint8

const (
	everywhere reach = iota // every index has it, or the run itself cannot continue without it
	warehouse               // PyPI and TestPyPI have it; for another index what it refuses is one notice for the set
	always                  // required by the user or the run, for every index: Set.Waive does not apply
)

// waivable reports whether Set.Waive makes warnings of the rule's errors.
func (r reach) waivable() bool { return r != always }

// basis says which data a rule uses.
type basis string

const (
	offline basis = "the files alone"
	data    basis = "the files, and a table that can become outdated"
	listing basis = "the index's list of files"
	before  basis = "the files, and the core metadata of a wheel of the last release"
	both    basis = "the files, and the index's list of files if it was queried"
)

// fault returns who is responsible for the findings of a rule: the index if the rule uses only its listing, else the
// distribution.
func (b basis) fault() finding.Fault {
	if b == listing {
		return finding.Index
	}
	return finding.Distribution
}

// Check runs every rule on the set and returns the findings: of one rule about one file the first 20, of which the last counts the others.
// The findings about the files come first, in the order of s.Files, and those about one file in the order in which the index checks; then
// come the findings about the set.
func Check(s Set) []finding.Finding {
	all, _ := CheckUntil(context.Background(), s)
	return all
}

// CheckUntil is Check that ends with the cause of ctx when that is done.
func CheckUntil(ctx context.Context, s Set) ([]finding.Finding, error) {
	var all []finding.Finding
	var others []finding.Finding // what only PyPI would refuse
	s = s.withCatalogs()
	s.compared, s.checking = s.steps(), true
	room := longestFindings
	for _, r := range rules {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		for _, f := range limited(r.check(s), &room) {
			f.ID = r.id
			if f.Fault == finding.Other {
				f.Fault = r.basis.fault()
			}
			f.Severity = min(f.Severity, r.severity)
			if !s.Warehouse && r.reach == warehouse {
				if f.Severity == finding.Error && f.File != "" {
					others = append(others, f)
				}
				continue
			}
			if s.Waive && r.reach.waivable() {
				f.Severity = min(f.Severity, finding.Warning)
			}
			all = append(all, f)
		}
	}
	position := map[string]int{}
	for i, d := range s.Files {
		position[d.Path] = i - len(s.Files) // findings about no file, or about a file outside the set, come last
	}
	sort.SliceStable(all, func(i, j int) bool { return position[all[i].File] < position[all[j].File] })
	return append(all, onlyPyPI(others)...), nil
}

// onlyPyPI returns one notice about all that PyPI would refuse and this index may accept; none if there is nothing.
func onlyPyPI(refused []finding.Finding) []finding.Finding {
	if len(refused) == 0 {
		return nil
	}
	files, ids := map[string]bool{}, map[string]bool{}
	for _, f := range refused {
		files[f.File], ids[string(f.ID)] = true, true
	}
	return []finding.Finding{finding.New(finding.PyPIRefuses,
		fmt.Sprintf("PyPI would refuse %s, which this index may accept: %s", phrase.Count(len(files), "file"),
			strings.Join(slices.Sorted(maps.Keys(ids)), ", ")),
		"no action needed; to see all of it, run `check` on the files")}
}

const (
	maxFindings     = 20      // findings of one rule about one file; the last one counts the rest
	longestFindings = 8 << 20 // bytes of all findings; beyond it, of a rule's findings with one severity there is only one
)

// limited returns the first findings about each file, the last of which counts the others, and takes their length from room.
func limited(found []finding.Finding, room *int) []finding.Finding {
	type group struct {
		file     string
		severity finding.Severity
	}
	count, dropped := map[group]int{}, map[int]int{}
	lastOf, lastOfAll := map[group]int{}, map[finding.Severity]int{}
	var kept []finding.Finding
	for _, f := range found {
		g := group{f.File, f.Severity}
		at, another := lastOfAll[f.Severity]
		if full := count[g] == maxFindings; full || another && *room < 0 {
			if full {
				at = lastOf[g]
			}
			dropped[at]++
			continue
		}
		count[g]++
		lastOf[g], lastOfAll[f.Severity] = len(kept), len(kept)
		kept = append(kept, f)
		*room -= len(f.Message) + len(f.Fix)
	}
	for at, n := range dropped {
		kept[at].Fix = strings.TrimSpace(fmt.Sprintf("%s (and %d more like this)", kept[at].Fix, n))
	}
	return kept
}

// Rule describes a rule for documentation and reports.
type Rule struct {
	ID         finding.ID
	Severity   finding.Severity // the highest severity of its findings
	Everywhere bool             // whether every index has it; otherwise only PyPI and TestPyPI do
	Waivable   bool             // whether its errors become warnings when the user waives the rules of the index
	Basis      string           // which data it uses
	About      string           // what it finds, in one line
	Why        string           // why that is refused, or worth knowing
}

// Rules returns all rules in the order in which the index checks, for docs/rules.md.
func Rules() []Rule {
	list := make([]Rule, len(rules))
	for i, r := range rules {
		list[i] = Rule{r.id, r.severity, r.reach != warehouse, r.reach.waivable(), string(r.basis), r.about, r.why}
	}
	return list
}

// The ids of rules that MayRefuse knows.
const (
	metadataVersionID finding.ID = "metadata-version"
	tooLargeID        finding.ID = "file-too-large"
)

// MayRefuse reports whether the index may refuse a file because of what is a warning here: only the index knows its limit for a project,
// and what it has learned after a table of this program was made; and errors may be waived. A newer version of the metadata does not count:
// all files of a build have it.
func MayRefuse(f finding.Finding) bool {
	if f.Severity != finding.Warning || f.ID == metadataVersionID {
		return false
	}
	return f.ID == tooLargeID || slices.ContainsFunc(rules, func(r rule) bool { return r.id == f.ID && r.severity == finding.Error })
}

// Page returns the path in this repository, with the heading, of the text that describes a rule. It is empty if no rule
// has the id.
func Page(id finding.ID) string {
	if !slices.ContainsFunc(rules, func(r rule) bool { return r.id == id }) {
		return ""
	}
	return "docs/rules.md#" + string(id)
}

// each returns a check that calls check for every file. check returns a message and the next step; an empty message means
// that nothing is wrong.
func each(check func(*distfile.Distribution) (message, fix string)) func(Set) []finding.Finding {
	return func(s Set) (found []finding.Finding) {
		for _, d := range s.Files {
			if message, fix := check(d); message != "" {
				found = append(found, refusal(d, message, fix))
			}
		}
		return found
	}
}

func refusal(d *distfile.Distribution, message, fix string) finding.Finding {
	return finding.Finding{Severity: finding.Error, File: d.Path, Message: message, Fix: fix}
}
