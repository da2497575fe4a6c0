package preflight

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/dist"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// This file has the rules that need a look at the index. They are about files that are missing there: what it has already is
// not sent again, so a closed or archived project is no hindrance to it.

// absent are the files of the set that the index was seen not to have under their names, by what key they have in common.
func absent[K comparable](s Set, key func(pep.Release) K) (keys []K, files map[K][]*dist.Distribution) {
	files = map[K][]*dist.Distribution{}
	for _, d := range s.Files {
		release, err := d.Release()
		listing, looked := s.Held[release.Project]
		if err != nil || !looked || Holds(listing, d.Name) {
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

// Holds tells whether the index has a file of this name.
func Holds(l pep.Listing, name string) bool {
	for _, h := range l.Files {
		if h.Name == name {
			return true
		}
	}
	return false
}

// about makes one finding of what concerns several files. It stands at the file where there is only one.
func about(files []*dist.Distribution, severity finding.Severity, message, fix string) finding.Finding {
	f := finding.Finding{Severity: severity, Message: message, Fix: fix}
	if len(files) == 1 {
		f.File = files[0].Path
	}
	return f
}

// projectArchived: the index words it as a lack of rights.
func projectArchived(s Set) []finding.Finding {
	return inStatus(s, "archived", finding.Error, "un-archive the project in its settings, and run again")
}

// projectQuarantined: a person's token may still upload where the person owns the project, a Trusted Publisher never.
func projectQuarantined(s Set) []finding.Finding {
	severity := finding.Error
	if s.UserToken {
		severity = finding.Warning
	}
	return inStatus(s, "quarantined", severity, "ask the administrators of the index why, and run again when it is lifted")
}

func inStatus(s Set, status string, severity finding.Severity, fix string) (found []finding.Finding) {
	projects, files := absent(s, byProject)
	for _, project := range projects {
		if s.Held[project].Status == status {
			found = append(found, about(files[project], severity,
				fmt.Sprintf("The given token isn't allowed to upload to project %s: the project is %s.", quote(string(project)), status), fix))
		}
	}
	return found
}

// A release takes new files for so long. What is nearly over is told as well: the upload comes later than the look.
const (
	releaseOpen = 14 * 24 * time.Hour
	nearlyOver  = 2 * time.Hour
)

// releaseClosed: the release is at least as old as the oldest of its files.
func releaseClosed(s Set) (found []finding.Finding) {
	releases, files := absent(s, byRelease)
	for _, release := range releases {
		began, version := firstUpload(s.Held[release.Project], release), files[release][0].Header("Version")
		age := s.Now.Sub(began)
		if began.IsZero() || age <= releaseOpen-nearlyOver {
			continue
		}
		f := about(files[release], finding.Error, "Uploading new files to releases older than 14 days is not allowed.",
			fmt.Sprintf("release %s of %s began on %s: raise the version", version, release.Project, began.UTC().Format(time.DateOnly)))
		if age <= releaseOpen {
			f.Severity = finding.Warning
			f.Message = fmt.Sprintf("release %s of %s takes new files until %s only", version, release.Project,
				began.Add(releaseOpen).UTC().Format("2006-01-02 15:04 UTC"))
			f.Fix = "see that the upload is done by then, or raise the version"
		}
		found = append(found, f)
	}
	return found
}

// firstUpload is when the oldest file of a release was uploaded; zero where the index has none, or does not say when.
func firstUpload(l pep.Listing, release pep.Release) (first time.Time) {
	for _, h := range l.Files {
		of, err := pep.ReleaseOfFile(h.Name)
		if err != nil || of.Version != release.Version || h.Uploaded.IsZero() {
			continue
		}
		if first.IsZero() || h.Uploaded.Before(first) {
			first = h.Uploaded
		}
	}
	return first
}

// deletedName: the file host keeps the bytes of a file that was deleted. It is a hint, since the page may be the older of two.
func deletedName(s Set) (found []finding.Finding) {
	_, files := absent(s, byProject)
	for _, d := range s.Files {
		release, err := d.Release()
		if err != nil || !s.Stored[d.Path] || !slices.Contains(files[release.Project], d) {
			continue
		}
		f := refusal(d, "This filename was previously used by a file that has since been deleted. Use a different version.",
			"the index's file host has this very file, and its page has not: raise the version, unless it was uploaded moments ago")
		found = append(found, f)
	}
	return found
}

// firstRelease is worth knowing because of a typing error in a name, which makes a project too.
func firstRelease(s Set) []finding.Finding {
	unknown, files := newProjects(s)
	if len(unknown) == 0 || len(unknown) > 1 && !s.UserToken {
		return nil // several are another rule's
	}
	return []finding.Finding{about(files, finding.Notice,
		"the index does not know "+strings.Join(unknown, ", ")+" yet: the first upload creates the project",
		"with Trusted Publishing this takes a pending publisher for exactly this name; see that the name is spelled as it is meant")}
}

// severalNewProjects is told beforehand: a pending publisher is for one project, which the mint creates.
func severalNewProjects(s Set) []finding.Finding {
	unknown, files := newProjects(s)
	if len(unknown) < 2 || s.UserToken {
		return nil
	}
	return []finding.Finding{about(files, finding.Warning,
		fmt.Sprintf("the index knows none of %s, and one mint creates at most one project", strings.Join(unknown, ", ")),
		"publish each new project the first time in a job of its own, with an `environment` of its own and a pending publisher for it")}
}

// newProjects are those that the index said it does not know, with their files.
func newProjects(s Set) (unknown []string, all []*dist.Distribution) {
	projects, files := absent(s, byProject)
	for _, project := range projects {
		if !s.Held[project].Exists {
			unknown = append(unknown, string(project))
			all = append(all, files[project]...)
		}
	}
	return unknown, all
}
