package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/oidc"
)

// othersWait bounds the wait for what another job has published: a page from a cache is older by seconds, and one that was not there
// by a minute (docs/reference/pypi-server.md §7.3).
const othersWait = 2 * time.Minute

func untilPublished() schedule { return schedule{pause: 5 * time.Second} }

// awaitOthers waits, in a job that may attach and not publish, for files that another job has just published to appear on the index. It
// reports whether it waited until the index listed everything.
func (r *run) awaitOthers(ctx context.Context, targets []*target) (waited bool, err error) {
	if r.GitHub == nil || r.Tokens == nil || len(missingOf(targets)) == 0 {
		return false, nil
	}
	refused := r.Tokens.CheckIDToken()
	var unpermitted oidc.PermissionError
	switch {
	case refused == nil:
		return false, nil
	case !errors.As(refused, &unpermitted):
		return false, refused
	case r.Index.Site().Simple == nil:
		f := notPublished(targets, unpermitted, "`index-url: none` turns queries off")
		f.Fault = finding.Workflow
		return false, f
	}
	r.phase("Wait for index")
	bounded, stop, isOver := r.within(ctx, min(r.Wait, othersWait))
	defer stop()
	projects := projectsOf(targets)
	var unread error // of the last look
	query := func(ctx context.Context) nextStep {
		unlisted := r.listings.refresh(ctx, projects)
		r.listings.compare(targets, r.SkipExisting)
		if unlisted == nil && len(missingOf(targets)) == 0 {
			return done
		}
		if ctx.Err() == nil || len(r.listings.answered()) < len(projects) {
			unread = unlisted // one that was cut off says nothing beside those before it
		}
		if isOver() {
			return failed
		}
		return steady
	}
	// The plan has just looked: the first look waits.
	if r.Sleep(bounded, untilPublished().pause) == nil && r.listings.repeat(bounded, untilPublished(), query) {
		return true, nil
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	why := r.indexName() + " does not list them"
	if unread != nil {
		why = r.indexName() + " could not be queried: " + unread.Error()
	}
	return false, notPublished(targets, unpermitted, why)
}

// notPublished reports that a job which may not publish has files that the index is not known to have.
func notPublished(targets []*target, unpermitted oidc.PermissionError, why string) finding.Finding {
	return finding.New(finding.GitHubReleaseUnpublished,
		fmt.Sprintf("this job cannot publish files, and these may not be published yet: %s (%s); %s",
			listSome(namesOf(missingOf(targets))), why, unpermitted.Message),
		"if another job published them, run this job again in a few minutes; if this job should publish: "+unpermitted.Fix)
}
