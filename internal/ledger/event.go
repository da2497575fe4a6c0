package ledger

import (
	"cmp"
	"slices"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// Event is something that happened in a run. All events are defined in this file.
type Event interface{ apply(*Receipt) }

// UploadResult is an event that ends the upload of one file.
type UploadResult interface {
	Event
	Outcome() Outcome // what became of the file
}

// Began is the first event of a run.
type Began struct {
	At        time.Time
	Index     string // URL of the upload endpoint
	IndexName string // the name of the index in messages, such as PyPI; empty if it has none
	Auth      string // how the run authenticates, and why
	// DryRun is set if the run requests no token and sends nothing.
	DryRun bool
}

// Phase begins a phase and ends the one before.
type Phase struct {
	At   time.Time
	Name string
}

// Collected reports the distributions that were found and read.
type Collected struct{ Files []File }

// Checked reports how many files were checked, and how many errors and warnings were found.
type Checked struct{ Files, Errors, Warnings int }

// Compared reports how the releases differ from the last ones of their projects.
type Compared struct{ Releases []Comparison }

// Planned reports the action for every file. Its files are those of Collected, with an action.
type Planned struct {
	Files    []File
	Releases []Release
}

// Noted is a finding that is not the refusal of a file.
type Noted struct{ Finding finding.Finding }

// Identified reports the run's identity.
type Identified struct{ Identity Identity }

// Attested reports that an attestation will be sent with a file, or that the index already has it.
type Attested struct {
	File        string
	Attestation Attestation
}

// Unattested reports that the files are sent without the attestations that were reported before.
type Unattested struct{}

// Started reports that an upload has begun.
type Started struct{ File string }

// Progress reports how far a long upload is. Left is the estimated time to its end.
type Progress struct {
	File       string
	Sent, Size int64   // bytes
	Rate       float64 // bytes a second
	Left       time.Duration
}

// Uploaded reports that the index accepted the file.
type Uploaded struct {
	File string
	Took time.Duration
}

// AlreadyPresent reports that, by its own answer, the index had the file before: its bytes, or Unverified, a file of its name that could
// not be compared.
type AlreadyPresent struct {
	File       string
	Unverified bool
}

// SkippedConflict reports that the index keeps other bytes under this name, as the user asked. IndexDigest is their digest, or empty if
// it is unknown.
type SkippedConflict struct{ File, IndexDigest string }

// OutcomeUnknown reports that a file was sent completely without a clear answer: the index may have it or not.
type OutcomeUnknown struct {
	File    string
	Finding finding.Finding
}

// Rejected reports that the index refused a file.
type Rejected struct {
	File    string
	Finding finding.Finding
}

// UploadFailed reports that an upload failed before the index could have stored any of it.
type UploadFailed struct {
	File    string
	Finding finding.Finding
}

// UploadAborted reports that an upload was aborted before the index could have stored any of it.
type UploadAborted struct{ File string }

// Minted reports that an upload token was issued.
type Minted struct {
	At         time.Time
	Restricted bool // the token is restricted to Projects until Expires
	Projects   []string
	Expires    time.Time // by the index's clock
}

// Unrestricted reports that the index could not read the restricted token, so that it is used as it was issued. Words is the index's
// message.
type Unrestricted struct{ Reason string }

// MintLost reports that requests for an upload token had no clear answer: none, or a server error after which a token may exist.
type MintLost struct{ Count int }

// Unmatched reports that the index has no Trusted Publisher for this run, and what one would have to say.
type Unmatched struct{ Publisher Publisher }

// BurnedAll reports what became of all upload tokens.
type BurnedAll struct {
	At      time.Time
	Outcome Burned
}

// ReleaseFound reports that the GitHub release of a tag exists, and that files can be attached to it.
type ReleaseFound struct {
	Tag   string
	Draft bool
}

// Asset reports that the GitHub release now has an asset with this name. There is set if it had the asset before, and Kept if the asset
// was left unchanged, whatever its content.
type Asset struct {
	Name                   string
	Existed, LeftUnchanged bool
}

// Attached reports the result of attaching the files to a GitHub release.
type Attached struct {
	Outcome GitHubRelease
	Assets  int    // number of assets that the release has now
	Wanted  int    // number of assets that it should have; 0 if the run did not get so far
	Page    string // URL of the release; empty if it was not found
}

// ReadBack reports whether the index served every file with its digest, and what was missing in the last attempt.
type ReadBack struct {
	Served    bool
	Skipped   int  // files of which the index keeps other bytes, as the user asked
	Silent    int  // files that the index serves without a digest
	Otherwise bool // the index serves something other than what was sent
	Missing   []string
}

// Tried is one attempt of a request; the log shows the wait after it, and only the verbose log the attempt. Op is the purpose of the
// request, N counts the attempts from 1, and Status is 0 if there was no answer.
type Tried struct {
	Op, Method, URL string
	Service         string // that was asked, such as GitHub; empty for the index
	N, Status       int
	Took            time.Duration
	Wait            time.Duration // until the next attempt, or 0 if this was the last
	Left            time.Duration // for further attempts, before the wait
	Err             error         // why there was no answer
}

// Ended is the last event of a run.
type Ended struct{ At time.Time }

func (e Began) apply(r *Receipt) {
	r.Began, r.Index, r.DryRun = e.At, e.Index, e.DryRun
	r.IndexName = cmp.Or(e.IndexName, r.IndexName)
}

func (e Phase) apply(r *Receipt) {
	end(r, e.At)
	r.Phases = append(r.Phases, Span{Name: e.Name, Began: e.At})
}

func (e Collected) apply(r *Receipt) { r.takeFiles(e.Files) }

func (e Checked) apply(r *Receipt) { r.Checked = e }

func (e Compared) apply(r *Receipt) { r.Compared = e.Releases }

func (e Planned) apply(r *Receipt) {
	r.takeFiles(e.Files)
	r.Releases = e.Releases
}

func (e Noted) apply(r *Receipt) { r.Findings = append(r.Findings, e.Finding) }

func (e Identified) apply(r *Receipt) { r.Identity = &e.Identity }

// apply adds the attestation. An index that had attestations of the file before keeps those, and drops any that were sent again.
func (e Attested) apply(r *Receipt) {
	r.update(e.File, func(f *File) {
		all := slices.Clone(f.Attestations)
		if e.Attestation.Served {
			all = slices.DeleteFunc(all, func(a Attestation) bool { return !a.Served })
		}
		f.Attestations = append(all, e.Attestation)
	})
}

func (Unattested) apply(r *Receipt) {
	for i := range r.Files {
		r.Files[i].Attestations = nil
	}
}

// apply sets the outcome unclear: an upload that has begun and has no result may have reached the index.
func (e Started) apply(r *Receipt) { r.update(e.File, func(f *File) { f.Outcome = OutcomeUnclear }) }

func (Progress) apply(*Receipt) {}

// Outcome returns OutcomeUploaded.
func (Uploaded) Outcome() Outcome { return OutcomeUploaded }

func (e Uploaded) apply(r *Receipt) {
	r.update(e.File, func(f *File) { f.Outcome, f.Took = e.Outcome(), e.Took })
}

// Outcome returns OutcomePresent.
func (AlreadyPresent) Outcome() Outcome { return OutcomePresent }

// apply removes the file's attestations: the index stores none for a file that it had before.
func (e AlreadyPresent) apply(r *Receipt) {
	r.update(e.File, func(f *File) { f.Outcome, f.Attestations = e.Outcome(), nil })
}

// Outcome returns OutcomeSkipped.
func (SkippedConflict) Outcome() Outcome { return OutcomeSkipped }

// apply removes the file's attestations: they are about other bytes than the index's file.
func (e SkippedConflict) apply(r *Receipt) {
	r.update(e.File, func(f *File) { f.Outcome, f.IndexDigest, f.Attestations = e.Outcome(), e.IndexDigest, nil })
}

// Outcome returns OutcomeRejected.
func (Rejected) Outcome() Outcome { return OutcomeRejected }

func (e Rejected) apply(r *Receipt) { r.fail(e.File, e.Outcome(), e.Finding) }

// Outcome returns OutcomeUnclear.
func (OutcomeUnknown) Outcome() Outcome { return OutcomeUnclear }

func (e OutcomeUnknown) apply(r *Receipt) { r.fail(e.File, e.Outcome(), e.Finding) }

// Outcome returns OutcomeFailed.
func (UploadFailed) Outcome() Outcome { return OutcomeFailed }

func (e UploadFailed) apply(r *Receipt) { r.fail(e.File, e.Outcome(), e.Finding) }

// Outcome returns OutcomeFailed.
func (UploadAborted) Outcome() Outcome { return OutcomeFailed }

func (e UploadAborted) apply(r *Receipt) { r.fail(e.File, e.Outcome()) }

func (e Minted) apply(r *Receipt) {
	r.Token.Minted++
	r.Token.Restricted, r.Token.Projects, r.Token.Expires = e.Restricted, e.Projects, e.Expires
	if r.Token.MintedAt.IsZero() {
		r.Token.MintedAt = e.At
	}
	// Without a later event about the revocation, assume the worst: the run may end before it.
	r.Token.Known, r.Token.Burned = BurnFailed, BurnFailed
}

func (e Unrestricted) apply(r *Receipt) {
	r.Token.Restricted = false
	r.Findings = append(r.Findings, finding.New(finding.TokenWidened,
		r.IndexName+" could not read the restricted upload token, so the run used the unrestricted one: "+e.Reason,
		"report this with the name of the index; the run revokes the unrestricted token at its end as well"))
}

func (e MintLost) apply(r *Receipt) {
	r.Token.Lost += e.Count
	r.Token.Burned = BurnFailed // an unknown token cannot be revoked
}

func (e Unmatched) apply(r *Receipt) { r.Publisher = &e.Publisher }

func (ReleaseFound) apply(*Receipt) {}

func (Asset) apply(*Receipt) {}

func (e Attached) apply(r *Receipt) { r.Attached = e }

func (e BurnedAll) apply(r *Receipt) {
	r.Token.BurnedAt, r.Token.Known = e.At, e.Outcome
	if r.Token.Lost == 0 {
		r.Token.Burned = e.Outcome
	}
}

func (e ReadBack) apply(r *Receipt) {
	r.Verified, r.ReadBack = NotServed, e
	if e.Served {
		r.Verified = Served
	}
}

func (Tried) apply(*Receipt) {}

func (e Ended) apply(r *Receipt) {
	end(r, e.At)
	r.Ended = e.At
}

// end ends the open phase.
func end(r *Receipt, at time.Time) {
	if n := len(r.Phases); n > 0 && r.Phases[n-1].End.IsZero() {
		r.Phases[n-1].End = at
	}
}

// takeFiles sets the files to a copy of these, each with the outcome that follows from its action.
func (r *Receipt) takeFiles(files []File) {
	r.Files, r.places = slices.Clone(files), map[string][]int{}
	for i := range r.Files {
		f := &r.Files[i]
		f.Outcome = f.Action.Outcome()
		r.places[f.Name] = append(r.places[f.Name], i)
	}
}

// fail sets the outcome of a file whose upload did not succeed, and adds the findings about it.
func (r *Receipt) fail(name string, outcome Outcome, why ...finding.Finding) {
	r.update(name, func(f *File) { f.Outcome = outcome })
	r.Findings = append(r.Findings, why...)
}

// update changes the file with this name.
func (r *Receipt) update(name string, change func(*File)) {
	for _, i := range r.places[name] {
		change(&r.Files[i])
	}
}
