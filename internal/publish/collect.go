package publish

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ledger"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/trove"
	"github.com/org/pypi-oidc-publish/internal/pyproject"
)

// collected is what the first step finds: the targets, in the order of their paths, and what they are checked against.
type collected struct {
	targets     []*target
	pyproject   *pyproject.Project   // the file beside the distributions' folder; nil if there is none
	classifiers []string             // that the index lists; nil where it was not asked
	absent      map[pep.Project]bool // projects that the index does not have, asked past its caches; nil where it was not asked
	unseen      []error              // projects that could not be looked at, where that stops the run
	// previous has for a release a wheel of the one before, with its metadata alone.
	previous map[pep.Release]*distfile.Distribution
}

// collect finds the distributions and reads them, while it queries the index for the projects in their file names.
func (r *run) collect(ctx context.Context) (collected, error) {
	if err := checkSkipExisting(r.Index.Site(), r.SkipExisting); err != nil {
		return collected{}, err
	}
	found, err := distfile.Find(r.Paths)
	if err = r.withNested(found, err); err != nil {
		return collected{}, r.pathErrors(err)
	}
	if err := r.checkAttestationsDir(found.Distributions); err != nil {
		return collected{}, err
	}
	beside := attestationFilesOf(found.Distributions)
	r.noteLeftAlone(found.Others, found.AttestationFiles, beside)
	c, err := r.gather(ctx, found.Distributions)
	for _, t := range c.targets {
		t.attestationFiles = beside[t.Path]
	}
	if err != nil {
		return c, err
	}
	if err := checkSkipExisting(r.Index.Site(), r.SkipExisting); err != nil {
		c.unseen = append(c.unseen, err) // the address that was tried leads to no simple index
	}
	c.absent, err = r.confirmNew(ctx, c.targets)
	return c, err
}

// gather reads the files at these paths, while it queries the index, and the pyproject.toml beside them.
func (r *run) gather(ctx context.Context, paths []string) (collected, error) {
	var c collected
	if err := par.All(ctx,
		func(ctx context.Context) (err error) { c.targets, err = r.read(ctx, paths); return err },
		func(ctx context.Context) (err error) {
			c.unseen, err = r.query(ctx, r.expected(guessedProjects(paths)))
			return err
		},
	); err != nil {
		return collected{}, err
	}
	r.Record(ledger.Collected{Files: describeAll(c.targets)})
	c.pyproject = r.readPyproject(paths)
	c.classifiers = r.queryClassifiers(ctx, c.targets)
	// The metadata may name another project than the file name does. A rule says so, and the index is asked about it as well.
	unseen, err := r.query(ctx, r.expected(projectsOf(c.targets)))
	c.unseen = append(c.unseen, unseen...)
	if err != nil {
		return c, err
	}
	err = par.All(ctx,
		func(ctx context.Context) error { return r.listings.learnAll(ctx, c.targets) },
		func(ctx context.Context) (err error) { c.previous, err = r.readPrevious(ctx, c.targets); return err },
	)
	return c, err
}

// mostRead is how many files are read at once at most, since each takes some megabytes of memory.
const mostRead = 8

// read reads the files at these paths, each once.
func (r *run) read(ctx context.Context, paths []string) ([]*target, error) {
	targets := make([]*target, 0, len(paths))
	for _, path := range paths {
		targets = append(targets, &target{displayPath: r.displayPath(path), Distribution: &distfile.Distribution{Path: path}})
	}
	reader := distfile.NewReader()
	err := par.Each(ctx, min(runtime.GOMAXPROCS(0), mostRead), targets, func(ctx context.Context, t *target) (err error) {
		if t.Distribution, err = reader.Read(ctx, t.Path); err != nil {
			return inFile(withChange(err, "the file was changed while it was read"), t)
		}
		if release, err := t.Release(); err == nil { // else preflight says what is missing
			t.release = release
		}
		return nil
	})
	r.oneRelease = len(targets) > 0 && !slices.ContainsFunc(targets, func(t *target) bool { return t.release != targets[0].release })
	return targets, finding.Explain(err, finding.Unreadable,
		"check that the file is complete and readable, and that nothing changes it during the run")
}

// inFile returns a finding as one about the target; other errors name its path.
func inFile(err error, t *target) error {
	var f finding.Finding
	if errors.As(err, &f) {
		return f.In(t.displayPath)
	}
	return err
}

// query asks the index what it lists of the projects. What it cannot answer is unknown, never "absent": a warning, or one of unseen.
func (r *run) query(ctx context.Context, projects []pep.Project) (unseen []error, err error) {
	failed, err := r.listings.query(ctx, projects)
	for _, failure := range failed {
		if f := queryFailure(r.Index.Site(), r.SkipExisting, failure.project, failure.err); f.Severity == finding.Error {
			unseen = append(unseen, f)
		} else {
			r.record(f)
		}
	}
	return unseen, err
}

// queryClassifiers asks the index for its own list of classifiers if a file has one that this program's table does not know: the
// index may have learned it since. Without an answer it stays unknown, which is a warning.
func (r *run) queryClassifiers(ctx context.Context, targets []*target) []string {
	unknown := func(classifier string) bool {
		status, _ := trove.Lookup(classifier)
		return status == trove.Unknown
	}
	if !slices.ContainsFunc(targets, func(t *target) bool { return slices.ContainsFunc(t.Sent("Classifier"), unknown) }) {
		return nil
	}
	list, err := r.Index.Classifiers(ctx)
	if err != nil {
		return nil
	}
	return list
}

// readPyproject reads the pyproject.toml beside the folder of the distributions, if all are in one. It is there for comparison
// alone: one that cannot be read hinders nothing.
func (r *run) readPyproject(paths []string) *pyproject.Project {
	var folders []string
	for _, path := range paths {
		folders = append(folders, filepath.Dir(path))
	}
	if folders = distinct(folders); len(folders) != 1 {
		return nil
	}
	p, found, err := pyproject.Read(filepath.Join(filepath.Dir(folders[0]), "pyproject.toml"))
	for _, f := range finding.Of(err) {
		f.File = r.displayPath(f.File)
		r.record(f)
	}
	if !found {
		return nil
	}
	p.Path = r.displayPath(p.Path)
	return &p
}

// expected returns those of the projects that the user expects. A file of another one is an error, whatever the index has.
func (r *run) expected(projects []pep.Project) []pep.Project {
	if len(r.ExpectedProjects) == 0 {
		return projects
	}
	return slices.DeleteFunc(projects, func(p pep.Project) bool { return !slices.Contains(r.ExpectedProjects, p) })
}

// mostGuessed is how many projects the index is asked about before the metadata of their files is read.
const mostGuessed = 8

// guessedProjects returns the projects in file names, to be asked about while the files are read; none if there are many, because a name
// may be bogus. A name without a project is reported by a rule later.
func guessedProjects(paths []string) []pep.Project {
	projects := projectsOfFiles(paths)
	if len(projects) > mostGuessed {
		return nil
	}
	return projects
}

// projectsOfFiles returns the projects in file names.
func projectsOfFiles(paths []string) []pep.Project {
	var projects []pep.Project
	for _, path := range paths {
		if release, err := pep.ReleaseOfFile(filepath.Base(path)); err == nil {
			projects = append(projects, release.Project)
		}
	}
	return distinct(projects)
}

// attestationFilesOf finds the attestations that stand beside distributions, however those were found, by the distribution's path.
func attestationFilesOf(distributions []string) map[string][]string {
	beside, folders := map[string][]string{}, map[string]func(name string) bool{}
	for _, path := range distributions {
		folder := filepath.Dir(path)
		if folders[folder] == nil {
			folders[folder] = mayHave(folder)
		}
		for _, suffix := range attestationSuffixes() {
			if !folders[folder](filepath.Base(path) + suffix) {
				continue // most files have none, and a folder is read sooner than it is asked for each
			}
			if info, err := os.Stat(path + suffix); err == nil && info.Mode().IsRegular() {
				beside[path] = append(beside[path], path+suffix)
			}
		}
	}
	return beside
}

// mayHave returns a function that reports whether a name is in a folder. If the folder cannot be read, any may be.
func mayHave(folder string) func(name string) bool {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return func(string) bool { return true }
	}
	names := map[string]bool{}
	for _, entry := range entries {
		names[entry.Name()] = true
	}
	return func(name string) bool { return names[name] }
}

// ownerOf returns the path of the distribution that an attestation file belongs to, by its name.
func ownerOf(path string) string {
	for _, suffix := range attestationSuffixes() {
		if owner, ok := strings.CutSuffix(path, suffix); ok {
			return owner
		}
	}
	return path
}

// checkAttestationsDir reports an error if the folder for attestations is one of the distributions', or inside of one, also through a
// symbolic link: other tools would take them for distributions there. If the distributions stand in the workspace itself, all else is
// inside of it.
func (r *run) checkAttestationsDir(distributions []string) error {
	if r.AttestationsDir == "" {
		return nil
	}
	dir := resolved(r.AttestationsDir)
	above := foldersAbove(r.AttestationsDir)
	for _, path := range distributions {
		folder := resolved(filepath.Dir(path))
		top := folder == resolved(".") || folder == resolved(r.Workspace)
		inside := strings.HasPrefix(dir, folder+string(filepath.Separator)) || slices.Contains(above, folder)
		if dir == folder || inside && !top {
			return finding.New(finding.AttestationsDir,
				fmt.Sprintf(
					"attestations-dir is %s, where the distributions are: other tools would mistake the attestations for distributions",
					r.AttestationsDir,
				),
				"set `attestations-dir` to a separate folder, such as `attestations`")
		}
	}
	return nil
}

// foldersAbove returns the folders that lead to a path as it is written, each with its symbolic links resolved.
func foldersAbove(path string) (all []string) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	for folder := filepath.Dir(absolute); ; folder = filepath.Dir(folder) {
		all = append(all, resolved(folder))
		if folder == filepath.Dir(folder) {
			return all
		}
	}
}

// resolved returns path absolute and with symbolic links resolved, as far as it exists; an empty one stays so.
func resolved(path string) string {
	if path == "" {
		return ""
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	if target, err := filepath.EvalSymlinks(absolute); err == nil {
		return target
	}
	// What is not there yet stands in a folder that may be.
	folder := filepath.Dir(absolute)
	if folder == absolute {
		return absolute
	}
	return filepath.Join(resolved(folder), filepath.Base(absolute))
}

// pathErrors gives the errors of paths that the user named a next step.
func (r *run) pathErrors(err error) error {
	var all []error
	for _, f := range finding.Of(finding.Explain(err, finding.PackagesDir,
		"set `packages-dir` to where the build put its files, and check that the artifact was downloaded there")) {
		if inside, ok := r.insidePath(f.File); ok && (f.ID == finding.PathMissing || f.ID == finding.GlobUnmatched) {
			f.Message = f.File + " is a path of the runner, which the container of this action does not have"
			f.Fix = "write `" + inside + "` in its place: of a value with several lines, the runner translates only the beginning"
		}
		all = append(all, f)
	}
	return errors.Join(all...)
}

// insidePath returns how a path of the runner is written inside of its container: relative if it is in the workspace. ok is false if it is
// no such path.
func (r *run) insidePath(path string) (inside string, ok bool) {
	const temporary, mounted = "_temp", "/github/runner_temp" // docs/reference/runner.md §1
	if r.RunnerFolder == "" || !filepath.IsAbs(path) {
		return "", false
	}
	relative, err := filepath.Rel(filepath.Dir(r.RunnerFolder), path)
	if err != nil {
		return "", false
	}
	parts := strings.Split(filepath.ToSlash(relative), "/")
	switch name := filepath.Base(r.RunnerFolder); {
	case parts[0] == temporary:
		return strings.Join(append([]string{mounted}, parts[1:]...), "/"), true
	case len(parts) == 2 && parts[0] == name:
		return ".", true
	case len(parts) > 2 && parts[0] == name:
		return strings.Join(parts[2:], "/"), true
	}
	return "", false
}

// noteLeftAlone records which files are ignored: those that are no distributions, and attestations that stand beside none. What builds and
// signing tools leave behind is not worth a word.
func (r *run) noteLeftAlone(others, attestations []string, beside map[string][]string) {
	stray := slices.DeleteFunc(slices.Clone(attestations), func(path string) bool { return slices.Contains(beside[ownerOf(path)], path) })
	if alone := slices.DeleteFunc(append(slices.Clone(others), stray...), isUsual); len(alone) > 0 {
		r.record(leftAlone(alone))
	}
}

// isUsual reports whether a file is one that builds and signing tools leave beside distributions: every build of uv leaves .gitignore.
func isUsual(path string) bool {
	return slices.ContainsFunc([]string{".*", "SHA*SUMS*", "*.asc", "*.sig", "*.sigstore*"}, func(pattern string) bool {
		matches, err := filepath.Match(pattern, filepath.Base(path))
		return err == nil && matches
	})
}

// leftAlone returns the notice about ignored files, which are not distributions.
func leftAlone(paths []string) finding.Finding {
	names := make([]string, 0, len(paths))
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return finding.New(finding.LeftAlone, "ignored, not distributions: "+listSome(names), "")
}
