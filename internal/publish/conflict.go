package publish

import (
	"fmt"
	"strings"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// conflict returns the error about a name under which the index has a different file. indexDigest is the digest of that file, or empty if
// the index gives none that can be compared.
func (r *run) conflict(t *target, indexDigest string) finding.Finding {
	if indexDigest == "" {
		digest := ownDigest(t)
		problem := finding.New(finding.ConflictNoDigest,
			fmt.Sprintf("%s already has a file named %s, without a digest to compare%s", r.indexName(), t.Name, digest),
			r.notRaised(t)+"compare the two files: if they are the same, set `skip-existing: true` to finish the release; "+
				"if not, raise the version; to let the run compare them, set `index-url` to pages that have digests")
		return problem.In(t.displayPath).WithDetail(digest)
	}
	digests := bothDigests(t, indexDigest)
	return finding.New(finding.Conflict,
		fmt.Sprintf("%s already has a different file named %s%s", r.indexName(), t.Name, digests),
		r.withCause(t, "re-run only the publish job with the files of the first build, raise the version, "+
			"or set `skip-existing: true` to upload the other files and keep the published one")).In(t.displayPath).WithDetail(digests)
}

// withCause returns the next step for a different file, with what the run knows of its cause.
func (r *run) withCause(t *target, step string) string {
	if cause := r.notRaised(t); cause != "" {
		return cause + step
	}
	return step + r.twoRuns(t)
}

// notRaised returns the beginning of the next step if the run is for the tag of another version than the file has. It is "" if it is not,
// if the tag names no version, or if the set has several releases, of which a tag may be that of any.
func (r *run) notRaised(t *target) string {
	version, err := pep.ParseVersion(t.Header("Version"))
	if err != nil || !r.oneRelease {
		return ""
	}
	tag, isTag := strings.CutPrefix(r.Ref, "refs/tags/")
	tagged, err := pep.VersionOfTag(tag, t.release.Project)
	if !isTag || err != nil || tagged.Compare(version) == 0 {
		return ""
	}
	return fmt.Sprintf(
		"this run is for the tag %s, but the file has the version %s: if the tag is right, the version was not raised before the tag "+
			"was made, so set it to %s and build again; otherwise ", tag, version, tagged)
}

// justNow is how old a file of the index is at most that another run for the same tag may have uploaded.
const justNow = time.Hour

// twoRuns returns an addition to the next step if the index has had the other file for a short time only, or "".
func (r *run) twoRuns(t *target) string {
	listed, ok := t.listedIn(r.listings.answered()[t.release.Project])
	if !ok || listed.Uploaded.IsZero() || r.Now().Sub(listed.Uploaded) > justNow {
		return ""
	}
	return fmt.Sprintf("; %s got its file less than an hour ago: if two runs are for one tag, such as for its push and for its release, "+
		"let only one of the two events start the workflow", r.indexName())
}

// ownDigest returns what a message says about the digest of a file if that of the index's file is unknown.
func ownDigest(t *target) string { return ": this file's SHA-256 is " + t.sha256() }

// bothDigests returns what a message says about the digests of two files with one name.
func bothDigests(t *target, indexDigest string) string {
	for _, kind := range []string{distfile.OnlyMD5, distfile.OnlyBLAKE2b} {
		if theirs, only := strings.CutPrefix(indexDigest, kind); only {
			return fmt.Sprintf(": its %sis %s, which does not match this file (SHA-256 %s)", kind, theirs, t.sha256())
		}
	}
	if strings.HasSuffix(indexDigest, bytesLong) {
		return fmt.Sprintf(": it has %s, this file has %d", indexDigest, t.Size)
	}
	return fmt.Sprintf(": its SHA-256 is %s, this file's is %s", indexDigest, t.sha256())
}

// skipped returns the warning version of conflict, used with skip-existing. indexDigest is empty if it is unknown what the index has
// under the name.
func (r *run) skipped(t *target, indexDigest string) finding.Finding {
	const stays = "; that file stays, and this one is not published"
	const fix = "check that this is what you want: users will get the published file"
	if indexDigest == "" {
		digest := ownDigest(t)
		problem := finding.New(finding.Skipped,
			fmt.Sprintf("%s already has a file named %s, and it is unknown whether it is the same%s", r.indexName(), t.Name, digest)+stays,
			r.notRaised(t)+fix+"; to let the run compare the files, set `index-url` to pages that have digests")
		return problem.In(t.displayPath).WithDetail(digest)
	}
	digests := bothDigests(t, indexDigest)
	return finding.New(finding.Skipped, fmt.Sprintf("%s already has a different file named %s%s", r.indexName(), t.Name, digests)+stays,
		r.withCause(t, fix)).
		In(t.displayPath).WithDetail(digests)
}
