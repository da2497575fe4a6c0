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
		return finding.New(finding.ConflictNoDigest,
			fmt.Sprintf("the index has a file named %s, and gives no digest that it could be compared by with this one, whose SHA-256 is %s",
				t.Name, t.sha256()),
			"compare the two files: if they are the same, finish the release with `skip-existing: true`, else raise the version; "+
				"with an `index-url` whose pages have digests, the run compares them").In(t.shown)
	}
	digests := fmt.Sprintf("its SHA-256 is %s, this file's is %s", indexDigest, t.sha256())
	if theirs, only := strings.CutPrefix(indexDigest, onlyMD5); only {
		digests = fmt.Sprintf("its MD5 is %s, which this file with the SHA-256 %s does not have", theirs, t.sha256())
	}
	return finding.New(finding.Conflict,
		fmt.Sprintf("the index has other bytes under the name %s: %s", t.Name, digests),
		"re-run only the publish job with the files of the first build, raise the version, or finish the release with `skip-existing: true`").In(t.shown)
}

// skipped returns the warning version of conflict, used with skip-existing. indexDigest is empty where it is unknown what the
// index has under the name.
func skipped(t *target, indexDigest string) finding.Finding {
	message, fix := conflict(t, indexDigest).Message, "see that this is what you want: users get the index's file"
	if indexDigest == "" {
		message = fmt.Sprintf("the index has a file named %s, and it is unknown whether its SHA-256 is this one's, %s", t.Name, t.sha256())
		fix += "; with an `index-url` whose pages have digests, the run compares them"
	}
	return finding.New(finding.Skipped, message+"; the index's file stays, and this one is not published", fix).In(t.shown)
}
