package ledger

import (
	"slices"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// Event is one thing that happened. The events are those of this file.
type Event interface{ apply(*Receipt) }

// UploadResult is an event that ends the upload of one file.
type UploadResult interface {
	Event
	Outcome() Outcome // what has become of the file
}

// Began opens the book.
type Began struct {
	At    time.Time
	Index string
	How   string // how the run authenticates, and why
	// DryRun tells that nothing will be minted or sent.
	DryRun bool
}

// Phase begins a phase and ends the one before.
type Phase struct {
	At   time.Time
	Name string
}

// Collected tells the distributions that were found and read.
type Collected struct{ Files []File }

// Judged tells how many files were judged by how many rules, and what was found.
type Judged struct{ Files, Rules, Errors, Warnings int }

// Planned tells what is to be done with every file. Its files are those of Collected, with a status.
type Planned struct {
	Files    []File
	Releases []Release
}

// Noted is a finding that is not a file's refusal.
type Noted struct{ Finding finding.Finding }

// Identified tells who the run is.
type Identified struct{ Identity Identity }

// Attested tells that an attestation will be sent with a file, or that the index has it already.
type Attested struct {
	File        string
	Attestation Attestation
}

// Unattested tells that the files go without the attestations that were told of before.
type Unattested struct{}

// Started tells that an upload has begun.
type Started struct{ File string }

// Progress tells how far a long upload is.
type Progress struct {
	File       string
	Sent, Size int64
	Rate       float64 // bytes a second
	Left       time.Duration
}

// Uploaded reports that the index accepted the file.
type Uploaded struct {
	File string
	Took time.Duration
}

// AlreadyPresent reports that the index says it had the file's bytes before.
type AlreadyPresent struct{ File string }

// SkippedConflict reports that the index keeps other bytes under this name, as the user asked. IndexDigest is their digest, where known.
type SkippedConflict struct{ File, IndexDigest string }

// OutcomeUnknown reports that a file was sent completely and got no clear answer: the index may have it or not.
type OutcomeUnknown struct {
	File    string
	Finding finding.Finding
}

// Rejected reports that the index refused a file.
type Rejected struct {
	File    string
	Finding finding.Finding
}

// UploadFailed reports that an upload failed before any of it could have been kept by the index.
type UploadFailed struct {
	File    string
	Finding finding.Finding
}

// UploadAborted reports that an upload was given up before any of it could have been kept by the index.
type UploadAborted struct{ File string }

// Minted tells that there is an upload token.
type Minted struct {
	At       time.Time
	Narrowed bool
	Projects []string
	Expires  time.Time
}

// Widened tells that the index could not read the narrowed token, so that it is used as it was minted. Words are the
// index's.
type Widened struct{ Words string }

// MintLost tells that a mint was sent and had no clear answer: none, or a server error after which there may be a token.
type MintLost struct{}

// Unmatched tells that the index has no Trusted Publisher for this run, and what one would have to say.
type Unmatched struct{ Publisher Publisher }

// BurnedAll tells what became of all upload tokens.
type BurnedAll struct {
	At      time.Time
	Outcome Burned
}

// ReleaseFound reports that the GitHub release of a tag exists, and that files can be attached to it.
type ReleaseFound struct {
	Tag   string
	Draft bool
}

// Asset tells that the GitHub release has a file of this name now. There tells that it had it before, and Kept that it was left as it
// was, whatever is in it.
type Asset struct {
	Name        string
	There, Kept bool
}

// Attached tells what came of attaching the files to a GitHub release.
type Attached struct {
	Outcome GitHubRelease
	Assets  int    // that the release has now
	Wanted  int    // that it was to have; 0 where the run did not come so far
	Page    string // of the release; empty where it was not found
}

// ReadBack tells whether the index was seen to serve every file with its digest, and what was missing at the last look.
type ReadBack struct {
	Served    bool
	Skipped   int  // files of which it keeps other bytes, as the user asked
	Silent    int  // files that it serves without telling a digest
	Otherwise bool // it serves something else than what it was sent
	Missing   []string
}

// Tried is one try of a request: for the verbose log alone.
type Tried struct {
	Op, Method, URL string
	N, Status       int
	Took, Wait      time.Duration
	Err             error
}

// Ended closes the book.
type Ended struct{ At time.Time }

func (e Began) apply(r *Receipt) { r.Began, r.Index, r.DryRun = e.At, e.Index, e.DryRun }

func (e Phase) apply(r *Receipt) {
	end(r, e.At)
	r.Phases = append(r.Phases, Span{Name: e.Name, Began: e.At})
}

func (e Collected) apply(r *Receipt) { r.Files = withOutcomes(e.Files) }

func (e Judged) apply(r *Receipt) { r.Judged = e }

func (e Planned) apply(r *Receipt) { r.Files, r.Releases = withOutcomes(e.Files), e.Releases }

func (e Noted) apply(r *Receipt) { r.Findings = append(r.Findings, e.Finding) }

func (e Identified) apply(r *Receipt) { r.Identity = &e.Identity }

// An index that had attestations of the file before keeps those, and none that were sent again.
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

// An upload that was begun and never heard of again may have reached the index.
func (e Started) apply(r *Receipt) { r.update(e.File, func(f *File) { f.Outcome = OutcomeUnclear }) }

func (Progress) apply(*Receipt) {}

// Outcome returns OutcomeUploaded.
func (Uploaded) Outcome() Outcome { return OutcomeUploaded }

func (e Uploaded) apply(r *Receipt) {
	r.update(e.File, func(f *File) { f.Outcome, f.Took = e.Outcome(), e.Took })
}

// Outcome returns OutcomePresent.
func (AlreadyPresent) Outcome() Outcome { return OutcomePresent }

// The index keeps no attestations of a file that it had before.
func (e AlreadyPresent) apply(r *Receipt) {
	r.update(e.File, func(f *File) { f.Outcome, f.Attestations = e.Outcome(), nil })
}

// Outcome returns OutcomeSkipped.
func (SkippedConflict) Outcome() Outcome { return OutcomeSkipped }

// Attestations of other bytes do not hold for the index's file.
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
	r.Token.Narrowed, r.Token.Projects, r.Token.Expires = e.Narrowed, e.Projects, e.Expires
	if r.Token.MintedAt.IsZero() {
		r.Token.MintedAt = e.At
	}
	// Until a burn is told, the worst is true: this is the receipt of a run that dies here.
	r.Token.Known, r.Token.Burned = BurnFailed, BurnFailed
}

func (e Widened) apply(r *Receipt) {
	r.Token.Narrowed = false
	r.Findings = append(r.Findings, finding.New(finding.TokenWidened,
		"the index could not read the narrowed upload token, so the token was used as it was minted: "+e.Words,
		"please report this with the name of the index: the token was burned at the end, as always"))
}

func (MintLost) apply(r *Receipt) {
	r.Token.Lost++
	r.Token.Burned = BurnFailed // one that nobody knows cannot be burned
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
	r.Verified = NotServed
	if e.Served {
		r.Verified = Served
	}
}

func (Tried) apply(*Receipt) {}

func (e Ended) apply(r *Receipt) {
	end(r, e.At)
	r.Ended = e.At
}

// end closes the open phase.
func end(r *Receipt, at time.Time) {
	if n := len(r.Phases); n > 0 && r.Phases[n-1].End.IsZero() {
		r.Phases[n-1].End = at
	}
}

// withOutcomes copies the files, each with the outcome that follows from its action.
func withOutcomes(files []File) []File {
	copied := slices.Clone(files)
	for i := range copied {
		copied[i].Outcome = copied[i].Action.Outcome()
	}
	return copied
}

// fail gives a file the outcome of an upload that did not succeed, and adds what there is to say about it.
func (r *Receipt) fail(name string, outcome Outcome, why ...finding.Finding) {
	r.update(name, func(f *File) { f.Outcome = outcome })
	r.Findings = append(r.Findings, why...)
}

func (r *Receipt) update(name string, change func(*File)) {
	for i := range r.Files {
		if r.Files[i].Name == name {
			change(&r.Files[i])
		}
	}
}
