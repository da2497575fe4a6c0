package distfile

import (
	"crypto/md5"
	"encoding/hex"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// onlyMD5 begins a digest that is no SHA-256.
const onlyMD5 = "MD5 "

// DigestsIn returns the digest that an index lists and the file's own of the same kind; both are empty if there is no kind that both have.
// An MD5 digest counts only if the index gives nothing better, and begins with its name.
func (d *Distribution) DigestsIn(listed pep.IndexFile) (theirs, ours string) {
	switch {
	case listed.SHA256 != "":
		return listed.SHA256, hex.EncodeToString(d.Digests.SHA256[:])
	case listed.MD5 != "" && d.Digests.MD5 != [md5.Size]byte{}:
		return onlyMD5 + listed.MD5, onlyMD5 + hex.EncodeToString(d.Digests.MD5[:])
	default:
		return "", ""
	}
}
