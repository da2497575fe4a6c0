package publish

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

// nestedDistributions returns one finding for each folder that was given and below which distributions would be left out. It is an error:
// artifacts are often downloaded each into a folder of its own. Below the workspace, which holds folders of all kinds, it is a notice.
// shown spells paths for people.
func nestedDistributions(nested []distfile.Nested, workspace string, display func(string) string) []finding.Finding {
	var found []finding.Finding
	for len(nested) > 0 {
		given := nested[0].Folder
		n := slices.IndexFunc(nested, func(d distfile.Nested) bool { return d.Folder != given })
		if n < 0 {
			n = len(nested)
		}
		f := finding.New(finding.NestedDistributions,
			fmt.Sprintf("folders below %s have distributions that would be left out: %s", display(given), byFolder(nested[:n], display)),
			waysToTake(display(given), nested[:n])).In(display(given))
		if holds(given, workspace) {
			f.Severity, f.File, f.Fix = finding.Notice, "", "no action needed; to publish them too, name their folders in `packages-dir`"
			f.Message = fmt.Sprintf("folders below %s have distributions that are left out: %s", display(given),
				byFolder(nested[:n], display))
		}
		found, nested = append(found, f), nested[n:]
	}
	return found
}

// byFolder lists the folders of files, each with its first file and how many more there are.
func byFolder(nested []distfile.Nested, display func(string) string) string {
	var folders []string
	names := map[string][]string{}
	for _, n := range nested {
		folder := display(filepath.Dir(n.Path))
		if names[folder] == nil {
			folders = append(folders, folder)
		}
		names[folder] = append(names[folder], filepath.Base(n.Path))
	}
	for i, folder := range folders {
		folders[i] = fmt.Sprintf("%s (%s)", folder, phrase.Some(names[folder], 1))
	}
	return listSome(folders)
}

// waysToTake says how to publish the files below a folder, and how to leave them out.
func waysToTake(given string, nested []distfile.Nested) string {
	var depths []int
	for _, n := range nested {
		depths = append(depths, depthBelow(n))
	}
	var globs []string
	for _, depth := range distinct(depths) {
		globs = append(globs, "`"+filepath.Join(given, strings.Repeat("*/", depth))+"/`")
	}
	return fmt.Sprintf(
		"download artifacts with `merge-multiple: true` (actions/download-artifact), or add %s to `packages-dir`; to leave them out, "+
			"name the files that you mean, such as `%s`", strings.Join(globs, " and "), filepath.Join(given, "*.whl"))
}

// depthBelow returns how many folders a file lies below the given one.
func depthBelow(n distfile.Nested) int {
	relative, err := filepath.Rel(n.Folder, n.Path)
	if err != nil {
		return 1
	}
	return strings.Count(relative, string(filepath.Separator))
}

// holds reports whether a folder is the other one, or is around it.
func holds(folder, other string) bool {
	relative, err := filepath.Rel(resolved(folder), resolved(other))
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// withNested adds to the error of finding files what is to be said of distributions that it left out. Where those are an error, it
// replaces the one that there are none. Notices are noted where nothing else is wrong.
func (r *run) withNested(files distfile.FindResult, err error) error {
	found := nestedDistributions(files.Nested, r.WorkingTree, r.displayPath)
	if finding.Worst(found) == finding.Error && noneFound(err) {
		err = nil
	}
	all := []error{err}
	for _, f := range found {
		if err == nil && f.Severity < finding.Error {
			r.record(f)
			continue
		}
		all = append(all, f)
	}
	return errors.Join(all...)
}

// noneFound reports whether the only thing wrong is that no distribution was found.
func noneFound(err error) bool {
	var none distfile.NoneFoundError
	return errors.As(err, &none)
}
