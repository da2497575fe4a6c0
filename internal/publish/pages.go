package publish

import (
	"context"

	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// pages are the index's pages of the projects at one moment: each is looked at once, also where it cannot be read.
type pages struct {
	index *index.Client
	seen  map[pep.Project]page
}

type page struct {
	listing pep.Listing
	err     error
}

func (r *run) newPages() *pages { return &pages{r.Index, map[pep.Project]page{}} }

// of is the page of a project.
func (p *pages) of(ctx context.Context, project pep.Project) (pep.Listing, error) {
	seen, looked := p.seen[project]
	if !looked {
		seen.listing, seen.err = p.index.Look(ctx, project)
		p.seen[project] = seen
	}
	return seen.listing, seen.err
}
