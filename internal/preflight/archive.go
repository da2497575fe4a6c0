package preflight

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
)

const (
	invalidFile = "Invalid distribution file. "
	buildAgain  = "build it again, and check that the artifact was transferred as a binary file"
)

func notAZip(d *distfile.Distribution) (message, fix string) {
	if !errors.Is(d.Archive.Broken, archive.ErrNotZip) {
		return "", ""
	}
	return invalidFile + "File is not a zipfile", buildAgain
}

func notATar(d *distfile.Distribution) (message, fix string) {
	if !errors.Is(d.Archive.Broken, archive.ErrNotTar) {
		return "", ""
	}
	return invalidFile + "File is not a tarfile", buildAgain
}

func zipAndTar(d *distfile.Distribution) (message, fix string) {
	if unusual(d, archive.AnomalyBoth) == nil {
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

func archiveBomb(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		if stopped := unusual(d, archive.AnomalyStopped); stopped != nil {
			f := refusal(d, "the archive was not checked to its end: "+stopped.Detail, "check its content")
			f.Severity = finding.Warning
			found = append(found, f)
		}
	}
	return found
}

func compressionRatio(d *distfile.Distribution) (message, fix string) {
	if isTar(d) || d.Archive.Broken != nil || !d.Archive.Bomb(d.Size) {
		return "", ""
	}
	return invalidFile + "File exceeds compression ratio of 50",
		"remove the files that compress that much, or generate them on the user's machine"
}

func compressionMethod(d *distfile.Distribution) (message, fix string) {
	member := unusual(d, archive.AnomalyMethod)
	if member == nil || d.Archive.Broken != nil {
		return "", ""
	}
	return invalidFile + "File does not use a supported compression type",
		fmt.Sprintf("store or deflate %s (it has %s)", member.Member, member.Detail)
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
	if !readable(d, distfile.Sdist) || d.Archive.Members == 0 || d.Archive.Top != "" && d.Archive.Top != "/" {
		return "", ""
	}
	return invalidFile + "Incorrect number of top-level directories in sdist",
		"put all files into one folder, as python -m build --sdist does"
}

func pkgInfoMissing(d *distfile.Distribution) (message, fix string) {
	top := d.Archive.Top
	if !readable(d, distfile.Sdist) || d.Archive.Members > 0 && (top == "" || top == "/") {
		return "", ""
	}
	member := strings.TrimRight(top, "/") + "/PKG-INFO"
	return missing(d, member, invalidFile+"PKG-INFO not found at "+member, "build the sdist with python -m build --sdist")
}

func metadataMissing(d *distfile.Distribution) (message, fix string) {
	if !readable(d, distfile.Wheel) || d.DistInfo() == "" {
		return "", ""
	}
	member := d.DistInfo() + "/METADATA"
	return missing(d, member, fmt.Sprintf("Wheel %s does not contain the required METADATA file: %s", quote(d.Name), member), rebuildWheel)
}

func wheelFileMissing(d *distfile.Distribution) (message, fix string) {
	if !readable(d, distfile.Wheel) || d.DistInfo() == "" {
		return "", ""
	}
	member := d.DistInfo() + "/WHEEL"
	return missing(d, member, invalidFile+"WHEEL not found at "+member, rebuildWheel)
}

const rebuildWheel = "build the wheel again, and do not rename it: the name of its inner folder must match the file name"

// missing returns a message if the member at place is absent or cannot be read.
func missing(d *distfile.Distribution, member, message, fix string) (string, string) {
	if _, ok := d.Archive.Kept[member]; ok || unusual(d, archive.AnomalyStopped) != nil {
		return "", "" // it is there, or may be where the archive was not read
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
