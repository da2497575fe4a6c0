package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/runner"
)

// othersWait bounds the wait for what another job has published: a page from a cache is older by seconds, and one that was not there
// by a minute (docs/reference/pypi-server.md §7.3).
const othersWait = 2 * time.Minute

func untilPublished() schedule { return schedule{pause: 5 * time.Second} }

// awaitOthers is for a job that may attach and not publish: what is missing was published by another job a moment ago, and the index
// may not show it yet. It reports whether it waited until the index listed everything.
func (r *run) awaitOthers(ctx context.Context, targets []*target) (waited bool, err error) {
	if r.GitHub == nil || r.Tokens == nil || len(missingOf(targets)) == 0 {
		return false, nil
	}
	refused := r.Tokens.MayAsk()
	switch {
	case refused == nil:
		return false, nil
	case finding.Of(refused)[0].ID != runner.NoPermission:
		return false, refused
	case r.Index.Site().Simple == nil:
		return false, withFault(notPublished(targets, refused, "nobody may look at the index (`index-url: none`)"), finding.Workflow)
	}
	r.phase("Wait for index")
	bounded, stop := context.WithTimeout(ctx, min(r.Wait, othersWait))
	defer stop()
	projects := projectsOf(targets)
	var unread error // of the last look
	look := func(ctx context.Context) pace {
		failed := r.listings.refresh(ctx, projects)
		r.listings.compare(targets, r.SkipExisting)
		if failed == nil && len(missingOf(targets)) == 0 {
			return done
		}
		if ctx.Err() == nil || len(r.listings.answered()) < len(projects) {
			unread = failed // one that was cut off tells nothing beside those before it
		}
		return steady
	}
	// The plan has just looked: the first look waits.
	if r.Sleep(bounded, untilPublished().pause) == nil && r.listings.repeat(bounded, untilPublished(), look) {
		return true, nil
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	why := "the index does not show them"
	if unread != nil {
		why = "the index could not be asked: " + unread.Error()
	}
	return false, notPublished(targets, refused, why)
}

// notPublished reports that a job which may not publish has files that the index is not known to have.
func notPublished(targets []*target, refused error, why string) error {
	return finding.Finding{
		ID: "github-release-unpublished", Severity: finding.Error,
		Message: fmt.Sprintf("files are not known to be published, and this job may not publish them: %s: %s; %s", why,
			listSome(namesOf(missingOf(targets))), finding.Of(refused)[0].Message),
		Fix: "if another job has published them, run this one again in some minutes: it needs no other right; if this job is to publish, give it `permissions: id-token: write`",
	}
}
