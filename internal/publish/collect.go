package publish

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

// collect finds the distributions and reads them, while the index is asked what it holds of the projects that their file
// names tell of.
func (r *run) collect(ctx context.Context) error {
	if err := checkSkipExisting(r.Index.Site(), r.SkipExisting); err != nil {
		return err
	}
	haul, err := dist.Find(r.Paths)
	if err = r.withNested(haul, err); err != nil {
		return workflow(notFound(err))
	}
	if err := r.apart(haul.Distributions); err != nil {
		return err
	}
	if alone := append(haul.Others, r.findSidecars(haul.Distributions, haul.Sidecars)...); len(alone) > 0 {
		r.Book.Note(ledger.Noted{Finding: leftAlone(alone)})
	}
	return r.gather(ctx, haul.Distributions)
}

// gather learns all that can be known of files: what they are, and what the index and the pyproject.toml beside them say.
func (r *run) gather(ctx context.Context, paths []string) error {
	if err := par.All(ctx,
		func(ctx context.Context) error { return r.read(ctx, paths) },
		func(ctx context.Context) error { return r.look(ctx, projectsOf(paths)) },
	); err != nil {
		return err
	}
	r.Book.Note(ledger.Collected{Files: r.described()})
	r.readPyproject(paths)
	r.classify(ctx)
	// The metadata may name another project than the file name does; a rule says so, and the index is asked about it as
	// well.
	return r.look(ctx, r.projects())
}

func (r *run) read(ctx context.Context, paths []string) error {
	r.files = make([]*dist.Distribution, len(paths))
	places := make([]int, len(paths))
	for i := range places {
		places[i] = i
	}
	err := par.Each(ctx, runtime.GOMAXPROCS(0), places, func(ctx context.Context, i int) error {
		d, err := dist.Read(ctx, paths[i], r.Index.Site().MD5)
		r.files[i] = d
		return err
	})
	return unreadable(err)
}

// readPyproject reads the pyproject.toml beside the folder of the distributions, where all are in one. It is there for
// comparison alone: one that cannot be read hinders nothing.
func (r *run) readPyproject(paths []string) {
	folders := map[string]bool{}
	for _, path := range paths {
		folders[filepath.Dir(path)] = true
	}
	if len(folders) != 1 {
		return
	}
	p, found, err := pyproject.Read(filepath.Join(filepath.Dir(filepath.Dir(paths[0])), "pyproject.toml"))
	for _, f := range finding.Of(err) {
		f.File = r.shown(f.File)
		r.Book.Note(ledger.Noted{Finding: f})
	}
	if found {
		p.Path = r.shown(p.Path)
		r.pyproject = &p
	}
}

// look asks the index about every project that it was not asked about yet. What cannot be looked at is unknown, which is never "absent".
func (r *run) look(ctx context.Context, projects []pep.Project) error {
	var fresh []pep.Project
	for _, p := range projects {
		if !r.asked[p] {
			r.asked[p] = true
			fresh = append(fresh, p)
		}
	}
	var mu sync.Mutex
	return par.Each(ctx, r.Parallel, fresh, func(ctx context.Context, project pep.Project) error {
		listing, err := r.Index.Look(ctx, project)
		switch {
		case err == nil:
			mu.Lock()
			defer mu.Unlock()
			r.held[project] = listing
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !errors.Is(err, index.ErrNoLookups):
			r.noteFailedLook(project, err)
		}
		return nil
	})
}

// advice is the next step that a failed request has of its own, or the given one.
func advice(err error, otherwise string) string {
	var failed *wire.Error
	if errors.As(err, &failed) {
		return cmp.Or(failed.Advice(), otherwise)
	}
	return otherwise
}

// projectsOf are the projects that file names tell of; a name that tells none is judged later.
func projectsOf(paths []string) []pep.Project {
	var projects []pep.Project
	for _, path := range paths {
		if release, err := pep.ReleaseOfFile(filepath.Base(path)); err == nil {
			projects = append(projects, release.Project)
		}
	}
	return distinct(projects)
}

// projects are the projects of the set, as the metadata says.
func (r *run) projects() []pep.Project {
	var projects []pep.Project
	for _, d := range r.files {
		if release, err := d.Release(); err == nil {
			projects = append(projects, release.Project)
		}
	}
	return distinct(projects)
}

func distinct[T cmp.Ordered](all []T) []T {
	slices.Sort(all)
	return slices.Compact(all)
}

// described are the files as people are told of them.
func (r *run) described() []ledger.File {
	files := make([]ledger.File, 0, len(r.files))
	for _, d := range r.files {
		release, err := d.Release()
		if err != nil {
			release = pep.Release{} // preflight says what is missing
		}
		files = append(files, ledger.File{
			Path: r.shown(d.Path), Name: d.Name, Release: release, Version: d.Header("Version"), Size: d.Size,
			SHA256: hex.EncodeToString(d.Digests.SHA256[:]), BLAKE2b: hex.EncodeToString(d.Digests.BLAKE2b[:]),
		})
	}
	return files
}

// shown is a path as people and other jobs can use it: relative where it is in the workspace.
func (r *run) shown(path string) string {
	if r.Workspace == "" || !filepath.IsAbs(path) {
		return path
	}
	relative, err := filepath.Rel(r.Workspace, path)
	if err != nil || strings.HasPrefix(relative, "..") {
		return path
	}
	return relative
}

func notFound(err error) error {
	return asFinding(err, "packages-dir", "set `packages-dir` to where the build put its files, and see that the artifact was downloaded there")
}

func unreadable(err error) error {
	return asFinding(err, "unreadable", "see that the file is whole and may be read, and that nothing changes it during the run")
}

// asFinding gives an error of a file a next step.
func asFinding(err error, id, fix string) error {
	if err == nil {
		return nil
	}
	var all []error
	for _, f := range finding.Of(err) {
		if f.ID == finding.Internal {
			f.ID, f.Fix = id, fix
		}
		all = append(all, f)
	}
	return errors.Join(all...)
}

// leftAlone tells of files beside the distributions that are none.
func leftAlone(paths []string) finding.Finding {
	names := make([]string, 0, len(paths))
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return finding.Finding{
		ID: "left-alone", Severity: finding.Notice,
		Message: "these files are no distributions and were left alone: " + listed(names),
	}
}

// listed names the first of many things.
func listed(names []string) string {
	const most = 10
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
