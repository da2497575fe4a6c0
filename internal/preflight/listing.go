package preflight

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// The rules in this file need the listings of the index. They apply only to files that are missing there: a file that it
// already has is not sent again, so a closed or archived project does not matter for it.

// absent returns the files of the set that the index does not list under their names, grouped by key; keys has the groups
// in the order of the set.
func absent[K comparable](s Set, key func(pep.Release) K) (keys []K, files map[K][]*distfile.Distribution) {
	files = map[K][]*distfile.Distribution{}
	for _, d := range s.Files {
		release, err := d.Release()
		_, looked := s.Listings[release.Project]
		if err != nil || !looked || s.catalogOf(release.Project).names[d.Name] {
			continue
		}
		k := key(release)
		if files[k] == nil {
			keys = append(keys, k)
		}
		files[k] = append(files[k], d)
	}
	return keys, files
}

func byProject(r pep.Release) pep.Project { return r.Project }
func byRelease(r pep.Release) pep.Release { return r }

// Lists reports whether the index lists a file of this name.
func Lists(l pep.Listing, name string) bool {
	for _, h := range l.Files {
		if h.Name == name {
			return true
		}
	}
	return false
}

// about returns one finding about several files. If there is only one file, the finding names it.
func about(files []*distfile.Distribution, severity finding.Severity, message, fix string) finding.Finding {
	f := finding.Finding{Severity: severity, Message: message, Fix: fix}
	if len(files) == 1 {
		f.File = files[0].Path
	}
	return f
}

// projectArchived reports archived projects. The index words this as a missing permission.
func projectArchived(s Set) []finding.Finding {
	return inStatus(s, "archived", finding.Error, "unarchive the project in its settings, and run again")
}

// projectQuarantined reports quarantined projects. A person's token can still upload if the person owns the project; a
// Trusted Publisher cannot.
func projectQuarantined(s Set) []finding.Finding {
	severity := finding.Error
	if s.UserToken {
		severity = finding.Warning
	}
	return inStatus(s, "quarantined", severity,
		"ask the administrators of the index for the reason, and run again after they have lifted it")
}

func inStatus(s Set, status string, severity finding.Severity, fix string) (found []finding.Finding) {
	projects, files := absent(s, byProject)
	for _, project := range projects {
		if s.Listings[project].Status == status {
			found = append(found, about(files[project], severity,
				fmt.Sprintf("The given token isn't allowed to upload to project %s: the project is %s.",
					quote(string(project)), status), fix))
		}
	}
	return found
}

// A release accepts new files for releaseOpen. In the last nearlyOver of that time there is already a warning, because
// the upload comes later than the query.
const (
	releaseOpen = 14 * 24 * time.Hour
	nearlyOver  = 2 * time.Hour
)

// releaseClosed reports releases that accept no new files. A release is at least as old as the oldest of its files.
func releaseClosed(s Set) (found []finding.Finding) {
	releases, files := absent(s, byRelease)
	for _, release := range releases {
		began, version := s.catalogOf(release.Project).release(release.Version).first, files[release][0].Header("Version")
		age := s.Now.Sub(began)
		if began.IsZero() || age <= releaseOpen-nearlyOver {
			continue
		}
		f := about(files[release], finding.Error, "Uploading new files to releases older than 14 days is not allowed.",
			fmt.Sprintf("release %s of %s began on %s: raise the version", version, release.Project, began.UTC().Format(time.DateOnly)))
		if age <= releaseOpen {
			f.Severity = finding.Warning
			f.Message = fmt.Sprintf("release %s of %s accepts new files only until %s", version, release.Project,
				began.Add(releaseOpen).UTC().Format("2006-01-02 15:04 UTC"))
			f.Fix = "finish the upload before then, or raise the version"
		}
		found = append(found, f)
	}
	return found
}

// releaseYanked reports releases whose files are all yanked. PyPI yanks a release, so that a file which is added is yanked as well; another
// index may yank single files.
func releaseYanked(s Set) (found []finding.Finding) {
	releases, files := absent(s, byRelease)
	for _, release := range releases {
		if listed := s.catalogOf(release.Project).release(release.Version); listed.files == 0 || listed.yanked < listed.files {
			continue
		}
		found = append(found, about(files[release], finding.Notice,
			fmt.Sprintf("release %s of %s is yanked: installers leave it out, and so they do with files that are added to it",
				files[release][0].Header("Version"), release.Project),
			"if it should be installed again, un-yank it on the index; otherwise raise the version"))
	}
	return found
}

// deletedName reports files that the file host stores although the project page does not list them, as after a deletion.
// It is a hint, because the page may be out of date.
func deletedName(s Set) (found []finding.Finding) {
	_, files := absent(s, byProject)
	for _, d := range s.Files {
		release, err := d.Release()
		if err != nil || !s.Stored[d.Path] || !slices.Contains(files[release.Project], d) {
			continue
		}
		f := refusal(d, "This filename was previously used by a file that has since been deleted. Use a different version.",
			"raise the version, unless the file was uploaded moments ago: the index still stores this file, but its page does not list it")
		found = append(found, f)
	}
	return found
}

// firstRelease reports a new project, because a typing error in a name creates a project too.
func firstRelease(s Set) []finding.Finding {
	unknown, files := newProjects(s)
	if len(unknown) == 0 || len(unknown) > 1 && !s.UserToken {
		return nil // several-new-projects reports more than one
	}
	fix := "check the spelling of the name"
	if !s.UserToken {
		fix += "; Trusted Publishing requires a pending publisher for exactly this name"
	}
	return []finding.Finding{about(files, finding.Notice,
		"the index does not know "+strings.Join(pep.Names(unknown), ", ")+" yet: the first upload creates the project",
		fix)}
}

// severalNewProjects reports several new projects, because the index takes one pending publisher with the same values, and one mint creates
// one project. It is certain only if the index was asked past its caches: their answer may be a minute old.
func severalNewProjects(s Set) []finding.Finding {
	unknown, files := newProjects(s)
	if len(unknown) < 2 || s.UserToken {
		return nil
	}
	severity := finding.Warning
	if sure := slices.DeleteFunc(slices.Clone(unknown), func(p pep.Project) bool { return !s.Absent[p] }); len(sure) > 1 {
		severity, unknown = finding.Error, sure
	}
	return []finding.Finding{
		about(files, severity,
			fmt.Sprintf("the index has none of %s, and one token request creates at most one project",
				strings.Join(pep.Names(unknown), ", ")),
			"give each new project a job with an `environment` of its own, and a pending publisher for that environment; "+
				"or, with one environment: add a pending publisher for one of them, "+
				"run the job with that project alone in `packages-dir`, then go on with the next"),
	}
}

// newProjects returns the projects that the index does not know, and their files.
func newProjects(s Set) (unknown []pep.Project, all []*distfile.Distribution) {
	projects, files := absent(s, byProject)
	for _, project := range projects {
		if !s.Listings[project].Exists {
			unknown = append(unknown, project)
			all = append(all, files[project]...)
		}
	}
	return unknown, all
}
