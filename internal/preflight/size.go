package preflight

import (
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// defaultFileLimit is PyPI's limit, in bytes, for files of projects without a higher limit;
// docs/reference/pypi-server.md §1.6.
const defaultFileLimit = 100 << 20

// fileSize reports files above the default limit. Only the index knows whether a project has a higher one; a file of that size which it
// lists for the project shows that it has.
func fileSize(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		release, _ := d.Release()
		if d.Size <= defaultFileLimit || d.Size <= largestListed(s.Listings[release.Project]) {
			continue
		}
		project := d.Header("Name")
		found = append(found, refusal(d, fmt.Sprintf("File too large. Limit for project %s is 100 MB.", quote(project)),
			fmt.Sprintf(
				"the file has %d bytes; request a higher limit for %s before the release, unless the index has raised it already", d.Size,
				project,
			)))
	}
	return found
}

// largestListed returns the size of the largest file that an index lists.
func largestListed(l pep.Listing) (size int64) {
	for _, f := range l.Files {
		size = max(size, f.Size)
	}
	return size
}

// defaultProjectLimit is PyPI's limit for all files of a project, in bytes; docs/reference/pypi-server.md §1.6.
const defaultProjectLimit = 10 << 30

// projectSize reports projects that would exceed the limit: it adds the files that the index lists and those to upload. A project that
// exceeds it already has a higher one.
func projectSize(s Set) (found []finding.Finding) {
	projects, missing := absent(s, byProject)
	for _, project := range projects {
		var total int64
		for _, listed := range s.Listings[project].Files {
			total += listed.Size
		}
		if total > defaultProjectLimit {
			continue
		}
		for _, d := range missing[project] {
			total += d.Size
		}
		if total <= defaultProjectLimit {
			continue
		}
		found = append(found, about(missing[project], finding.Warning,
			fmt.Sprintf("Project size too large. Limit for project %s total size is 10 GB.", quote(string(project))),
			fmt.Sprintf("with these files the project has %d bytes; request a higher limit or delete old releases, "+
				"unless the index has raised it already",
				total)))
	}
	return found
}
