package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/oidc"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// looksInARow returns how many times in a row the index must serve everything. Where a cache stands in front, one answer may come from
// a server that knows of the change, and the next from one that does not yet (docs/reference/pypi-server.md §7.3).
func (r *run) looksInARow() int {
	const cached, direct = 2, 1
	if r.Index.Site().Cached {
		return cached
	}
	return direct
}

// untilServed returns when the index is looked at again. A second is what a cache needs to tell all of its servers of a change: a second
// look that is sooner says less. It is also the pause before a page that was not complete is looked at again.
func untilServed() schedule { return schedule{pause: time.Second, longest: 15 * time.Second} }

// pageExpected is how long the page of a project may be missing on an index other than PyPI's software, which makes pages within seconds,
// before its address is suspected.
const pageExpected = time.Minute

// firstLook is the look at the index that is under way while the token is revoked.
type firstLook struct {
	pages *listings
	ended <-chan error // its value is a defect of ours, if any: what the index could not answer is in pages
}

// lookFirst begins to look at the pages of what is to be read back. It returns nil if that is nothing.
func (r *run) lookFirst(ctx context.Context, targets []*target) *firstLook {
	published := r.toReadBack(targets)
	if len(published) == 0 {
		return nil
	}
	pages := r.listings.anew()
	return &firstLook{pages, par.Start(func() error {
		bounded, stop, _ := r.within(ctx, r.Wait)
		defer stop()
		_, _ = pages.query(bounded, projectsOf(published)) // its errors are in pages, but for the end of ctx
		return nil
	})}
}

// taken returns the pages of the first look, when they are there; nil if there was none.
func (l *firstLook) taken() (*listings, error) {
	if l == nil {
		return nil, nil
	}
	return l.pages, <-l.ended
}

// toReadBack returns the targets that the index is to serve; none if that is not to be seen.
func (r *run) toReadBack(targets []*target) []*target {
	if r.Wait <= 0 || r.Index.Site().Simple == nil {
		return nil
	}
	return onIndexOf(targets)
}

// readBack waits until the index serves every file of the release with its digest, twice in a row where a cache stands in front. A wrong
// digest is an error; time that is up, and a signal, are reported, but what is published is published. What cannot succeed is not waited
// for: a page that cannot be read. If the index keeps other bytes of all files, as the user asked, there is nothing to see; if the plan has
// seen them all, no more.
//
// The first look may have been before the index was done: if it does not show everything, another one follows at once.
func (r *run) readBack(ctx context.Context, targets []*target, claims oidc.Claims, first *firstLook) error {
	published := r.toReadBack(targets)
	if len(published) == 0 {
		return nil
	}
	r.phase("Read back")
	skipped := selected(targets, func(t *target) bool { return t.outcome == ledger.OutcomeSkipped })
	if !slices.ContainsFunc(published, func(t *target) bool { return t.action != ledger.ActionPresent }) {
		r.Record(ledger.ReadBack{Served: true, Skipped: len(skipped)})
		return nil
	}
	bounded, stop, isOver := r.within(ctx, r.Wait)
	defer stop()
	early, err := first.taken()
	if err != nil {
		return err
	}
	var seen served
	streak, began := 0, r.Now()
	allServed := r.listings.repeat(bounded, untilServed(), func(ctx context.Context) nextStep {
		pages, isEarly := early, early != nil
		if early = nil; pages == nil {
			pages = r.listings.anew()
		}
		now := r.served(ctx, pages, published, claims)
		if now.unread != nil {
			now.unreadPages = seen.unreadPages + 1
		}
		switch {
		case ctx.Err() != nil:
			return steady // a query that was cut off says nothing
		case isEarly && now.wrong == nil && now.unread == nil && len(now.missing) > 0:
			return again
		case now.wrong != nil:
			seen = now
			return done
		case len(now.missing) > 0:
			seen, streak = now, 0
		default:
			seen, streak = now, streak+1
		}
		switch {
		case streak == r.looksInARow():
			return done
		case isOver(), seen.isFinal(), seen.absent && r.Index.Site().MayReplace() && r.Now().Sub(began) >= pageExpected:
			return failed
		case streak == 0:
			return slower
		}
		return steady
	})
	switch {
	case seen.wrong != nil:
		r.Record(ledger.ReadBack{Otherwise: true, Missing: seen.missing})
		return seen.wrong
	case !allServed:
		unverified := slices.ContainsFunc(published, func(t *target) bool { return !t.digestSeen })
		r.Record(ledger.ReadBack{Missing: seen.missing, Served: !unverified, Skipped: len(skipped)})
		r.record(r.notServed(ctx, seen, r.Now().Sub(began)))
	case len(seen.withoutDigest) > 0:
		r.Record(ledger.ReadBack{Silent: len(seen.withoutDigest)})
		r.record(r.noDigest(seen.withoutDigest))
	default:
		r.Record(ledger.ReadBack{Served: true, Skipped: len(skipped)})
	}
	return nil
}

// served is what one query of the index says of the published files.
type served struct {
	missing       []string // not served yet
	withoutDigest []string // served, without a digest to compare
	wrong         error    // served with another digest: an index never changes the bytes of a name
	absent        bool     // a project is not there
	unread        *failedQuery
	unreadPages   int // in a row
}

// isFinal reports whether another look would end alike, since a page cannot be read. One that is no listing may be the page of a server
// before the index, which has an outage: it is looked at once more.
func (s served) isFinal() bool {
	if s.unread == nil || !index.IsFinal(s.unread.err) {
		return false
	}
	return !errors.Is(s.unread.err, pep.ErrNoListing) || s.unreadPages > 1
}

// served looks at the index once: at these pages, which are queried as far as they are not known yet.
func (r *run) served(ctx context.Context, pages *listings, published []*target, claims oidc.Claims) served {
	var now served
	var failed []error
	_, _ = pages.query(ctx, projectsOf(published)) // its errors are in pages, but for the end of ctx
	parts := newParts(pages.answered())
	for _, t := range published {
		// A page that cannot be read is one that does not serve the file yet.
		page, err := pages.get(ctx, t.release.Project)
		listed, ok := t.listedIn(parts.of(t))
		switch {
		case err != nil && now.unread == nil:
			now.unread = &failedQuery{t.release.Project, err}
		case err == nil && !page.Exists:
			now.absent = true
		}
		if !ok {
			now.missing = append(now.missing, t.Name)
			continue
		}
		theirs, ours := t.digests(listed)
		switch {
		case theirs != ours, t.otherSize(listed):
			failed = append(failed, r.otherBytes(t, listed, theirs))
		case theirs == "":
			now.withoutDigest = append(now.withoutDigest, t.Name)
		default:
			t.digestSeen = true
			late, err := r.checkProvenance(ctx, t, listed, claims)
			if late {
				now.missing = append(now.missing, "the provenance of "+t.Name)
			}
			failed = append(failed, err)
		}
	}
	now.wrong = errors.Join(failed...)
	return now
}

// noDigest returns the notice about files that are served without a digest, so that they cannot be compared.
func (r *run) noDigest(names []string) finding.Finding {
	return finding.New(finding.NoDigest,
		r.indexName()+" serves these files without a digest, so the run could not compare them: "+listSome(names),
		"no action needed; to turn this check off, set `wait-for-index: 0`")
}

func (r *run) otherBytes(t *target, listed pep.IndexFile, digest string) finding.Finding {
	if strings.HasSuffix(digest, bytesLong) {
		digest = ""
	}
	digests := fmt.Sprintf(": digest %s, %d bytes; the uploaded file has SHA-256 %s, %d bytes",
		cmp.Or(digest, "unknown"), listed.Size, t.sha256(), t.Size)
	return finding.New(finding.ServedOtherwise,
		fmt.Sprintf("%s accepted %s, but serves something else under its name%s", r.indexName(), t.Name, digests),
		"do not announce this release: report it to the operators of the index, and yank it until the cause is known").
		In(t.displayPath).WithDetail(digests)
}

// notServed returns the warning that the index did not serve everything in time, or before the run was cancelled, or that this cannot be
// seen.
func (r *run) notServed(ctx context.Context, seen served, waited time.Duration) finding.Finding {
	site, missing := r.Index.Site(), seen.missing
	fix := "look at the release's page in a few minutes, and report a file that is still missing to the operators of the index; " +
		"to wait longer, raise `wait-for-index`"
	why := fmt.Sprintf("within %v", r.Wait)
	switch {
	case ctx.Err() != nil:
	case seen.isFinal():
		return finding.New(finding.LookFailed, couldNotQuery(site, *seen.unread), "the files are published; "+
			cmp.Or(readable(seen.unread.err), "check `index-url`, or set `wait-for-index: 0`"))
	case seen.absent && waited >= pageExpected && site.Simple != nil:
		why = fmt.Sprintf("within %v", waited.Round(time.Second))
		fix = fmt.Sprintf("check `index-url`: %s has no page of the project. If the address is right, look at the page in a few minutes",
			site.Simple)
	}
	if cause := context.Cause(ctx); cause != nil {
		why = "before the run was cancelled: " + cause.Error()
	}
	what := "all files"
	if r.looksInARow() > 1 {
		what += " twice in a row"
	}
	if len(missing) > 0 {
		what = listSome(missing)
	}
	return finding.New(finding.NotServedYet,
		fmt.Sprintf("%s accepted every file, but did not yet serve %s %s", r.indexName(), what, why), fix)
}
