// Package publish is the run: it takes the distributions of one set from files to the index, one file of this room a step.
package publish

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/config"
	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/github"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
	"github.com/org/pypi-oidc-publish/internal/trust"
)

// Options are what the user asked for.
type Options struct {
	Paths           []string // files, folders and globs
	Workspace       string   // paths below it are shown relative to it; "" shows them as they are
	WorkingTree     string   // the folder of the whole job, whose sub-folders are of all kinds; "" for none
	How             string   // how the run authenticates and why, for the log
	Parallel        int      // uploads at once
	SkipExisting    bool     // other bytes under a name that the index has are a warning
	VerifyMetadata  bool     // preflight's errors stop the run
	ExpectedVersion string   // every release must have it; "" for any
	DryRun          bool     // nothing is minted or sent
	Attest          config.Attest
	AttestationsDir string // where attestations are written as well; "" for nowhere
	Repository      string // that publishes, as owner/name
	Tag             string // of the GitHub release to attach the files to
	// Wait is how long to wait at most until the index serves every file; 0 means not to.
	Wait time.Duration
}

// Tools are what a run works with.
type Tools struct {
	Index    *index.Client
	Lease    *trust.Lease      // nil: Password is what uploads are authorized with
	Password index.Credentials // nil: Lease is
	Signer   *attest.Signer    // nil: the index is not known to take attestations
	GitHub   *github.Client    // nil: nothing is attached to a GitHub release
	Book     *ledger.Book      // what is told to people
	// Manifest is what the receipt says, for the GitHub release.
	Manifest func(ledger.Receipt) []byte
	// Save writes a file that the user asked for.
	Save  func(path string, content []byte) error
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// ErrIncomplete tells that not every file is at the index; the receipt says which, and the findings why.
var ErrIncomplete = errors.New("not every file was published")

// Cancelled is the id of the finding that a run was ended by a signal.
const Cancelled = "cancelled"

// run is the state of one run. What a step learns stands here for the steps after it.
type run struct {
	Options
	Tools

	files []*dist.Distribution        // collected and read
	asked map[pep.Project]bool        // which the index was asked about
	held  map[pep.Project]pep.Listing // what it said; a project that could not be looked at is not there
	found []finding.Finding           // by preflight

	looksMu     sync.Mutex
	failedLooks []finding.Finding // that stop the run

	plan []ledger.File // one for each of files, in the same order
	// pyproject is the file beside the distributions' folder; nil where there is none.
	pyproject *pyproject.Project
	door      *door // whether new uploads may begin

	classifiers []string // that the index lists; nil where it was not asked

	claims   oidc.Claims            // of this run's ID token; zero where nobody asked for one
	sidecars []string               // attestations that stand beside the files
	attested [][]attest.Attestation // what goes with each of files, or what the index was seen to keep instead; nil where nothing is attested
	proven   map[int]bool           // of which files the index's provenance is settled
	release  github.Release         // to attach the files to
}

func newRun(o Options, t Tools) *run {
	return &run{Options: o, Tools: t, door: newDoor(), asked: map[pep.Project]bool{}, held: map[pep.Project]pep.Listing{}, proven: map[int]bool{}}
}

// Run does a run. Its error is nil where every file was accepted, already there or skipped as asked; everything about it
// stands in the book, also after a panic and after a signal, which is a done ctx.
func Run(ctx context.Context, o Options, t Tools) error {
	r := newRun(o, t)
	r.Book.Note(ledger.Began{At: r.Now(), Index: r.Index.Site().Upload.String(), How: o.How, DryRun: o.DryRun})
	err := par.Catch(func() error { return r.steps(ctx) })
	if err != nil && !errors.Is(err, ErrIncomplete) {
		for _, f := range told(ctx, err) {
			r.Book.Note(ledger.Noted{Finding: f})
		}
	}
	r.unattached()
	r.Book.Note(ledger.Ended{At: r.Now()})
	return err
}

// steps are the steps of a run, in their order. What can fail on this machine fails before there is a credential.
func (r *run) steps(ctx context.Context) error {
	r.phase("Collect")
	if err := r.collect(ctx); err != nil {
		return err
	}
	r.phase("Check")
	if err := r.check(); err != nil {
		return err
	}
	r.phase("Plan")
	if err := r.decide(); err != nil {
		return err
	}
	if r.DryRun {
		r.phase("Dry run")
		return r.dryRun(ctx)
	}
	if err := r.findRelease(ctx); err != nil {
		return err
	}
	if err := r.awaitOthers(ctx); err != nil {
		return err
	}
	if !r.nothingMissing() {
		r.phase("Identify")
		if err := r.identify(ctx); err != nil {
			return err
		}
		if err := r.attest(ctx); err != nil {
			return err
		}
		if err := r.transfer(ctx); err != nil {
			return err
		}
	}
	if err := r.readBack(ctx); err != nil {
		return err
	}
	r.attach(ctx)
	return nil
}

// transfer is the life of the credential. Its burn is deferred before the first mint, so that no token outlives the upload.
func (r *run) transfer(ctx context.Context) error {
	defer r.burn(ctx)
	r.phase("Authorize")
	if err := r.authorize(ctx); err != nil {
		return err
	}
	r.phase("Upload")
	return r.upload(ctx)
}

func (r *run) phase(name string) { r.Book.Note(ledger.Phase{At: r.Now(), Name: name}) }

// told are the findings of an error. A signal explains whatever was cut off by it, and nothing else.
func told(ctx context.Context, err error) []finding.Finding {
	cause := context.Cause(ctx)
	if cause == nil {
		return finding.Of(err)
	}
	var all []finding.Finding
	for _, f := range finding.Of(err) {
		if !strings.Contains(f.Message, cause.Error()) {
			all = append(all, f)
		}
	}
	return append(all, finding.Finding{
		ID: Cancelled, Severity: finding.Error,
		Message: "the run was ended before it was done: " + cause.Error(),
		Fix:     "run it again: files that the index has are recognised, and the rest is uploaded",
	})
}

// Misconfigured tells that a run failed for what its workflow says, not for what the files are or the index did.
func Misconfigured(err error) bool {
	var wrong *misconfigured
	return errors.As(err, &wrong)
}

// misconfigured marks an error that only a change of the workflow can mend.
type misconfigured struct{ error }

func (m *misconfigured) Unwrap() error { return m.error }

// workflow marks err as one of the workflow where all of its findings have one of the ids; no ids mean any.
func workflow(err error, ids ...string) error {
	if err == nil {
		return nil
	}
	for _, f := range finding.Of(err) {
		if len(ids) > 0 && !slices.Contains(ids, f.ID) {
			return err
		}
	}
	return &misconfigured{err}
}
