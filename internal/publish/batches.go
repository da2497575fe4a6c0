package publish

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// batch is the files of one release that are to be uploaded, in the order in which the index wants them.
type batch struct {
	first  []*target // alone: it creates a new release, and is the one most likely to be refused; none for a release that exists
	wheels []*target // side by side
	sdists []*target // last: until then, installers take older wheels rather than build from source

	after       []*batch // releases of dependencies, which can be installed before the first file of this one is sent
	withWheels  bool
	installable sync.Once
	ready       chan struct{} // closed when the release can be installed, or when no more of its files are sent
}

// batches groups targets by release, in their order, but those that others depend on before these.
func (r *run) batches(missing []*target) []*batch {
	var all []*batch
	byRelease := map[pep.Release]*batch{}
	for _, t := range missing {
		b := byRelease[t.release]
		if b == nil {
			b = &batch{ready: make(chan struct{})}
			byRelease[t.release], all = b, append(all, b)
		}
		if t.Kind() == distfile.Wheel {
			b.wheels, b.withWheels = append(b.wheels, t), true
		} else {
			b.sdists = append(b.sdists, t)
		}
	}
	all = inOrder(all)
	answered := r.listings.answered()
	for release, b := range byRelease {
		isWheel := func(f pep.IndexFile) bool { return strings.HasSuffix(f.Name, ".whl") }
		if files := answered[release.Project].FilesOf(release); len(files) == 0 { // one that is unknown counts as new
			b.takeFirst()
		} else if slices.ContainsFunc(files, isWheel) {
			b.setReady()
		}
	}
	return all
}

// inOrder sets which batches wait for which others, and returns them with the dependencies first. Of a cycle, one dependency does not
// count.
func inOrder(all []*batch) (ordered []*batch) {
	byProject := map[pep.Project][]*batch{}
	for _, b := range all {
		project := b.files()[0].release.Project
		byProject[project] = append(byProject[project], b)
	}
	begun, done := map[*batch]bool{}, map[*batch]bool{}
	var visit func(*batch)
	visit = func(b *batch) {
		begun[b] = true
		for _, project := range preflight.Dependencies(distributionsOf(b.files())...) {
			for _, dependency := range byProject[project] {
				if !begun[dependency] {
					visit(dependency)
				}
				if done[dependency] { // else it depends on this one
					b.after = append(b.after, dependency)
				}
			}
		}
		done[b] = true
		ordered = append(ordered, b)
	}
	for _, b := range all {
		if !begun[b] {
			visit(b)
		}
	}
	return ordered
}

// files returns the files of a batch, wheels first.
func (b *batch) files() []*target { return slices.Concat(b.first, b.wheels, b.sdists) }

// await waits until the dependencies can be installed. Its error is that of ctx.
func (b *batch) await(ctx context.Context) error {
	for _, dependency := range b.after {
		select {
		case <-dependency.ready:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// accepted is called after the index accepted a target: the first wheel makes the release one that can be installed.
func (b *batch) accepted(t *target) {
	if t.Kind() == distfile.Wheel || !b.withWheels {
		b.setReady()
	}
}

func (b *batch) setReady() { b.installable.Do(func() { close(b.ready) }) }

// takeFirst takes the file that creates the release: one that the index may refuse for what only it knows, the smallest of them, so that a
// refusal leaves nothing behind. Where there is none, or all files are so, it is a wheel if there is one, since its metadata is complete.
func (b *batch) takeFirst() {
	all := b.files()
	risky := selected(all, (*target).isRisky)
	switch {
	case len(risky) == 0:
		b.first = all[:1]
	case len(risky) == len(all) && len(b.wheels) > 0:
		b.first = []*target{smallest(b.wheels)}
	default:
		b.first = []*target{smallest(risky)}
	}
	others := func(t *target) bool { return t != b.first[0] }
	b.wheels, b.sdists = selected(b.wheels, others), selected(b.sdists, others)
}

// isRisky reports whether the index may refuse the target for what is a warning.
func (t *target) isRisky() bool { return slices.ContainsFunc(t.findings, preflight.MayRefuse) }

// smallest returns the target with the fewest bytes, the first of several.
func smallest(targets []*target) *target {
	return slices.MinFunc(targets, func(a, b *target) int { return cmp.Compare(a.Size, b.Size) })
}
