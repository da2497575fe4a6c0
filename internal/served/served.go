// Package served compares distributions, or a whole release, with what an index serves: the digests on its page, and who published each
// file by its provenance (PEP 740). It is the read-back of a run for everybody: for a later job, and for those who use a package.
package served

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/org/pypi-oidc-publish/internal/attest"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/par"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Options say what is compared.
type Options struct {
	Paths      []string    // files, folders and patterns, as for publishing; empty: Release
	Release    pep.Release // every file that the index lists of it, without files of our own; used if Paths is empty
	Repository string      // "owner/name" on GitHub whose workflows must have published every file; empty: anyone
	Parallel   int         // requests at the same time; less than one: one
}

// Verifier verifies the provenance of a file. It is implemented by [attest.Signer].
type Verifier interface {
	Served(ctx context.Context, d *distfile.Distribution, provenance []byte, repository string) ([]attest.Attestation, error)
	ServedByAnyone(ctx context.Context, d *distfile.Distribution, provenance []byte) ([]attest.Attestation, error)
}

// Match says whether the index serves the bytes of a file.
type Match string

// The matches. They are part of the JSON format.
const (
	Same      Match = "same"      // a digest of the file's bytes is on the page
	Different Match = "different" // the page has this name with another digest or size
	Missing   Match = "missing"   // the page does not have this name
	Unknown   Match = "unknown"   // the page gives no digest, so nothing was compared
	Listed    Match = "listed"    // a release is compared: there are no bytes of our own
)

// File is what was found out about one file.
type File struct {
	Path         string // empty if a release is compared
	Name         string
	Match        Match
	Digest       string // SHA-256 in hex: of the file at Path, or else as the index lists it; empty if the index does not
	Yanked       bool
	Uploaded     time.Time            // zero if the index does not say
	Attestations []attest.Attestation // verified
	Findings     []finding.Finding
}

// Result is what was found out about a set of files.
type Result struct {
	Files    []File
	Findings []finding.Finding // about the whole set
}

// All returns all findings, those about the whole set last.
func (r Result) All() (all []finding.Finding) {
	for _, f := range r.Files {
		all = append(all, f.Findings...)
	}
	return append(all, r.Findings...)
}

// comparison is one call of Compare.
type comparison struct {
	Options
	index    *index.Client
	verifier Verifier
}

// Compare compares the files, or the release, with what the index serves. What differs is a finding in the result; an error means that
// there is no result: the files cannot be read, or the index or Sigstore's trust root does not answer.
func Compare(ctx context.Context, o Options, ix *index.Client, v Verifier) (Result, error) {
	c := comparison{o, ix, v}
	c.Parallel = max(c.Parallel, 1)
	if len(o.Paths) == 0 {
		return c.release(ctx)
	}
	return c.files(ctx)
}

// files compares the files at the paths.
func (c comparison) files(ctx context.Context) (Result, error) {
	ours, err := c.read(ctx)
	if err != nil {
		return Result{}, err
	}
	releases := make([]pep.Release, len(ours))
	for i, d := range ours {
		if releases[i], err = releaseOf(d); err != nil {
			const fix = "compare files that have the name of a wheel or an sdist"
			return Result{}, finding.New(finding.NoRelease, err.Error(), fix).In(d.Path)
		}
	}
	pages, err := c.pages(ctx, releases)
	if err != nil {
		return Result{}, err
	}
	files := make([]File, len(ours))
	err = par.Each(ctx, c.Parallel, indices(ours), func(ctx context.Context, i int) (err error) {
		files[i], err = c.file(ctx, ours[i], pages[releases[i].Project])
		return err
	})
	return Result{files, c.onlyOnIndex(ours, releases, pages)}, err
}

// release compares every file that the index lists of the release.
func (c comparison) release(ctx context.Context) (Result, error) {
	pages, err := c.pages(ctx, []pep.Release{c.Release})
	if err != nil {
		return Result{}, err
	}
	page := pages[c.Release.Project]
	all := slices.DeleteFunc(slices.Clone(page.Files), func(f pep.IndexFile) bool { return !belongsTo(f.Name, c.Release) })
	if len(all) == 0 {
		return Result{Findings: []finding.Finding{finding.New(finding.VerifyMissing,
			fmt.Sprintf("%s lists no file of %s %s%s", c.index.Site().Name(), c.Release.Project, c.Release.Version, state(page)),
			"check the name, the version and the index; a release may take a minute to appear")}}, nil
	}
	files := make([]File, len(all))
	err = par.Each(ctx, c.Parallel, indices(all), func(ctx context.Context, i int) (err error) {
		files[i], err = c.listed(ctx, all[i])
		return err
	})
	return Result{Files: files}, err
}

// read reads the distributions at the paths, in their order.
func (c comparison) read(ctx context.Context) ([]*distfile.Distribution, error) {
	found, err := distfile.Find(c.Paths)
	if err != nil {
		return nil, finding.Explain(err, finding.PackagesDir, "name the files, or the folder that has them")
	}
	reader := distfile.NewReader()
	all := make([]*distfile.Distribution, len(found.Distributions))
	err = par.Each(ctx, runtime.GOMAXPROCS(0), indices(all), func(ctx context.Context, i int) (err error) {
		all[i], err = reader.Read(ctx, found.Distributions[i])
		return err
	})
	return all, finding.Explain(err, finding.Unreadable, "check that the file is complete and readable, and that nothing changes it")
}

// pages queries the pages of the projects.
func (c comparison) pages(ctx context.Context, releases []pep.Release) (map[pep.Project]pep.Listing, error) {
	var projects []pep.Project
	for _, r := range releases {
		projects = append(projects, r.Project)
	}
	slices.Sort(projects)
	projects = slices.Compact(projects)
	answers := make([]pep.Listing, len(projects))
	if err := par.Each(ctx, c.Parallel, indices(projects), func(ctx context.Context, i int) (err error) {
		answers[i], err = c.index.ListFiles(ctx, projects[i])
		return err
	}); err != nil {
		return nil, finding.Explain(err, finding.LookFailed, "check -index and the network; if the index has an outage, try again later")
	}
	pages := map[pep.Project]pep.Listing{}
	for i, project := range projects {
		pages[project] = answers[i]
	}
	return pages, nil
}

// file compares one file with the page of its project. It is an error only if its provenance cannot be verified now.
func (c comparison) file(ctx context.Context, d *distfile.Distribution, page pep.Listing) (File, error) {
	site := c.index.Site().Name()
	f := File{Path: d.Path, Name: d.Name, Digest: hex.EncodeToString(d.Digests.SHA256[:])}
	listed, match, theirs := compare(d, page)
	f.Match, f.Yanked, f.Uploaded = match, listed.Yanked, listed.Uploaded
	switch match {
	case Missing:
		f.add(finding.VerifyMissing, fmt.Sprintf("%s does not list %s%s", site, d.Name, state(page)),
			"check the index; a file that was just published may take a minute to appear")
	case Different:
		f.add(finding.VerifyDifferent,
			fmt.Sprintf(
				"%s serves something else under the name %s: %s; this file has SHA-256 %s, %d bytes",
				site, d.Name, theirs, f.Digest, d.Size,
			),
			"find out where this file comes from before you use it: a second build has other bytes, and so has a changed file")
	case Unknown:
		f.add(finding.VerifyUnknown, fmt.Sprintf("%s lists %s without a digest, so its bytes were not compared", site, d.Name),
			"compare with an index whose page gives digests, or download the file and compare it yourself")
	case Same:
		err := c.complete(ctx, &f, d, listed)
		return f, err
	}
	return f, nil
}

// listed looks at one file that the index lists, without a file of our own.
func (c comparison) listed(ctx context.Context, listed pep.IndexFile) (File, error) {
	f := File{Name: listed.Name, Match: Listed, Digest: listed.SHA256, Yanked: listed.Yanked, Uploaded: listed.Uploaded}
	d := &distfile.Distribution{Name: listed.Name, Size: listed.Size}
	if n, err := hex.Decode(d.Digests.SHA256[:], []byte(listed.SHA256)); err != nil || n != len(d.Digests.SHA256) {
		f.Match = Unknown
		f.add(finding.VerifyUnknown, fmt.Sprintf("%s lists %s without a SHA-256 digest", c.index.Site().Name(), listed.Name),
			"compare with an index whose page gives SHA-256 digests")
		return f, nil
	}
	err := c.complete(ctx, &f, d, listed)
	return f, err
}

// complete adds whether the file is yanked, and who published it.
func (c comparison) complete(ctx context.Context, f *File, d *distfile.Distribution, listed pep.IndexFile) error {
	site := c.index.Site().Name()
	if listed.Yanked {
		f.add(finding.VerifyYanked, fmt.Sprintf("%s is yanked on %s: installers take it only for an exact version", d.Name, site),
			"use another release, unless you need exactly this one")
	}
	provenance, err := c.index.Provenance(ctx, listed)
	switch {
	case errors.Is(err, index.ErrNoProvenance):
		notice := finding.New(
			finding.VerifyNoProvenance, fmt.Sprintf("%s serves no provenance for %s, so who published it is unknown", site, d.Name), "",
		)
		if c.Repository != "" {
			notice.Severity = finding.Error
			notice.Fix = "publish with attestations, or verify without -repository"
		}
		f.Findings = append(f.Findings, notice.In(cmp.Or(f.Path, f.Name)))
		return nil
	case err != nil:
		return finding.Explain(err, finding.LookFailed, "check -index and the network; if the index has an outage, try again later")
	}
	if c.Repository == "" {
		f.Attestations, err = c.verifier.ServedByAnyone(ctx, d, provenance)
	} else {
		f.Attestations, err = c.verifier.Served(ctx, d, provenance, c.Repository)
	}
	var unverified *attest.Unverified
	switch {
	case errors.As(err, &unverified):
		f.add(finding.VerifyProvenance, fmt.Sprintf("the provenance of %s does not verify: %v", d.Name, unverified.Reason),
			"do not use the file until the cause is known; check the repository that you named, and where the project has moved from")
	case err != nil:
		return err
	case len(f.Attestations) == 0:
		f.add(finding.VerifyProvenance, fmt.Sprintf("the provenance that %s serves for %s has no attestation", site, d.Name),
			"report it to the operators of the index")
	}
	return nil
}

// onlyOnIndex returns a notice about files that the index lists of the same releases, and that were not among the files.
func (c comparison) onlyOnIndex(
	ours []*distfile.Distribution, releases []pep.Release, pages map[pep.Project]pep.Listing,
) []finding.Finding {
	var names []string
	for _, page := range pages {
		for _, listed := range page.Files {
			have := slices.ContainsFunc(ours, func(d *distfile.Distribution) bool { return d.Name == listed.Name })
			if !have && slices.ContainsFunc(releases, func(r pep.Release) bool { return belongsTo(listed.Name, r) }) {
				names = append(names, listed.Name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return []finding.Finding{finding.New(finding.VerifyMore,
		fmt.Sprintf("%s also has files that were not compared: %s", c.index.Site().Name(), phrase.Some(slices.Compact(names), 10)), "")}
}

// compare looks up a distribution on the page. theirs describes what the page has under its name if that differs. If the page has the name
// several times, any entry that differs counts.
func compare(d *distfile.Distribution, page pep.Listing) (listed pep.IndexFile, match Match, theirs string) {
	match = Missing
	for _, entry := range page.Files {
		if entry.Name != d.Name {
			continue
		}
		their, our := d.DigestsIn(entry)
		switch {
		case their != our, their != "" && entry.Size != 0 && entry.Size != d.Size:
			return entry, Different, fmt.Sprintf("%s, %d bytes", their, entry.Size)
		case their != "":
			listed, match = entry, Same
		case match == Missing:
			listed, match = entry, Unknown
		}
	}
	return listed, match, ""
}

// releaseOf returns the release of a file: by its metadata, or by its name if that says nothing.
func releaseOf(d *distfile.Distribution) (pep.Release, error) {
	if r, err := d.Release(); err == nil {
		return r, nil
	}
	return pep.ReleaseOfFile(filepath.Base(d.Path))
}

// belongsTo reports whether a file name is of the release.
func belongsTo(name string, release pep.Release) bool {
	r, err := pep.ReleaseOfFile(name)
	return err == nil && r == release
}

// state returns what a page says about its project if that explains why files are missing.
func state(page pep.Listing) string {
	switch {
	case !page.Exists:
		return ": it has no such project"
	case page.Status != "" && page.Status != "active":
		return ": the project is " + page.Status
	}
	return ""
}

// add adds a finding about the file.
func (f *File) add(id finding.ID, message, fix string) {
	f.Findings = append(f.Findings, finding.New(id, message, fix).In(cmp.Or(f.Path, f.Name)))
}

func indices[T any](all []T) []int {
	list := make([]int, len(all))
	for i := range list {
		list[i] = i
	}
	return list
}
