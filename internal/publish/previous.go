package publish

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

const (
	// mostPrevious is how many releases the metadata of an earlier one is requested for: a set of more projects was hardly built here.
	mostPrevious = 8
	// previousPatience is how long all of these requests may take together.
	previousPatience = 5 * time.Second
)

// readPrevious returns, for each release that has files to upload, a wheel of the release that it is compared with, of which only the name
// and the metadata are known. That is one small request for each release. What cannot be had stays unknown: it is there for comparison
// alone. The error is a defect of this program.
func (r *run) readPrevious(ctx context.Context, targets []*target) (map[pep.Release]*distfile.Distribution, error) {
	if !r.CompareRelease {
		return nil, nil
	}
	answered := r.listings.answered()
	parts := newParts(answered)
	missing := selected(targets, func(t *target) bool {
		action, _ := t.compare(parts.of(t), r.Index.Site().MayReplace())
		return action != ledger.ActionPresent
	})
	wheels := preflight.Previous(preflight.Set{Files: distributionsOf(missing), Listings: answered, Compare: true})
	if len(wheels) == 0 || len(wheels) > mostPrevious {
		return nil, nil
	}
	ctx, stop := context.WithTimeout(ctx, previousPatience)
	defer stop()
	var mu sync.Mutex
	previous := map[pep.Release]*distfile.Distribution{}
	err := par.Each(ctx, mostPrevious, slices.Collect(maps.Keys(wheels)), func(ctx context.Context, release pep.Release) error {
		wheel := wheels[release]
		text, err := r.Index.CoreMetadata(ctx, wheel)
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			previous[release] = distfile.FromMetadata(wheel.Name, text)
		}
		return nil
	})
	var defect *par.Panic
	if errors.As(err, &defect) {
		return nil, defect
	}
	return previous, nil
}
