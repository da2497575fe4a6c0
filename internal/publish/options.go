package publish

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ghrelease"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// Options are what the user asked for.
type Options struct {
	Paths       []string // files, folders and globs
	Workspace   string   // paths below it are shown relative to it; "" shows them as they are
	WorkingTree string   // the folder of the whole job, whose sub-folders are of all kinds; "" for none
	// RunnerFolder is the folder that the workspace is in outside of the container (RUNNER_WORKSPACE): its paths do not exist here. It is
	// "" outside of a container.
	RunnerFolder     string
	AuthReason       string        // how the run authenticates and why, for the log
	Parallel         int           // uploads at once; 0: as many as the client of the index sends
	SkipExisting     bool          // other bytes under a name that the index has are a warning
	VerifyMetadata   bool          // preflight's errors stop the run
	ExpectedVersion  string        // every release must have it; "" for any
	ExpectedProjects []pep.Project // every file must be of one of them; nil for any
	CompareRelease   bool          // compare each release with the last one that the index lists
	Ref              string        // the full name of the ref that the workflow runs for, such as refs/tags/v1.0; "" for none
	DryRun           bool          // nothing is minted or sent
	Attest           config.Attest
	AttestationsDir  string // where attestations are written as well; "" for nowhere
	Repository       string // that publishes, as owner/name
	Tag              string // of the GitHub release to attach the files to
	// ProgressEvery is how often the progress of a long upload is recorded; 0 means every ten seconds.
	ProgressEvery time.Duration
	// Wait is how long to wait at most until the index serves every file; 0 means not to.
	Wait time.Duration
}

// Deps are what a run works with.
type Deps struct {
	Index    *index.Client
	Tokens   *uploadtoken.Session // nil: Password is what uploads are authorized with
	Password index.Credentials    // nil: Tokens is
	Signer   *attest.Signer       // nil: the index is not known to take attestations
	GitHub   *ghrelease.Client    // nil: nothing is attached to a GitHub release
	// Record takes what happens, for people to read. It may be called by several goroutines.
	Record func(ledger.Event)
	// Manifest returns what has been recorded so far, as a file for the GitHub release.
	Manifest func() []byte
	// Save writes a file that the user asked for.
	Save func(path string, content []byte) error
	// PrepareFolder creates a folder that the user asked for, and returns an error if no file can be created in it.
	PrepareFolder func(path string) error
	Now           func() time.Time
	Sleep         func(ctx context.Context, d time.Duration) error
}

// ErrIncomplete reports that some files did not reach the index. What was recorded says which, and why.
var ErrIncomplete = errors.New("not every file was published")

// incompleteError is an ErrIncomplete with what was recorded, which says who can mend it.
type incompleteError struct{ why error }

// incomplete returns an ErrIncomplete because of these findings.
func incomplete(why []error) error {
	if len(why) == 0 {
		return ErrIncomplete
	}
	return incompleteError{errors.Join(why...)}
}

func (incompleteError) Error() string { return ErrIncomplete.Error() }

// Is reports whether the target is ErrIncomplete.
func (incompleteError) Is(target error) bool { return target == ErrIncomplete }

// Unwrap returns the findings.
func (e incompleteError) Unwrap() error { return e.why }

// run is what all steps of one run share.
type run struct {
	Options
	Deps
	listings    *listings
	oneRelease  bool // all files are of one release, by collect
	onlyChecks  bool // nothing is published
	unseenNoted bool // that nothing can be seen of the index was reported
}

func newRun(o Options, d Deps) *run {
	return &run{Options: o, Deps: d, listings: newListings(d.Index, d.Sleep, cmp.Or(o.Parallel, mostPages))}
}

// within returns a context for what may take this long at most, and whether that time is over by the run's clock. The deadline, by the
// machine's clock, cuts off what hangs.
func (r *run) within(ctx context.Context, most time.Duration) (bounded context.Context, stop func(), isOver func() bool) {
	until := r.Now().Add(most)
	bounded, stop = context.WithTimeout(wire.Until(ctx, until), most)
	return bounded, stop, func() bool { return !r.Now().Before(until) }
}

// indexName returns the name of the index in messages.
func (r *run) indexName() string { return r.Index.Site().Name() }

func (r *run) phase(name string) { r.Record(ledger.Phase{At: r.Now(), Name: name}) }

func (r *run) record(f finding.Finding) { r.Record(ledger.Noted{Finding: f}) }
