package publish

import (
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// conflict returns the error about a name under which the index has a different file. indexDigest is the digest of that file, or empty if
// the index gives none that can be compared.
func (r *run) conflict(t *target, indexDigest string) finding.Finding {
	if indexDigest == "" {
		digest := ownDigest(t)
		return finding.New(finding.ConflictNoDigest,
			fmt.Sprintf("%s already has a file named %s, without a digest to compare%s", r.indexName(), t.Name, digest),
			"compare the two files: if they are the same, set `skip-existing: true` to finish the release; if not, raise the version; "+
				"to let the run compare them, set `index-url` to pages that have digests").In(t.displayPath).WithDetail(digest)
	}
	digests := bothDigests(t, indexDigest)
	return finding.New(finding.Conflict,
		fmt.Sprintf("%s already has a different file named %s%s", r.indexName(), t.Name, digests),
		"re-run only the publish job with the files of the first build, raise the version, or set `skip-existing: true` "+
			"to upload the other files and keep the published one").In(t.displayPath).WithDetail(digests)
}

// ownDigest returns what a message says about the digest of a file if that of the index's file is unknown.
func ownDigest(t *target) string { return ": this file's SHA-256 is " + t.sha256() }

// bothDigests returns what a message says about the digests of two files with one name.
func bothDigests(t *target, indexDigest string) string {
	if theirs, only := strings.CutPrefix(indexDigest, onlyMD5); only {
		return fmt.Sprintf(": its MD5 is %s, which does not match this file (SHA-256 %s)", theirs, t.sha256())
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
		return finding.New(finding.Skipped,
			fmt.Sprintf("%s already has a file named %s, and it is unknown whether it is the same%s", r.indexName(), t.Name, digest)+stays,
			fix+"; to let the run compare the files, set `index-url` to pages that have digests").In(t.displayPath).WithDetail(digest)
	}
	digests := bothDigests(t, indexDigest)
	return finding.New(finding.Skipped, fmt.Sprintf("%s already has a different file named %s%s", r.indexName(), t.Name, digests)+stays, fix).
		In(t.displayPath).WithDetail(digests)
}
