package publish

import (
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding"
)

// conflict returns the error of a name under which the index has other bytes, with this digest, or a file without a digest that could
// be compared: indexDigest is empty then.
func conflict(t *target, indexDigest string) finding.Finding {
	if indexDigest == "" {
		digest := ", whose SHA-256 is " + t.sha256()
		return finding.New(finding.ConflictNoDigest,
			fmt.Sprintf("the index has a file named %s, and gives no digest that it could be compared by with this one%s", t.Name, digest),
			"compare the two files: if they are the same, finish the release with `skip-existing: true`, else raise the version; "+
				"with an `index-url` whose pages have digests, the run compares them").In(t.shown).WithDetail(digest)
	}
	digests := bothDigests(t, indexDigest)
	return finding.New(finding.Conflict,
		fmt.Sprintf("the index has other bytes under the name %s%s", t.Name, digests),
		"re-run only the publish job with the files of the first build, raise the version, or finish the release with "+
			"`skip-existing: true`").In(t.shown).WithDetail(digests)
}

// bothDigests returns what a message says of the digests of two files with one name.
func bothDigests(t *target, indexDigest string) string {
	if theirs, only := strings.CutPrefix(indexDigest, onlyMD5); only {
		return fmt.Sprintf(": its MD5 is %s, which this file with the SHA-256 %s does not have", theirs, t.sha256())
	}
	return fmt.Sprintf(": its SHA-256 is %s, this file's is %s", indexDigest, t.sha256())
}

// skipped returns the warning version of conflict, used with skip-existing. indexDigest is empty where it is unknown what the
// index has under the name.
func skipped(t *target, indexDigest string) finding.Finding {
	const stays, fix = "; the index's file stays, and this one is not published", "see that this is what you want: users get the index's file"
	if indexDigest == "" {
		digest := ", " + t.sha256()
		return finding.New(finding.Skipped,
			fmt.Sprintf("the index has a file named %s, and it is unknown whether its SHA-256 is this one's%s", t.Name, digest)+stays,
			fix+"; with an `index-url` whose pages have digests, the run compares them").In(t.shown).WithDetail(digest)
	}
	digests := bothDigests(t, indexDigest)
	return finding.New(finding.Skipped, fmt.Sprintf("the index has other bytes under the name %s%s", t.Name, digests)+stays, fix).
		In(t.shown).WithDetail(digests)
}
