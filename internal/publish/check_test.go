package publish

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// Headers of metadata that the index refuses, and that it takes with a warning of ours.
const (
	wrongHeader   = "Requires-Python: three"
	wrongRule     = "requires-python"
	unknownHeader = "Colour: green"
	unknownRule   = "field-unknown"
)

// TestCheck: what the index would refuse stops the run before it has any credential, and all of it is reported at once.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		headers []string
		verify  bool
		err     []string // ids
		noted   []string // of the whole run
		counts  ledger.Checked
	}{
		"nothing is wrong": {nil, true, nil, nil, ledger.Checked{Files: 2}},
		"a warning":        {[]string{unknownHeader}, true, nil, []string{unknownRule}, ledger.Checked{Files: 2, Warnings: 1}},
		"an error": {
			headers: []string{wrongHeader}, verify: true, err: []string{wrongRule}, noted: []string{wrongRule},
			counts: ledger.Checked{Files: 2, Errors: 1},
		},
		"both": {
			headers: []string{wrongHeader, unknownHeader}, verify: true, err: []string{wrongRule},
			noted: []string{unknownRule, wrongRule}, counts: ledger.Checked{Files: 2, Errors: 1, Warnings: 1},
		},
		"an error that is let pass": {[]string{wrongHeader}, false, nil, []string{wrongRule}, ledger.Checked{Files: 2, Warnings: 1}},
		"both, and the error is passed": {
			headers: []string{wrongHeader, unknownHeader}, noted: []string{wrongRule, unknownRule},
			counts: ledger.Checked{Files: 2, Warnings: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, birch)
			h.index.pages[alder], h.index.pages["birch"] = []page{listing(alder)}, []page{listing("birch")}
			h.put(wheel, "", c.headers...)
			h.options.VerifyMetadata = c.verify
			err := h.run()
			expect.Equal(t, "errors", idsOf(finding.Of(err)), c.err)
			expect.Equal(t, "reported", besides("several-projects", distinct(h.noted())), distinct(c.noted))
			for _, f := range h.receipt().Findings {
				if f.ID == "several-projects" {
					continue
				}
				expect.Equal(t, "file of "+string(f.ID), f.File, filepath.Join("dist", wheel))
			}
			got := eventOf[ledger.Checked](h)
			expect.Equal(t, "counts", got, c.counts)
			expect.Equal(t, "uploads", h.index.requestCount("upload") > 0, c.err == nil)
			expect.Equal(t, "planned", len(eventsOf[ledger.Planned](h)), map[bool]int{true: 1}[c.err == nil])
		})
	}
}

// TestCheck_FindingsOfAFile: each target has what was found about it and nothing else, for the refusals to come.
func TestCheck_FindingsOfAFile(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, birch)
	h.index.pages[alder], h.index.pages["birch"] = []page{listing(alder)}, []page{listing("birch")}
	h.put(wheel, "", wrongHeader)
	h.options.VerifyMetadata = false
	r := newRun(h.options, h.deps)
	c, err := r.collect(t.Context())
	wantError(t, "collect", err, nil)
	wantError(t, "check", r.check(t.Context(), c), nil)
	expect.Equal(t, "findings of the wheel", idsOf(named(t, c.targets, wheel).findings), []string{wrongRule})
	expect.Equal(t, "findings of the other file", idsOf(named(t, c.targets, birch).findings), nil)
}

// TestCheck_DuplicateName cannot be waived: files are identified by their names.
func TestCheck_DuplicateName(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel)
	h.write(filepath.Join("more", wheel), string(distribution(t, wheel, "other")))
	h.options.Paths = append(h.options.Paths, h.path("more"))
	h.options.VerifyMetadata = false
	expect.Equal(t, "errors", distinct(idsOf(finding.Of(h.run()))), []string{"duplicate-name"})
	expect.Equal(t, "uploads", h.index.requestCount("upload"), 0)
}

// TestCheck_WithoutRelease: a file of no release cannot be sent, with any input.
func TestCheck_WithoutRelease(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, birch)
	noVersion := disttest.Zip(disttest.Member{Name: "alder-1.0.dist-info/METADATA", Content: "Metadata-Version: 2.1\nName: alder\n"})
	h.write(filepath.Join("dist", wheel), string(noVersion))
	h.options.VerifyMetadata = false
	err := h.run()
	f := only(t, finding.Of(err), "no-release")
	expect.Equal(t, "errors", len(finding.Of(err)), 1)
	expect.Equal(t, "file", f.File, filepath.Join("dist", wheel))
	expect.Equal(t, "fault", f.Fault, finding.Distribution)
	expect.Contains(t, "the next step", f.Fix, "verify-metadata")
	expect.Equal(t, "uploads", h.index.requestCount("upload"), 0)

	h.options.VerifyMetadata = true
	ids := idsOf(finding.Of(h.run()))
	expect.Equal(t, "reported where a rule reports it", slices.Contains(ids, "version-missing"), true)
	expect.Equal(t, "reported twice", slices.Contains(ids, "no-release"), false)
}

// TestCheck_ExpectedVersion: the release must have the version of the tag.
func TestCheck_ExpectedVersion(t *testing.T) {
	t.Parallel()
	for version, ids := range map[string][]string{"v1.0": nil, "1.1": {"expected-version"}, "": nil} {
		h := newScripted(t, true, wheel)
		h.options.ExpectedVersion = version
		expect.Equal(t, "errors, expecting "+version, idsOf(finding.Of(h.run())), ids)
	}
}

// TestPlan: what the index has is left as it is, what it lacks is uploaded, and a conflict stops the run unless it may be skipped.
func TestPlan(t *testing.T) {
	t.Parallel()
	theirs := pep.IndexFile{Name: sdist, SHA256: otherDigest}
	for name, c := range map[string]struct {
		listed  func(targets []*target) []pep.IndexFile
		skip    bool
		err     []string
		noted   []string
		actions []ledger.Action // of wheel and sdist
	}{
		"nothing there": {
			listed:  func([]*target) []pep.IndexFile { return nil },
			actions: []ledger.Action{ledger.ActionUpload, ledger.ActionUpload},
		},
		"one of two there": {
			listed:  func(all []*target) []pep.IndexFile { return []pep.IndexFile{as(all[0])} },
			actions: []ledger.Action{ledger.ActionPresent, ledger.ActionUpload},
		},
		"all there": {
			listed:  func(all []*target) []pep.IndexFile { return []pep.IndexFile{as(all[0]), as(all[1])} },
			actions: []ledger.Action{ledger.ActionPresent, ledger.ActionPresent},
		},
		"a conflict": {
			listed: func([]*target) []pep.IndexFile { return []pep.IndexFile{theirs} }, err: []string{"conflict"},
			actions: []ledger.Action{ledger.ActionUpload, ledger.ActionConflict},
		},
		"two conflicts": {
			listed:  func([]*target) []pep.IndexFile { return []pep.IndexFile{theirs, {Name: wheel, SHA256: otherDigest}} },
			err:     []string{"conflict", "conflict"},
			actions: []ledger.Action{ledger.ActionConflict, ledger.ActionConflict},
		},
		"a conflict to skip": {
			listed: func([]*target) []pep.IndexFile { return []pep.IndexFile{theirs} }, skip: true, noted: []string{"skipped"},
			actions: []ledger.Action{ledger.ActionUpload, ledger.ActionSkip},
		},
		"nothing to skip here": {
			listed: func([]*target) []pep.IndexFile { return nil }, skip: true,
			actions: []ledger.Action{ledger.ActionUpload, ledger.ActionUpload},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newScripted(t, true, wheel, sdist)
			h.options.SkipExisting = c.skip
			_, files := h.collected()
			h.index.pages[alder] = []page{listing(alder, c.listed(files)...)}
			r, targets := h.collected()
			err := r.plan(targets)
			expect.Equal(t, "errors", idsOf(finding.Of(err)), c.err)
			expect.Equal(t, "noted", h.noted(), c.noted)
			planned := eventOf[ledger.Planned](h)
			for i, action := range c.actions {
				expect.Equal(t, "action of "+targets[i].Name, targets[i].action, action)
				expect.Equal(t, "outcome of "+targets[i].Name, targets[i].outcome, action.Outcome())
				expect.Equal(t, "recorded action of "+targets[i].Name, planned.Files[i].Action, action)
			}
		})
	}
}

// TestPlan_Again: a plan that is made again after a wait reports no skipped file twice, and another one once.
func TestPlan_Again(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel, sdist)
	h.options.SkipExisting = true
	first, then := pep.IndexFile{Name: wheel, SHA256: otherDigest}, pep.IndexFile{Name: sdist, SHA256: otherDigest}
	h.index.pages[alder] = []page{listing(alder, first), listing(alder, first, then)}
	r, targets := h.planned()
	expect.Equal(t, "noted by the first plan", h.noted(), []string{"skipped"})
	wantError(t, "second look", r.listings.refresh(t.Context(), []pep.Project{alder}), nil)
	wantError(t, "second plan", r.plan(targets), nil)
	expect.Equal(t, "noted by both plans", h.noted(), []string{"skipped", "skipped"})
	expect.Equal(t, "file of the first note", h.receipt().Findings[0].File, "dist/"+wheel)
	expect.Equal(t, "file of the second note", h.receipt().Findings[1].File, "dist/"+sdist)
}

// TestPlan_Releases: each release of the set is recorded once, with its page.
func TestPlan_Releases(t *testing.T) {
	t.Parallel()
	h := newScripted(t, true, wheel, sdist, wheel2, "Birch-1.0.tar.gz")
	_, _ = h.planned()
	var got []string
	for _, r := range eventOf[ledger.Planned](h).Releases {
		got = append(got, r.Name+" "+r.Version+" "+string(r.Project))
		expect.Contains(t, "the page of "+r.Name, r.URL, "/simple/"+string(r.Project)+"/")
	}
	expect.Equal(t, "releases", got, []string{"Birch 1.0 birch", "alder 1.0 alder", "alder 2.0 alder"})
}

func TestListSome(t *testing.T) {
	t.Parallel()
	names := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}
	expect.Equal(t, "none", listSome(nil), "")
	expect.Equal(t, "one", listSome(names[:1]), "1")
	expect.Equal(t, "ten", listSome(names[:10]), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10")
	expect.Equal(t, "twelve", listSome(names), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more")
}
