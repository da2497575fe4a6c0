package ledger

import (
	"slices"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// Event is one thing that happened. The events are those of this file.
type Event interface{ fold(*Receipt) }

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

// Landed tells that the index has the file's bytes.
type Landed struct {
	File string
	Took time.Duration
}

// Found tells that the index says it had the file's bytes before.
type Found struct{ File string }

// Kept tells that the index keeps other bytes under this name, as the user asked. Held is their digest, where known.
type Kept struct{ File, Held string }

// Doubted tells that nobody knows whether the index has a file: all was sent, and no answer came.
type Doubted struct {
	File    string
	Finding finding.Finding
}

// Turned tells that the index refused a file.
type Turned struct {
	File    string
	Finding finding.Finding
}

// Unsent tells that an upload failed before any of it could have been kept by the index.
type Unsent struct {
	File    string
	Finding finding.Finding
}

// Withdrawn tells that an upload was given up before any of it could have been kept by the index.
type Withdrawn struct{ File string }

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

// Destined tells that the GitHub release of a tag is there, and that the files can be attached to it.
type Destined struct {
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
	Of      int    // that it was to have; 0 where the run did not come so far
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

func (e Began) fold(r *Receipt) { r.Began, r.Index, r.DryRun = e.At, e.Index, e.DryRun }

func (e Phase) fold(r *Receipt) {
	end(r, e.At)
	r.Phases = append(r.Phases, Span{Name: e.Name, Began: e.At})
}

func (e Collected) fold(r *Receipt) { r.Files = withStatus(e.Files) }

func (e Judged) fold(r *Receipt) { r.Judged = e }

func (e Planned) fold(r *Receipt) { r.Files, r.Releases = withStatus(e.Files), e.Releases }

func (e Noted) fold(r *Receipt) { r.Findings = append(r.Findings, e.Finding) }

func (e Identified) fold(r *Receipt) { r.Identity = &e.Identity }

// An index that had attestations of the file before keeps those, and none that were sent again.
func (e Attested) fold(r *Receipt) {
	r.with(e.File, func(f *File) {
		all := slices.Clone(f.Attestations)
		if e.Attestation.Served {
			all = slices.DeleteFunc(all, func(a Attestation) bool { return !a.Served })
		}
		f.Attestations = append(all, e.Attestation)
	})
}

func (Unattested) fold(r *Receipt) {
	for i := range r.Files {
		r.Files[i].Attestations = nil
	}
}

func (e Started) fold(r *Receipt) { r.with(e.File, func(f *File) { f.Status = Unknown }) }

func (Progress) fold(*Receipt) {}

func (e Landed) fold(r *Receipt) {
	r.with(e.File, func(f *File) { f.Status, f.Took = Uploaded, e.Took })
}

// The index keeps no attestations of a file that it had before, and of other bytes there are none.

func (e Found) fold(r *Receipt) {
	r.with(e.File, func(f *File) { f.Status, f.Attestations = Present, nil })
}

func (e Kept) fold(r *Receipt) {
	r.with(e.File, func(f *File) { f.Status, f.Held, f.Attestations = Skipped, e.Held, nil })
}

func (e Turned) fold(r *Receipt) {
	r.with(e.File, func(f *File) { f.Status = Refused })
	r.Findings = append(r.Findings, e.Finding)
}

func (e Doubted) fold(r *Receipt) {
	r.with(e.File, func(f *File) { f.Status = Unknown })
	r.Findings = append(r.Findings, e.Finding)
}

func (e Unsent) fold(r *Receipt) {
	r.with(e.File, func(f *File) { f.Status = CutOff })
	r.Findings = append(r.Findings, e.Finding)
}

func (e Withdrawn) fold(r *Receipt) { r.with(e.File, func(f *File) { f.Status = CutOff }) }

func (e Minted) fold(r *Receipt) {
	r.Token.Minted++
	r.Token.Narrowed, r.Token.Projects, r.Token.Expires = e.Narrowed, e.Projects, e.Expires
	if r.Token.MintedAt.IsZero() {
		r.Token.MintedAt = e.At
	}
	// Until a burn is told, the worst is true: this is the receipt of a run that dies here.
	r.Token.Known, r.Token.Burned = BurnFailed, BurnFailed
}

func (e Widened) fold(r *Receipt) {
	r.Token.Narrowed = false
	r.Findings = append(r.Findings, finding.Finding{
		ID: "token-widened", Severity: finding.Warning,
		Message: "the index could not read the narrowed upload token, so the token was used as it was minted: " + e.Words,
		Fix:     "please report this with the name of the index: the token was burned at the end, as always",
	})
}

func (MintLost) fold(r *Receipt) {
	r.Token.Lost++
	r.Token.Burned = BurnFailed // one that nobody knows cannot be burned
}

func (e Unmatched) fold(r *Receipt) { r.Publisher = &e.Publisher }

func (Destined) fold(*Receipt) {}

func (Asset) fold(*Receipt) {}

func (e Attached) fold(r *Receipt) { r.Attached = e }

func (e BurnedAll) fold(r *Receipt) {
	r.Token.BurnedAt, r.Token.Known = e.At, e.Outcome
	if r.Token.Lost == 0 {
		r.Token.Burned = e.Outcome
	}
}

func (e ReadBack) fold(r *Receipt) {
	r.Verified = NotServed
	if e.Served {
		r.Verified = Served
	}
}

func (Tried) fold(*Receipt) {}

func (e Ended) fold(r *Receipt) {
	end(r, e.At)
	r.Ended = e.At
}

// end closes the open phase.
func end(r *Receipt, at time.Time) {
	if n := len(r.Phases); n > 0 && r.Phases[n-1].End.IsZero() {
		r.Phases[n-1].End = at
	}
}

// withStatus copies the files; what is yet to be uploaded has not been tried.
func withStatus(files []File) []File {
	copied := append([]File(nil), files...)
	for i := range copied {
		if copied[i].Status == Upload || copied[i].Status == "" {
			copied[i].Status = NotTried
		}
	}
	return copied
}

func (r *Receipt) with(name string, change func(*File)) {
	for i := range r.Files {
		if r.Files[i].Name == name {
			change(&r.Files[i])
		}
	}
}
