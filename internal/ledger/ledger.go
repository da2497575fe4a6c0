// Package ledger holds what a run reports: events that a [Recorder] collects, and the [Receipt] that they add up to. Log and
// summary come from the same events, so they cannot disagree, and a cancelled run has a right receipt.
//
// A run only writes here. It never reads the receipt: what its steps need of one another are values of their own.
package ledger

import (
	"slices"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Action is what the plan does with a file.
type Action string

// The actions. A file that was not planned yet has none.
const (
	ActionUpload   Action = "upload"   // the index lists no file of this name
	ActionPresent  Action = "present"  // the index lists the same bytes
	ActionSkip     Action = "skip"     // as conflict, and the user asked to skip such files
	ActionConflict Action = "conflict" // the index lists other bytes under this name, or a file that cannot be compared
)

// Outcome is what has become of a file so far. Its texts are those of the manifest's "status".
type Outcome string

// The outcomes. A planned upload that was never begun is NotAttempted.
const (
	NotAttempted    Outcome = "not tried"
	OutcomeUploaded Outcome = "uploaded" // the index accepted it in this run
	OutcomePresent  Outcome = "present"  // the index had these bytes before
	OutcomeSkipped  Outcome = "skipped"  // as conflict, and the index keeps its file, as the user asked
	OutcomeConflict Outcome = "conflict" // the index has other bytes under this name, or a file that cannot be compared
	OutcomeRejected Outcome = "refused"  // the index rejected it
	OutcomeUnclear  Outcome = "unknown"  // it was sent whole without a clear answer: the index may have it or not
	OutcomeFailed   Outcome = "cut off"  // the upload failed or was aborted before the index could have it
)

// Outcome returns how a file stands for which the plan has this action, before anything is uploaded.
func (a Action) Outcome() Outcome {
	switch a {
	case ActionPresent:
		return OutcomePresent
	case ActionSkip:
		return OutcomeSkipped
	case ActionConflict:
		return OutcomeConflict
	default:
		return NotAttempted
	}
}

// OnIndex reports whether the index has the bytes of a file with this outcome.
func (o Outcome) OnIndex() bool { return o == OutcomeUploaded || o == OutcomePresent }

// File is one distribution of the run.
type File struct {
	Path    string // as the user named it, relative to the workspace where it can be
	Name    string
	Release pep.Release
	Version string // as the file spells it
	Size    int64  // bytes
	SHA256  string // lower-case hex, as all digests here
	BLAKE2b string
	Action  Action  // empty before the plan
	Outcome Outcome // so far
	// IndexDigest is the digest of the index's file, where it has other bytes under this name and gives one; an MD5 says that it is one.
	IndexDigest string
	Took        time.Duration // of the upload

	Attestations []Attestation // that go with it: sent by this run, or the index's own
}

// Attestation is a signed statement about a file (PEP 740).
type Attestation struct {
	Predicate string // what it states: its predicate type, a URL
	Identity  string // of the workflow that signed, as the certificate says: a URL
	LogIndex  int64  // of its entry in the transparency log
	LogURL    string // where people see the entry; empty for a log that has no such page
	Adopted   bool   // it stood beside the file, and was not made by this run
	Served    bool   // the index had it with the file before this run
}

// Release is one project and version of the run, with its page.
type Release struct {
	pep.Release
	Name    string // of the project as its files spell it
	Version string // as its files spell it
	URL     string
}

// Burned is what became of the upload tokens.
type Burned string

// The outcomes, from the best to the worst.
const (
	NotMinted       Burned = "not-minted"  // there was none
	BurnProven      Burned = "true"        // the index then refused every one of them
	BurnAccepted    Burned = "accepted"    // the index said it would, and there is no proof
	BurnUnsupported Burned = "unsupported" // the index has no such thing; they expire by themselves
	BurnFailed      Burned = "failed"      // at least one was not burned, or nobody knows it; it expires by itself
)

// Token is the life of the run's upload tokens.
type Token struct {
	Minted   int       // how many
	Narrowed bool      // the last one is bound to Projects and Expires
	Projects []string  // what it may upload to
	Expires  time.Time // by the index's clock
	Lost     int       // mints without a clear answer: each may have left a token for its whole life
	MintedAt time.Time // the first of them
	BurnedAt time.Time // when all that could be burned was
	Known    Burned    // what became of those that were minted
	Burned   Burned    // and of those that nobody knows
}

// Identity is who the run is for the index, as its ID token claims.
type Identity struct {
	Repository, Workflow, Environment, Ref, Event, Audience string
}

// Publisher is the Trusted Publisher that the index would need to have for this run.
type Publisher struct {
	Finding finding.ID // what was found, beside which this is shown
	Claims  []Claim    // what the run claims, and what the publisher must say
	Places  []Place    // where its settings are, for each project
	Next    string     // what to do, beside the claims as a table
}

// Place is where the publisher of a project is set up.
type Place struct {
	Project string
	Page    string // filled in already for a project that is there; empty where the index has no such page
	New     bool   // the project is not there yet, so that a pending publisher has to be made
}

// Claim is one thing that an index compares.
type Claim struct {
	Field   string // as the index's form names it
	Claimed string // by the run's ID token; empty where it claims nothing
	Wanted  string // what to type on the index
	Note    string // how exactly the two are compared, or empty
}

// GitHubRelease is what came of attaching the files to a GitHub release.
type GitHubRelease string

// The outcomes; empty where nobody asked.
const (
	ReleaseAttached GitHubRelease = "attached"
	ReleaseFailed   GitHubRelease = "failed"
)

// Span is one phase of the run. A phase that has not ended has no End.
type Span struct {
	Name       string
	Began, End time.Time
}

// Verified is what came of reading back.
type Verified string

// The outcomes of reading back.
const (
	NotAsked  Verified = "not-asked" // nobody looked
	Served    Verified = "true"      // the index serves every file with its digest
	NotServed Verified = "false"     // it was not seen to, or serves something else
)

// Receipt is what was done.
type Receipt struct {
	Index     string // where to, as people write it
	DryRun    bool   // nothing was meant to be sent
	Verified  Verified
	Began     time.Time
	Files     []File // in the order of the plan
	Releases  []Release
	Findings  []finding.Finding
	Identity  *Identity
	Publisher *Publisher // that the index has not; nil where it has
	Judged    Judged
	Token     Token
	Phases    []Span
	Ended     time.Time
	Attached  Attached // to a GitHub release
}

// Result is the outcome in one word.
type Result string

// The results of a run.
const (
	Published Result = "published" // at least one file was uploaded, and nothing is missing
	Unchanged Result = "unchanged" // nothing was missing before
	Partial   Result = "partial"   // something was uploaded, and something is missing
	Failed    Result = "failed"    // nothing was uploaded, and something is missing
	DryRun    Result = "dry-run"   // nothing was sent, as asked, and nothing stands in the way as far as can be known
)

// Count returns how many files have the outcome.
func (r Receipt) Count(outcome Outcome) int {
	n := 0
	for _, f := range r.Files {
		if f.Outcome == outcome {
			n++
		}
	}
	return n
}

// Result sums up the files and findings.
func (r Receipt) Result() Result {
	settled := r.Count(OutcomePresent) + r.Count(OutcomeUploaded) + r.Count(OutcomeSkipped)
	if r.DryRun && finding.Worst(r.Findings) < finding.Error {
		return DryRun
	}
	whole := len(r.Files) > 0 && settled == len(r.Files) && finding.Worst(r.Findings) < finding.Error
	switch {
	case whole && r.Count(OutcomeUploaded) == 0:
		return Unchanged
	case whole:
		return Published
	case r.Count(OutcomeUploaded) > 0:
		return Partial
	default:
		return Failed
	}
}

// Recorder collects events, from any goroutine.
type Recorder struct {
	mu      sync.Mutex
	receipt Receipt
	watch   func(Event)
}

// NewRecorder returns a recorder without events. watch sees every event after it is recorded, one at a time and in their order; it may be nil.
func NewRecorder(watch func(Event)) *Recorder {
	if watch == nil {
		watch = func(Event) {}
	}
	return &Recorder{watch: watch, receipt: Receipt{Verified: NotAsked, Token: Token{Burned: NotMinted}}}
}

// Record applies the event to the receipt, and shows it to whoever watches.
func (r *Recorder) Record(event Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	event.apply(&r.receipt)
	r.watch(event)
}

// Receipt returns what the events so far add up to. It is right at any moment, also after a panic or a signal.
func (r *Recorder) Receipt() Receipt {
	r.mu.Lock()
	defer r.mu.Unlock()
	receipt := r.receipt
	receipt.Files = slices.Clone(receipt.Files)
	receipt.Releases = slices.Clone(receipt.Releases)
	receipt.Findings = slices.Clone(receipt.Findings)
	receipt.Phases = slices.Clone(receipt.Phases)
	return receipt
}
