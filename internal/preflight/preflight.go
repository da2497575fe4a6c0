// Package preflight judges a set of distributions by the index's rules before anything is sent.
//
// It is pure: files, listings and the time are given. A rule is one function and one line of the table in rules.go; its
// findings have the words of the index, since those are what a user would otherwise meet half-way through a release.
package preflight

import (
	"slices"
	"time"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

// Set is what is judged: everything that one run would upload, and what is known about the index.
type Set struct {
	Files           []*dist.Distribution
	Held            map[pep.Project]pep.Listing // what the index holds; a project that is absent was not looked up
	Warehouse       bool                        // whether the index has PyPI's rules; another gets most of them as notices
	Stored          map[string]bool             // files, by path, that the index's file host has, whatever its page says; a hint
	UserToken       bool                        // uploads are authorized by a person's API token, which may do what a Trusted Publisher may not
	Pyproject       *pyproject.Project          // the pyproject.toml beside the files; nil where there is none
	Classifiers     []string                    // those that the index itself lists as valid; nil where it was not asked
	Waive           bool                        // errors of rules that can be waived are warnings
	ExpectedVersion string                      // the version that every release has to have, such as a tag; empty for any
	Now             time.Time
}

// rule is one of the index's rules, or of ours.
type rule struct {
	id       finding.ID
	severity finding.Severity // of its findings; a judge may give a lower one
	reach    reach
	basis    basis
	judge    func(Set) []finding.Finding
	about    string // what it finds, in one line
	why      string // why that is refused, or worth knowing
}

// reach tells which indexes have a rule, and whether it can be waived.
type reach uint8

const (
	everywhere reach = iota // any index has it, or the run itself cannot go on without it
	warehouse               // PyPI and TestPyPI have it; for another index its findings are notices
	always                  // the user or the run demands it, whatever the index: Set.Waive does not apply
)

// waivable reports whether Set.Waive makes warnings of the rule's errors.
func (r reach) waivable() bool { return r != always }

// basis is what a rule judges by.
type basis string

const (
	offline basis = "the files alone"
	data    basis = "the files, and a table that ages"
	listing basis = "what the index says it holds"
	both    basis = "the files, and what the index says it holds where it was asked"
)

// fault returns whose fault the findings of a rule are.
func (b basis) fault() finding.Fault {
	if b == listing {
		return finding.Index
	}
	return finding.Distribution
}

// Check judges the set by every rule and returns all findings: those of the files in the order of the files, each file's
// in the order in which the index checks, then those of the set.
func Check(s Set) []finding.Finding {
	var all []finding.Finding
	for _, r := range rules {
		for _, f := range r.judge(s) {
			f.ID, f.Fault = r.id, r.basis.fault()
			f.Severity = min(f.Severity, r.severity)
			if !s.Warehouse && r.reach == warehouse {
				f.Severity = finding.Notice
			}
			if s.Waive && r.reach.waivable() {
				f.Severity = min(f.Severity, finding.Warning)
			}
			all = append(all, f)
		}
	}
	place := map[string]int{}
	for i, d := range s.Files {
		place[d.Path] = i - len(s.Files) // what is no file of the set comes last, with what is about none
	}
	slices.SortStableFunc(all, func(a, b finding.Finding) int { return place[a.File] - place[b.File] })
	return all
}

// Rule is what people are told of a rule.
type Rule struct {
	ID         finding.ID
	Severity   finding.Severity // the worst that its findings have
	Everywhere bool             // whether every index has it, or PyPI and TestPyPI alone
	Waivable   bool             // whether its errors are warnings where the user waives the index's rules
	Basis      string           // what it judges by
	About      string           // what it finds, in one line
	Why        string           // why that is refused, or worth knowing
}

// Rules lists the rules in their order, for docs/rules.md.
func Rules() []Rule {
	list := make([]Rule, len(rules))
	for i, r := range rules {
		list[i] = Rule{r.id, r.severity, r.reach != warehouse, r.reach.waivable(), string(r.basis), r.about, r.why}
	}
	return list
}

// Page is where a rule is described: a path in this repository, with the heading. It is empty where there is no such rule.
func Page(id finding.ID) string {
	if !slices.ContainsFunc(rules, func(r rule) bool { return r.id == id }) {
		return ""
	}
	return "docs/rules.md#" + string(id)
}

// each judges file by file. A judge answers with a message and the next step, or with an empty message.
func each(judge func(*dist.Distribution) (message, fix string)) func(Set) []finding.Finding {
	return func(s Set) (found []finding.Finding) {
		for _, d := range s.Files {
			if message, fix := judge(d); message != "" {
				found = append(found, refusal(d, message, fix))
			}
		}
		return found
	}
}

func refusal(d *dist.Distribution, message, fix string) finding.Finding {
	return finding.Finding{Severity: finding.Error, File: d.Path, Message: message, Fix: fix}
}
