package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/uploadtoken"
)

// confirmNew returns the projects that the index does not have, asked again past its caches. It asks only if that decides the run: a token
// request creates one project at most, so that several new ones end a run that would make one. An index that gives no answer, or whose
// pages are those of another server, confirms nothing.
func (r *run) confirmNew(ctx context.Context, targets []*target) (map[pep.Project]bool, error) {
	site := r.Index.Site()
	if r.Tokens == nil || r.Tokens.CheckIDToken() != nil || !site.Warehouse || !site.OwnPages {
		return nil, nil
	}
	unknown := r.newOf(targets)
	if len(unknown) < 2 {
		return nil, nil
	}
	_, absent, err := r.listings.askPastCache(ctx, unknown)
	confirmed := map[pep.Project]bool{}
	for _, project := range absent {
		confirmed[project] = true
	}
	return confirmed, err
}

// newOf returns the projects of targets that the index said not to have, each once.
func (r *run) newOf(targets []*target) []pep.Project {
	answered := r.listings.answered()
	var unknown []pep.Project
	for _, t := range targets {
		if listing, ok := answered[t.release.Project]; ok && !listing.Exists {
			unknown = append(unknown, t.release.Project)
		}
	}
	return distinct(unknown)
}

// askPastCache asks the index about projects, past its caches, and returns those that it has and those that it has not, both by name. What
// it has replaces what was known. A project that it gives no answer about is neither. The error is that of ctx.
func (l *listings) askPastCache(ctx context.Context, projects []pep.Project) (there, absent []pep.Project, err error) {
	err = par.Each(ctx, l.parallel, projects, func(ctx context.Context, project pep.Project) error {
		listing, err := l.index.ListFilesPastCache(ctx, project)
		l.mu.Lock()
		defer l.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
		case listing.Exists:
			l.known[project] = answer{listing: listing}
			there = append(there, project)
		default:
			absent = append(absent, project)
		}
		return nil
	})
	slices.Sort(there)
	slices.Sort(absent)
	return there, absent, err
}

// explainProjects returns the error of a token request with what the index's pages say about a token of fewer projects than were
// requested: which of them have no publisher, and which project the request created. The index names the projects of a token by numbers of
// its own, so that a token of as many projects may be for others: of projects that are new, the pages say that too, before anything is
// signed. Pages of another server say nothing.
func (r *run) explainProjects(ctx context.Context, order uploadtoken.MintRequest, err error) error {
	var few *uploadtoken.TooFewProjectsError
	others := len(order.New) > 0 && len(order.Projects) > 1 // the token may be for others
	if !errors.As(err, &few) && (err != nil || !others) {
		return err
	}
	var there, absent []pep.Project
	if r.Index.Site().OwnPages {
		var failed error
		if there, absent, failed = r.listings.askPastCache(ctx, order.New); failed != nil {
			return errors.Join(err, failed)
		}
	}
	switch {
	case few == nil && len(absent) == 0:
		return nil
	case few == nil:
		few = uploadtoken.TooFewProjects(len(order.Projects)-len(absent), order.Projects)
	case len(there)+len(absent) < len(order.New), !r.Index.Site().OwnPages, r.unseen(order.Projects):
		f := few.Finding
		f.Message += "; the request may have created an empty project"
		f.Fix = "look on the index which of these projects has this workflow as a publisher, and add it to the others; " +
			"then run the job again"
		return f
	}
	return r.withoutPublisher(few, order, there, absent)
}

// unseen reports whether it is unknown of a project whether it was there before the token was requested.
func (r *run) unseen(projects []pep.Project) bool {
	answered := r.listings.answered()
	return slices.ContainsFunc(projects, func(p pep.Project) bool { _, seen := answered[p]; return !seen })
}

// withoutPublisher returns the finding for an upload token of fewer projects than were requested. Of those that were new, there are some by
// now, and some are absent.
func (r *run) withoutPublisher(few *uploadtoken.TooFewProjectsError, order uploadtoken.MintRequest, there, absent []pep.Project) error {
	f, fixes := few.Finding, []string{}
	if len(absent) > 0 {
		f.Message += "; without a publisher for this run: " + listProjects(absent)
		fixes = append(fixes, pendingFor(absent))
	}
	switch others := len(order.Projects) - few.Issued - len(absent); {
	case others > 0:
		seen := slices.DeleteFunc(slices.Clone(order.Projects), func(p pep.Project) bool { return slices.Contains(order.New, p) })
		if len(seen) == 0 {
			seen = order.Projects
		}
		f.Message += fmt.Sprintf("; not all of these have a publisher for this run: %s (%d without)", listProjects(seen), others)
		fixes = append([]string{"add this workflow as a Trusted Publisher of each of " + listProjects(seen)}, fixes...)
	case others < 0, len(absent) == len(order.Projects):
		f.Message += "; the token is for another project, which the request may have created, and which has no files then"
		fixes = append([]string{"if you added a pending publisher, check the name of its project"}, fixes...)
	}
	if made := r.empty(there); len(made) > 0 {
		f.Message += "; created by the request and still empty: " + listProjects(made)
	}
	f.Fix = strings.Join(fixes, "; ")
	return f
}

// empty returns the projects that the index lists without files.
func (r *run) empty(projects []pep.Project) []pep.Project {
	answered := r.listings.answered()
	return slices.DeleteFunc(slices.Clone(projects), func(p pep.Project) bool { return len(answered[p].Files) > 0 })
}

// pendingFor returns the next step for projects that need a pending publisher with the same values: the index takes one at a time.
func pendingFor(projects []pep.Project) string {
	if len(projects) == 1 {
		return fmt.Sprintf("add a pending publisher for %s with the values of this run, and run the job again", projects[0])
	}
	return fmt.Sprintf(
		"one after the other: add a pending publisher for one of %s with the values of this run, run the job with that project alone "+
			"in `packages-dir`, then go on with the next", listProjects(projects))
}

func listProjects(projects []pep.Project) string { return listSome(pep.Names(projects)) }
