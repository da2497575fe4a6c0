package preflight

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

const (
	invalidFile = "Invalid distribution file. "
	buildAgain  = "build it again, and check that the artifact was transferred as a binary file"
)

func notAZip(d *distfile.Distribution) (message, fix string) {
	if !errors.Is(d.Archive.Broken, archive.ErrNotZip) {
		return "", ""
	}
	if fix := startAdvice(d); fix != "" {
		return invalidFile + "File is not a zipfile", fix
	}
	return invalidFile + "File is not a zipfile", fmt.Sprintf("%s (%v)", buildAgain, d.Archive.Broken)
}

// startAdvice returns what to do about a file whose first bytes show that it is no archive; empty if they do not.
func startAdvice(d *distfile.Distribution) string {
	switch d.Start {
	case distfile.LFSPointer:
		return "it is a Git LFS pointer, and not the file itself: check out with `lfs: true` (actions/checkout), or run git lfs pull"
	case distfile.WebPage:
		return "it is a web page, such as an error or a sign-in page: check the step that downloaded it"
	case distfile.Program:
		return "it is a program: build a wheel and an sdist (python -m build), and move this file out of the folder"
	default:
		return ""
	}
}

func notATar(d *distfile.Distribution) (message, fix string) {
	if !errors.Is(d.Archive.Broken, archive.ErrNotTar) {
		return "", ""
	}
	if unusual(d, archive.AnomalyBoth) != nil {
		return invalidFile + "File is not a tarfile", "it is a zip archive with another name: build the sdist with python -m build --sdist"
	}
	if fix := startAdvice(d); fix != "" {
		return invalidFile + "File is not a tarfile", fix
	}
	return invalidFile + "File is not a tarfile", buildAgain
}

// notAnSdist reports archives that are named like an sdist and have something else.
func notAnSdist(d *distfile.Distribution) (message, fix string) {
	what, fix := otherContents(d)
	if what == "" {
		return "", ""
	}
	return fmt.Sprintf("%s is not an sdist: it contains %s", d.Name, what), fix
}

// otherContents returns what an archive contains that is named like an sdist, has no metadata and no source of a project; empty if that
// is unknown.
func otherContents(d *distfile.Distribution) (what, fix string) {
	const (
		unpack = "it is an artifact that was not unpacked: download it with actions/download-artifact, which unpacks it, or unpack it " +
			"and remove it"
		leaveOut = "move it out of the folder, or name the files that you mean in `packages-dir`: an index takes only wheels and sdists"
	)
	c := d.Contents
	switch {
	case d.Metadata || !readable(d, distfile.Sdist) || isDumb(d.Name) || c.Source != "":
		return "", ""
	case c.Distributions > 0:
		return fmt.Sprintf("%s (%s)", phrase.Count(c.Distributions, "distribution"), c.Distribution), unpack
	case c.Program != "":
		return fmt.Sprintf("a program (%s)", c.Program), leaveOut
	case c.Page != "":
		return fmt.Sprintf("web pages (%s)", c.Page), leaveOut
	default:
		return "", ""
	}
}

// isOther reports whether notAnSdist says all there is to say about the contents and the name.
func isOther(d *distfile.Distribution) bool {
	what, _ := otherContents(d)
	return what != ""
}

func zipAndTar(d *distfile.Distribution) (message, fix string) {
	if unusual(d, archive.AnomalyBoth) == nil || errors.Is(d.Archive.Broken, archive.ErrNotTar) {
		return "", ""
	}
	return invalidFile + "File is both a zip and a tar file", buildAgain
}

// archiveCorrupt reports damaged archives. The message of the index is only "None", so the next step says what is wrong.
// Damage after the end of a tar is a warning: the index does not notice it.
func archiveCorrupt(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		broken, member := d.Archive.Broken, damaged(d)
		if member != nil && readLast(d, member.Member) && unusual(d, archive.AnomalyFraming) != nil {
			continue // the index reports the framing first
		}
		switch {
		case broken != nil && (errors.Is(broken, archive.ErrNotZip) || errors.Is(broken, archive.ErrNotTar)):
		case broken != nil:
			found = append(found, refusal(d, invalidFile+"None", fmt.Sprintf("the archive is corrupt (%v): %s", broken, buildAgain)))
		case member != nil:
			found = append(found, refusal(d, invalidFile+"None",
				fmt.Sprintf("%s in it cannot be read (%s): %s", member.Member, member.Detail, buildAgain)))
		case unusual(d, archive.AnomalyTail) != nil:
			f := refusal(d, "the archive is damaged after its end: "+unusual(d, archive.AnomalyTail).Detail, buildAgain)
			f.Severity = finding.Warning
			found = append(found, f)
		}
	}
	return found
}

// readLast reports whether the index reads the member after it checked the framing. It reads WHEEL and source files
// before.
func readLast(d *distfile.Distribution, member string) bool {
	return d.Kind() == distfile.Wheel && member != d.DistInfo()+"/WHEEL" && !archive.IsSource(member)
}

// damaged returns the first damaged member that the index reads: a source file or a metadata file. It ignores others,
// such as those of another .dist-info.
func damaged(d *distfile.Distribution) *archive.Anomaly {
	if d.Archive.HasAnomaly(archive.AnomalyDamaged) == nil {
		return nil
	}
	read := []string{strings.TrimRight(d.Archive.Top, "/") + "/PKG-INFO"}
	for _, name := range []string{"WHEEL", "METADATA", "RECORD", "entry_points.txt"} {
		read = append(read, d.DistInfo()+"/"+name)
	}
	for i, o := range d.Archive.Anomalies {
		if o.Code == archive.AnomalyDamaged &&
			(slices.Contains(read, o.Member) || archive.IsSource(o.Member) || d.IsLicense(o.Member)) {
			return &d.Archive.Anomalies[i]
		}
	}
	return nil
}

func archiveBomb(d *distfile.Distribution) (message, fix string) {
	if stopped := unusual(d, archive.AnomalyStopped); stopped != nil {
		return "the archive was not checked to its end: " + stopped.Detail, "check its content"
	}
	if unread := unusual(d, archive.AnomalyUnread); unread != nil {
		const why = " and the members after it were not unpacked, because the files of this run together unpack to too much"
		return unread.Member + why, "check the file in a run of its own"
	}
	return "", ""
}

// memberDamaged reports members that the index does not read, but that installers cannot unpack. Framing damage is reported by
// zipFraming alone.
func memberDamaged(d *distfile.Distribution) (message, fix string) {
	var damaged []string
	for _, o := range d.Archive.Anomalies {
		if o.Code == archive.AnomalyUnusable {
			damaged = append(damaged, fmt.Sprintf("%s (%s)", o.Member, o.Detail))
		}
	}
	if len(damaged) == 0 || d.Archive.Broken != nil || unusual(d, archive.AnomalyFraming) != nil {
		return "", ""
	}
	kind := "wheel"
	if d.Kind() == distfile.Sdist {
		kind = "sdist"
	}
	message = fmt.Sprintf("users cannot install this %s, because it is damaged: %s%s", kind, phrase.Some(damaged, 3), tried("damaged"))
	return message, mergedArtifacts
}

// mergedArtifacts is the advice for damage within an archive.
const mergedArtifacts = "build it again; if the folder was put together from several artifacts (merge-multiple), check that no two of " +
	"them have " +
	"a file with this name, because one then overwrites a part of the other"

func compressionRatio(d *distfile.Distribution) (message, fix string) {
	if isTar(d) || d.Archive.Broken != nil || !d.Archive.Bomb(d.Size) {
		return "", ""
	}
	return invalidFile + "File exceeds compression ratio of 50",
		"remove the files that compress that much, or generate them on the user's machine"
}

// compressionMethod reports members that are neither stored nor deflated. For an index without PyPI's rules it is an error if the
// metadata is among them, because no run can publish what it cannot read.
func compressionMethod(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		member := unusual(d, archive.AnomalyMethod)
		if member == nil || d.Archive.Broken != nil {
			continue
		}
		f := refusal(d, invalidFile+"File does not use a supported compression type",
			fmt.Sprintf("store or deflate all members, as wheels have them (%s has %s)", member.Member, member.Detail))
		if !s.Warehouse && d.Metadata {
			f.Severity = finding.Notice
		}
		found = append(found, f)
	}
	return found
}

func obfuscatedCode(d *distfile.Distribution) (message, fix string) {
	member := unusual(d, archive.AnomalyObfuscated)
	if member == nil {
		return "", ""
	}
	return invalidFile + member.Detail + "-encrypted content is not allowed.",
		"publish " + member.Member + " as readable source code"
}

func tarSparse(d *distfile.Distribution) (message, fix string) {
	member := unusual(d, archive.AnomalySparse)
	if member == nil {
		return "", ""
	}
	return invalidFile + "tar archive not accepted: Sparse members are not allowed.", "pack " + member.Member + " as a regular file"
}

func topLevel(d *distfile.Distribution) (message, fix string) {
	single := d.Archive.Top != "" && d.Archive.Top != "/"
	if !readable(d, distfile.Sdist) || isDumb(d.Name) || isOther(d) || d.Archive.Members == 0 || single {
		return "", ""
	}
	return invalidFile + "Incorrect number of top-level directories in sdist",
		"put all files into one folder, as python -m build --sdist does"
}

func pkgInfoMissing(d *distfile.Distribution) (message, fix string) {
	top := d.Archive.Top
	if !readable(d, distfile.Sdist) || isOther(d) || d.Archive.Members > 0 && (top == "" || top == "/") {
		return "", ""
	}
	member := strings.TrimRight(top, "/") + "/PKG-INFO"
	fix = "build the sdist with python -m build --sdist"
	if isDumb(d.Name) {
		fix = leaveDumb
	}
	return missing(d, member, invalidFile+"PKG-INFO not found at "+member, fix)
}

// metadataMissing reports a wheel without METADATA. If its folder has another name, PyPI reports that WHEEL is missing, and no more.
func metadataMissing(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		if !readable(d, distfile.Wheel) || d.DistInfo() == "" || s.Warehouse && otherDistInfo(d) != "" {
			continue
		}
		member := d.DistInfo() + "/METADATA"
		message := fmt.Sprintf("Wheel %s does not contain the required METADATA file: %s", quote(d.Name), member)
		if message, fix := missing(d, member, message, rebuild(d)); message != "" {
			found = append(found, refusal(d, message, fix))
		}
	}
	return found
}

// otherDistInfo returns the name of the .dist-info folder that a wheel has METADATA or WHEEL in, if there is exactly one and that is not
// the one that its file name requires; else it is empty.
func otherDistInfo(d *distfile.Distribution) (other string) {
	for member := range d.Archive.Kept {
		folder, file, _ := strings.Cut(member, "/")
		switch {
		case !strings.HasSuffix(folder, ".dist-info") || file != "METADATA" && file != "WHEEL" || folder == other:
		case folder == d.DistInfo() || other != "":
			return ""
		default:
			other = folder
		}
	}
	return other
}

// rebuild returns the advice for a wheel without a file that must be in its .dist-info folder.
func rebuild(d *distfile.Distribution) string {
	other := otherDistInfo(d)
	if other == "" {
		return rebuildWheel
	}
	return fmt.Sprintf("the folder in the wheel is %s, and must be %s, exactly as the file name has it: build the wheel with a current "+
		"build backend, "+
		"and do not rename it", other, d.DistInfo())
}

func wheelFileMissing(d *distfile.Distribution) (message, fix string) {
	if !readable(d, distfile.Wheel) || d.DistInfo() == "" {
		return "", ""
	}
	member := d.DistInfo() + "/WHEEL"
	return missing(d, member, invalidFile+"WHEEL not found at "+member, rebuild(d))
}

const rebuildWheel = "build the wheel again, and do not rename it: the name of its inner folder must match the file name"

// missing returns a message if the member at place is absent or cannot be read.
func missing(d *distfile.Distribution, member, message, fix string) (string, string) {
	if _, ok := d.Archive.Kept[member]; ok || unusual(d, archive.AnomalyStopped) != nil || unusual(d, archive.AnomalyMethod) != nil {
		return "", "" // it is there, or may be where the archive was not read; with another compression the index does not look for members
	}
	for _, o := range d.Archive.Anomalies {
		switch {
		case o.Member == member && o.Code == archive.AnomalyDamaged:
			return "", "" // already reported
		case o.Member == member && (o.Code == archive.AnomalyTooLarge || o.Code == archive.AnomalyNotRegular):
			return fmt.Sprintf("%s cannot be read: %s", member, o.Detail), fix
		}
	}
	return message, fix
}

// readable reports whether d is of that kind and its archive could be read.
func readable(d *distfile.Distribution, kind distfile.Kind) bool {
	return d.Kind() == kind && d.Archive.Broken == nil
}

func isTar(d *distfile.Distribution) bool {
	return strings.HasSuffix(strings.ToLower(d.Name), ".tar.gz")
}

func unusual(d *distfile.Distribution, code string) *archive.Anomaly {
	return d.Archive.HasAnomaly(code)
}
