package preflight

import (
	"fmt"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
)

// defaultFileLimit is PyPI's limit, in bytes, for files of projects without a higher limit;
// docs/reference/pypi-server.md §1.6.
const defaultFileLimit = 100 << 20

// fileSize reports files above the default limit. Only the index knows whether a project has a higher one.
func fileSize(d *distfile.Distribution) (message, fix string) {
	if d.Size <= defaultFileLimit {
		return "", ""
	}
	project := d.Header("Name")
	return fmt.Sprintf("File too large. Limit for project %s is 100 MB.", quote(project)),
		fmt.Sprintf(
			"the file has %d bytes; request a higher limit for %s before the release, unless the index has raised it already", d.Size,
			project,
		)
}

// defaultProjectLimit is PyPI's limit for all files of a project, in bytes; docs/reference/pypi-server.md §1.6.
const defaultProjectLimit = 10 << 30

// projectSize reports projects that would exceed the limit: it adds the files that the index lists and those to upload.
func projectSize(s Set) (found []finding.Finding) {
	projects, missing := absent(s, byProject)
	for _, project := range projects {
		var total int64
		for _, listed := range s.Listings[project].Files {
			total += listed.Size
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
