package publish

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ghrelease"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// target is one distribution on its way through a run. The steps fill it in from top to bottom. While files are handled side by
// side, each target belongs to one goroutine.
type target struct {
	// By collect.
	*distfile.Distribution
	displayPath      string      // its path as people and later jobs can use it
	release          pep.Release // zero where the metadata does not say
	attestationFiles []string    // that stand beside it

	// By check: what was found about it.
	findings []finding.Finding

	// By plan.
	action      ledger.Action
	indexDigest string // of what the index lists under its name, where that are other bytes
	skipNoted   bool   // that it is skipped was reported

	// By attest: what is sent with it. By readBack: what the index kept of an earlier run instead.
	attestations []attest.Attestation

	// By plan, and by upload.
	outcome ledger.Outcome

	// By readBack: its provenance need not be queried again, and the index was seen to serve it with its digest.
	provenanceDone, digestSeen bool

	// By upload: why it is not published; nil if it is, or was not tried.
	failure *finding.Finding
}

// describe returns the target for people.
func (t *target) describe() ledger.File {
	return ledger.File{
		Path: t.displayPath, Name: t.Name, Release: t.release, Version: t.version(), Size: t.Size,
		SHA256: t.sha256(),
		Action: t.action, IndexDigest: t.indexDigest,
	}
}

// version returns its version in the normal form of PEP 440, which is in the addresses of the index: 1.0.post1 if the file says 1.0-1.
func (t *target) version() string {
	version, err := pep.ParseVersion(t.Header("Version"))
	if err != nil {
		return t.Header("Version") // a rule reports it
	}
	return version.String()
}

func describeAll(targets []*target) []ledger.File {
	files := make([]ledger.File, 0, len(targets))
	for _, t := range targets {
		files = append(files, t.describe())
	}
	return files
}

// sha256 returns its digest in lower-case hex.
func (t *target) sha256() string { return hex.EncodeToString(t.Digests.SHA256[:]) }

// asset returns the target as an asset of a GitHub release.
func (t *target) asset() ghrelease.Asset {
	return ghrelease.Asset{Name: t.Name, Size: t.Size, SHA256: t.sha256(), Open: t.Open}
}

// hasPublishAttestation reports whether it has the attestation that an index shows as its publisher's.
func (t *target) hasPublishAttestation() bool {
	return slices.ContainsFunc(t.attestations, func(a attest.Attestation) bool { return a.Predicate == attest.PublishPredicate })
}

// unsignedOf returns the targets that have no publish attestation yet.
func unsignedOf(targets []*target) []*target {
	return selected(targets, func(t *target) bool { return !t.hasPublishAttestation() })
}

// missingOf returns the targets that are to be uploaded.
func missingOf(targets []*target) []*target {
	return selected(targets, func(t *target) bool { return t.action == ledger.ActionUpload })
}

// onIndexOf returns the targets whose bytes the index has, as far as the run knows.
func onIndexOf(targets []*target) []*target {
	return selected(targets, func(t *target) bool { return t.outcome.OnIndex() })
}

func selected(targets []*target, matches func(*target) bool) []*target {
	return slices.DeleteFunc(slices.Clone(targets), func(t *target) bool { return !matches(t) })
}

func distributionsOf(targets []*target) []*distfile.Distribution {
	all := make([]*distfile.Distribution, 0, len(targets))
	for _, t := range targets {
		all = append(all, t.Distribution)
	}
	return all
}

func namesOf(targets []*target) []string {
	names := make([]string, 0, len(targets))
	for _, t := range targets {
		names = append(names, t.Name)
	}
	return names
}

// projectsOf returns the projects that the metadata of the targets names, sorted, each once.
func projectsOf(targets []*target) []pep.Project {
	var projects []pep.Project
	for _, t := range targets {
		if t.release.Project != "" {
			projects = append(projects, t.release.Project)
		}
	}
	return distinct(projects)
}

func distinct[T cmp.Ordered](all []T) []T {
	slices.Sort(all)
	return slices.Compact(all)
}

// plan decides what to do with a target by what the index lists of its project. With skip, a conflict is skipped.
func (t *target) plan(listing pep.Listing, skip, mayReplace bool) {
	t.action, t.indexDigest = t.compare(listing, mayReplace)
	if t.action == ledger.ActionConflict && skip {
		t.action = ledger.ActionSkip
	}
	t.outcome = t.action.Outcome()
}

// compare returns what to do with a target, given what the index lists of its project; indexDigest is the digest of other bytes
// under its name. A file of the same name without a digest that can be compared is a conflict, without a digest, where the index may
// replace it; elsewhere the index itself decides, and the file counts as missing.
func (t *target) compare(listing pep.Listing, mayReplace bool) (action ledger.Action, indexDigest string) {
	listed, ok := t.listedIn(listing)
	theirs, ours := t.digests(listed)
	switch {
	case !ok, theirs == "" && !mayReplace:
		return ledger.ActionUpload, ""
	case theirs == "":
		return ledger.ActionConflict, ""
	case theirs == ours:
		return ledger.ActionPresent, ""
	default:
		return ledger.ActionConflict, theirs
	}
}

// listedIn returns what the listing has under the target's name. If it has the name more than once, that is the entry that is the least
// like the target: one with another digest, else one with another size, else one with the target's digest, else one without a digest.
func (t *target) listedIn(listing pep.Listing) (listed pep.IndexFile, ok bool) {
	worst := -1
	for _, entry := range listing.Files {
		if entry.Name != t.Name {
			continue
		}
		if unlike := t.unlikeness(entry); unlike > worst {
			listed, worst = entry, unlike
		}
	}
	return listed, worst >= 0
}

// unlikeness returns how much an entry of a listing speaks against the target.
func (t *target) unlikeness(listed pep.IndexFile) int {
	const noDigest, sameDigest, otherSize, otherDigest = 0, 1, 2, 3
	switch theirs, ours := t.digests(listed); {
	case theirs != ours:
		return otherDigest
	case t.otherSize(listed):
		return otherSize
	case theirs != "":
		return sameDigest
	default:
		return noDigest
	}
}

// otherSize reports whether an entry of a listing has another size than the target.
func (t *target) otherSize(listed pep.IndexFile) bool {
	return listed.Size != 0 && listed.Size != t.Size
}

// bytesLong ends a size, which stands for a digest where it differs: that says as much.
const bytesLong = " bytes"

// digests returns the digests of one kind of what the index lists and of the target, as [distfile.Distribution.DigestsIn] does, or their
// sizes if those differ; empty where there is nothing to compare.
func (t *target) digests(listed pep.IndexFile) (theirs, ours string) {
	theirs, ours = t.DigestsIn(listed)
	if theirs == "" && t.otherSize(listed) {
		return fmt.Sprint(listed.Size, bytesLong), fmt.Sprint(t.Size, bytesLong)
	}
	return theirs, ours
}

// displayPath returns a path as people and other jobs can use it: relative if it is in the workspace.
func (r *run) displayPath(path string) string {
	if r.Workspace == "" || !filepath.IsAbs(path) {
		return path
	}
	relative, err := filepath.Rel(r.Workspace, path)
	if err != nil || strings.HasPrefix(relative, "..") {
		return path
	}
	return relative
}
