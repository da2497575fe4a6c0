// Package ledger holds what a run reports: events that a [Recorder] collects, and the [Receipt] that summarizes them. Log and summary
// come from the same events, so they cannot contradict each other, and a cancelled run has a correct receipt.
//
// A run only writes here. It never reads the receipt: its steps pass values to each other directly.
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

// The actions. A file that is not planned yet has none.
const (
	ActionUpload   Action = "upload"   // the index lists no file of this name
	ActionPresent  Action = "present"  // the index lists the same bytes
	ActionSkip     Action = "skip"     // like conflict, and the user asked to skip such files
	ActionConflict Action = "conflict" // the index lists other bytes under this name, or a file that cannot be compared
)

// Outcome is what became of a file so far. Its values are those of the manifest's "status".
type Outcome string

// The outcomes. A planned upload that never began has NotAttempted.
const (
	NotAttempted    Outcome = "not tried"
	OutcomeUploaded Outcome = "uploaded" // the index accepted it in this run
	OutcomePresent  Outcome = "present"  // the index had these bytes before
	OutcomeSkipped  Outcome = "skipped"  // like conflict; the index keeps its file, as the user asked
	OutcomeConflict Outcome = "conflict" // the index has other bytes under this name, or a file that cannot be compared
	OutcomeRejected Outcome = "refused"  // the index rejected it
	OutcomeUnclear  Outcome = "unknown"  // it was sent completely without a clear answer: the index may have it or not
	OutcomeFailed   Outcome = "cut off"  // the upload failed or was aborted before the index could have it
)

// Outcome returns the outcome of a file with this planned action before anything is uploaded.
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
	Path    string // as the user named it, relative to the workspace if possible
	Name    string // file name, without folders
	Release pep.Release
	Version string  // as spelled in the file
	Size    int64   // bytes
	SHA256  string  // lower-case hex, as all digests here
	Action  Action  // empty before the plan
	Outcome Outcome // so far
	// IndexDigest is the digest of the index's file if that has other bytes under this name and the index gives a digest. An MD5 digest
	// is marked as one.
	IndexDigest string
	Took        time.Duration // of the upload

	Attestations []Attestation // of the file: sent by this run, or stored by the index before
}

// Attestation is a signed statement about a file (PEP 740).
type Attestation struct {
	Predicate string // its predicate type: a URL
	Publish   bool   // that type says who published the file, and not how it was built
	Identity  string // the workflow that signed, from the certificate: a URL
	LogIndex  int64  // of its entry in the transparency log
	LogURL    string // page about the entry; empty for a log without such pages
	Adopted   bool   // it was found beside the file, not made by this run
	Served    bool   // the index had it with the file before this run
}

// Release is one project and version of the run, with its page on the index.
type Release struct {
	pep.Release
	Name    string // of the project, as spelled in its files
	Version string // as spelled in its files
	URL     string // page on the index; empty if there is none
}

// Comparison is how a release differs from the last one of its project.
type Comparison struct {
	pep.Release
	Name        string // of the project, as spelled in its files
	Version     string // in normal form, as Before
	Before      string // the version that it is compared with
	Differences []Difference
}

// Difference is one thing that was compared, whether or not it differs.
type Difference struct {
	What        string // sdist, wheels, platforms, python, extras, dependencies or license
	Before, Now string // for people
	Severity    string // of the finding about it: warning or notice; empty if there is none
}

// Burned is the result of revoking the upload tokens.
type Burned string

// The results of revoking, from the best to the worst.
const (
	NotMinted       Burned = "not-minted"  // there was no token
	BurnProven      Burned = "true"        // the index then refused every token
	BurnAccepted    Burned = "accepted"    // the index accepted the request, without proof
	BurnUnsupported Burned = "unsupported" // the index cannot revoke tokens; they expire by themselves
	BurnFailed      Burned = "failed"      // at least one token was not revoked, or is unknown; it expires by itself
)

// Token describes what happened to the run's upload tokens.
type Token struct {
	Minted     int       // how many were issued
	Restricted bool      // the last one is restricted to Projects until Expires
	Projects   []string  // what it may upload to
	Expires    time.Time // by the index's clock
	Lost       int       // requests without a clear answer: each may have left a token that is valid until it expires
	MintedAt   time.Time // when the first one was issued
	BurnedAt   time.Time // when all that could be revoked were revoked
	Known      Burned    // the result for the tokens that the run received
	Burned     Burned    // the result including tokens that may exist unknown to the run
}

// Identity is the run's identity for the index, from the claims of its ID token.
type Identity struct {
	Repository, Workflow, Environment, Ref, Event, Audience string
}

// Publisher describes the Trusted Publisher that the index would need for this run.
type Publisher struct {
	Finding finding.ID      // the finding beside which this is shown
	Claims  []Claim         // what the run claims, and what the publisher must say
	Pages   []PublisherPage // where to set it up, for each project
	Next    string          // what to do, for a reader of the claims as a table
}

// PublisherPage says where the publisher of a project is set up.
type PublisherPage struct {
	Project string // normalized name
	Page    string // URL, with a filled-in form if the project exists; empty if the index has no such page
	New     bool   // the project does not exist yet and needs a pending publisher
}

// Claim is one value that the index compares.
type Claim struct {
	Field   string // as the index's form names it
	Claimed string // by the run's ID token; empty if it has no such claim
	Wanted  string // what to enter on the index
	Note    string // how exactly the two are compared, or empty
}

// GitHubRelease is the result of attaching the files to a GitHub release.
type GitHubRelease string

// The results; empty if it was not requested.
const (
	ReleaseAttached GitHubRelease = "attached"
	ReleaseFailed   GitHubRelease = "failed"
)

// Span is one phase of the run. End is zero if the phase has not ended.
type Span struct {
	Name       string
	Began, End time.Time
}

// Verified is the result of reading back.
type Verified string

// The results of reading back.
const (
	NotAsked  Verified = "not-asked" // it was not checked
	Served    Verified = "true"      // the index serves every file with its digest
	NotServed Verified = "false"     // it was not seen to do so, or serves something else
)

// UnknownIndex is the name of an index in messages if no other name is known.
const UnknownIndex = "the index"

// Receipt summarizes a run.
type Receipt struct {
	Index     string // the upload URL
	IndexName string // the name of the index in messages: PyPI, TestPyPI, a host, or "the index"
	DryRun    bool   // the run should not send anything
	Verified  Verified
	ReadBack  ReadBack // what was seen on the index; the zero value if Verified is NotAsked
	Began     time.Time
	Files     []File // in the order of the plan
	Releases  []Release
	Findings  []finding.Finding
	Identity  *Identity
	Publisher *Publisher // the one that the index lacks; nil if it lacks none
	Checked   Checked
	Compared  []Comparison // with the last releases
	Token     Token
	Phases    []Span
	Ended     time.Time
	Attached  Attached // to a GitHub release

	places map[string][]int // of the files, by name
}

// Result is the outcome of a run in one word.
type Result string

// The results of a run.
const (
	Published  Result = "published" // at least one file was uploaded, and nothing is missing
	Unchanged  Result = "unchanged" // nothing was missing before the run
	AllSkipped Result = "skipped"   // every file was skipped: the index keeps its own file under each name, as the user asked
	Partial    Result = "partial"   // something was uploaded, and something is missing
	Failed     Result = "failed"    // nothing was uploaded, and something is missing
	DryRun     Result = "dry-run"   // a dry run found no problem; what only the index can decide is unknown
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

// Result returns the result that follows from the files and findings.
func (r Receipt) Result() Result {
	complete := r.Count(OutcomePresent) + r.Count(OutcomeUploaded) + r.Count(OutcomeSkipped)
	if r.DryRun && finding.Worst(r.Findings) < finding.Error {
		return DryRun
	}
	whole := len(r.Files) > 0 && complete == len(r.Files) && finding.Worst(r.Findings) < finding.Error
	switch {
	case whole && r.Count(OutcomeSkipped) == len(r.Files):
		return AllSkipped
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

// Recorder collects events. It is safe for concurrent use.
type Recorder struct {
	mu      sync.Mutex
	receipt Receipt
	watch   func(Event)
}

// NewRecorder returns a recorder without events. It calls watch for every event after recording it, one at a time and in order; watch may
// be nil.
func NewRecorder(watch func(Event)) *Recorder {
	if watch == nil {
		watch = func(Event) {}
	}
	return &Recorder{watch: watch, receipt: Receipt{IndexName: UnknownIndex, Verified: NotAsked, Token: Token{Burned: NotMinted}}}
}

// Record applies the event to the receipt, and passes it to watch. After [Ended] it does nothing: a step that hung, and that the run did
// not wait for, may go on.
func (r *Recorder) Record(event Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.receipt.Ended.IsZero() {
		return
	}
	event.apply(&r.receipt)
	r.watch(event)
}

// Receipt returns the summary of the events so far. It is correct at any time, also after a panic or a signal.
func (r *Recorder) Receipt() Receipt {
	r.mu.Lock()
	defer r.mu.Unlock()
	receipt := r.receipt
	receipt.Files = slices.Clone(receipt.Files)
	receipt.Releases = slices.Clone(receipt.Releases)
	receipt.Findings = slices.Clone(receipt.Findings)
	receipt.Compared = slices.Clone(receipt.Compared)
	receipt.Phases = slices.Clone(receipt.Phases)
	return receipt
}
