package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// batch is the files of one release that are to be uploaded, in the order in which the index wants them.
type batch struct {
	alone  []int // the first file of a new release, which creates it; none for a release that is there
	wheels []int // side by side
	sdists []int // last: until then, installers take older wheels rather than build from source
}

// upload sends what is missing, releases side by side. After a final refusal nothing new is started, and what is in flight
// finishes.
func (r *run) upload(ctx context.Context) error {
	err := par.Each(ctx, r.Parallel, r.batches(), func(ctx context.Context, b batch) error {
		for _, together := range [][]int{b.alone, b.wheels, b.sdists} {
			if err := par.Each(ctx, r.Parallel, together, r.send); err != nil {
				return err
			}
		}
		return nil
	})
	var defect *par.Panic
	switch {
	case err == nil:
		return nil
	case errors.As(err, &defect):
		return defect
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case r.door.isShut():
		return ErrIncomplete
	default:
		return err
	}
}

// batches groups what is missing by release, in the order of the set.
func (r *run) batches() []batch {
	var all []batch
	place := map[pep.Release]int{}
	for i, f := range r.plan {
		if f.Status != ledger.Upload {
			continue
		}
		if _, known := place[f.Release]; !known {
			place[f.Release] = len(all)
			all = append(all, batch{})
		}
		b := &all[place[f.Release]]
		if r.files[i].Kind() == dist.Wheel {
			b.wheels = append(b.wheels, i)
		} else {
			b.sdists = append(b.sdists, i)
		}
	}
	for release, at := range place {
		if !r.exists(release) {
			all[at].first()
		}
	}
	return all
}

// first takes the file that creates the release: a wheel if there is one, since its metadata is the whole.
func (b *batch) first() {
	if len(b.wheels) > 0 {
		b.alone, b.wheels = b.wheels[:1], b.wheels[1:]
		return
	}
	b.alone, b.sdists = b.sdists[:1], b.sdists[1:]
}

// exists tells whether the index has a file of the release. One that was not looked up counts as new.
func (r *run) exists(release pep.Release) bool {
	return slices.ContainsFunc(r.held[release.Project].Files, func(h pep.Held) bool {
		of, err := pep.ReleaseOfFile(h.Name)
		return err == nil && of == release
	})
}

// send uploads one file and tells what came of it.
func (r *run) send(ctx context.Context, i int) error {
	if r.door.isShut() {
		return ErrIncomplete
	}
	d, f := r.files[i], r.plan[i]
	watch := &progress{run: r, file: f}
	// Whatever comes of it, a defect of ours too, nobody is left waiting at the door.
	over := true
	defer func() { r.door.release(watch.refused, over) }()
	err := r.Index.Upload(ctx, index.Parcel{File: d, Attestations: r.attestationsOf(i), Begin: watch.begin, Refused: watch.refuse, Sent: watch.sent}, r.credentials())
	landed := ledger.Landed{File: f.Name, Took: r.Now().Sub(watch.began)}
	switch {
	case err == nil:
		r.Index.Measured(f.Size, watch.took())
		r.Book.Note(landed)
		over = false
		return nil
	case watch.began.IsZero() && errors.Is(err, ErrIncomplete):
		return ErrIncomplete // it never began: another one was refused
	case watch.began.IsZero() && ctx.Err() != nil:
		return context.Cause(ctx)
	}
	event := r.settle(ctx, d, f, landed, err)
	r.Book.Note(event)
	switch event.(type) {
	case ledger.Landed, ledger.Found, ledger.Kept:
		over = false
		return nil
	}
	return ErrIncomplete
}

// settle finds out what a failed upload came to. Where the index says that it has the file, or may have taken it at a try
// that had no clear answer, the index's page decides.
func (r *run) settle(ctx context.Context, d *dist.Distribution, f ledger.File, landed ledger.Landed, err error) ledger.Event {
	var refused *index.Refusal
	var failed *wire.Error
	switch {
	case errors.As(err, &refused) && (refused.Exists() || refused.Doubtful > 0):
		return r.taken(ctx, d, f, landed, refused)
	case errors.As(err, &refused):
		return turned(f, r.foretold(f, refused))
	case errors.As(err, &failed) && failed.Doubtful > 0:
		if status, _ := standing(d, r.lookAgain(ctx, f), false, false); status == ledger.Present {
			return landed
		}
		return doubted(f, failed)
	case ctx.Err() != nil:
		return ledger.Withdrawn{File: f.Name}
	default:
		return unsent(f, err)
	}
}

func turned(f ledger.File, told finding.Finding) ledger.Event {
	told.File = f.Path
	return ledger.Turned{File: f.Name, Finding: told}
}

// foretold is a refusal with the rule that told it before, or should have.
func (r *run) foretold(f ledger.File, refused *index.Refusal) finding.Finding {
	told := refused.Finding()
	rule, known := preflight.RuleOf(refused.Words)
	if !known || !r.Index.Site().Warehouse {
		return told // another index may mean something else by the same words
	}
	for _, earlier := range r.found {
		if earlier.ID == rule.ID && earlier.File == f.Path {
			told.Fix = fmt.Sprintf("%s (the rule `%s` told it before the upload, and was let pass)", cmp.Or(earlier.Fix, told.Fix), rule.ID)
			return told
		}
	}
	if rule.Certain() {
		told.Fix += fmt.Sprintf("; the rule `%s` should have told it before the upload: please report that, with the file's metadata", rule.ID)
	} else {
		told.Fix += fmt.Sprintf(" (the rule `%s` is about this, and judges by %s)", rule.ID, rule.Basis)
	}
	return told
}

const (
	// looks is how often the index's page is asked about a file that the index may have: the page may come from a cache for some seconds.
	looks     = 3
	lookPause = 3 * time.Second
)

// lookAgain is what the index holds of the file's project now: the first page that has the file's name, or the last one. An index that
// cannot be looked at, and a run that is ended, give an empty listing.
func (r *run) lookAgain(ctx context.Context, f ledger.File) pep.Listing {
	var page pep.Listing
	for n := range looks {
		if ctx.Err() != nil || (n > 0 && r.Sleep(ctx, lookPause) != nil) {
			return page
		}
		listing, err := r.Index.Look(ctx, f.Release.Project)
		switch {
		case errors.Is(err, index.ErrNoLookups):
			return page
		case err == nil:
			page = listing
		}
		if slices.ContainsFunc(page.Files, func(h pep.Held) bool { return h.Name == f.Name }) {
			return page
		}
	}
	return page
}

// taken is a refusal of a file that the index says it has, or may have taken before it refused it.
func (r *run) taken(ctx context.Context, d *dist.Distribution, f ledger.File, landed ledger.Landed, refused *index.Refusal) ledger.Event {
	told := r.foretold(f, refused)
	listing := r.lookAgain(ctx, f)
	status, held := standing(d, listing, r.SkipExisting, false) // it was refused: nothing is replaced
	twin, underOther := underAnotherName(d, listing)
	switch {
	case status == ledger.Present && refused.Doubtful > 0:
		return landed
	case status == ledger.Present:
		return ledger.Found{File: f.Name}
	case !refused.Exists():
		return turned(f, told)
	case underOther:
		told.Message += fmt.Sprintf(" (the index has these bytes under the name %s)", twin)
		told.Fix = "publish one of the two files: the index takes the same bytes only once"
		return turned(f, told)
	case r.SkipExisting:
		r.Book.Note(ledger.Noted{Finding: kept(f, held)})
		return ledger.Kept{File: f.Name, Held: held}
	case status == ledger.Conflict:
		return turned(f, conflict(f, held))
	case refused.Doubtful > 0 && !r.Index.Site().Warehouse: // which takes the same bytes again
		told.Message += " (an earlier try of this upload had no clear answer, so that the file there may be this one)"
		told.Fix = "compare its digest with this file's: where they are the same, finish the release with `skip-existing: true`; with `index-url` the next run sees it by itself"
		return turned(f, told)
	default:
		return turned(f, told)
	}
}

func underAnotherName(d *dist.Distribution, listing pep.Listing) (string, bool) {
	for _, h := range listing.Files {
		if theirs, ours := digestsOf(d, h); h.Name != d.Name && theirs != "" && theirs == ours {
			return h.Name, true
		}
	}
	return "", false
}

// doubted is an upload that was sent whole and had no clear answer to its last try.
func doubted(f ledger.File, failed *wire.Error) ledger.Event {
	told := finding.Finding{
		ID: "upload-doubtful", Severity: finding.Error, File: f.Path,
		Message: fmt.Sprintf("nobody knows whether the index has %s: %v%s", f.Name, failed, failed.Said()),
		Fix:     "run the job again: if the index has the file it will be recognised, else it is uploaded",
	}
	var unreadable *wire.Unreadable
	if errors.As(failed, &unreadable) {
		told.Message = fmt.Sprintf("the index answered the upload of %s, and its answer cannot be read: %v", f.Name, failed)
		told.Fix = failed.Advice() + "; such an answer is often a refusal, which `verify-metadata: true` finds before the upload"
	}
	return ledger.Doubted{File: f.Name, Finding: told}
}

// unsent is a file that never reached the index.
func unsent(f ledger.File, err error) ledger.Event {
	told := finding.Of(err)[0]
	var changed *dist.ChangedError
	switch {
	case errors.As(err, &changed):
		told.ID, told.Message, told.Fix = "file-changed", "it was written to during the run, so its digests are no longer true", "let no other step write there, and run the job again"
	case told.ID == finding.Internal:
		told.ID, told.Fix = "upload-failed", advice(err, "run the job again: what the index has is recognised, and the rest is uploaded")
	}
	told.File, told.Message = f.Path, fmt.Sprintf("%s could not be uploaded: %s", f.Name, told.Message)
	return ledger.Unsent{File: f.Name, Finding: told}
}
