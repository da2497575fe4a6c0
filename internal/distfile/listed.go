package distfile

import (
	"crypto/md5"
	"encoding/hex"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// What begins a digest of [Distribution.DigestsIn] that is no SHA-256.
const (
	OnlyMD5     = "MD5 "
	OnlyBLAKE2b = "BLAKE2b "
)

// DigestsIn returns the digest that an index lists and the file's own of the same kind; both are empty if there is no kind that both have.
// One that is no SHA-256 begins with its name, and an MD5 digest counts only if the index gives nothing better.
func (d *Distribution) DigestsIn(listed pep.IndexFile) (theirs, ours string) {
	switch {
	case listed.SHA256 != "":
		return listed.SHA256, hex.EncodeToString(d.Digests.SHA256[:])
	case len(listed.BLAKE2b) == 2*len(d.Digests.BLAKE2b):
		return OnlyBLAKE2b + listed.BLAKE2b, OnlyBLAKE2b + hex.EncodeToString(d.Digests.BLAKE2b[:])
	case listed.BLAKE2b != "":
		if long, err := d.BLAKE2b512(); err == nil { // else its upload reports that the file cannot be read any more
			return OnlyBLAKE2b + listed.BLAKE2b, OnlyBLAKE2b + long
		}
		return "", ""
	case listed.MD5 != "" && d.Digests.MD5 != [md5.Size]byte{}:
		return OnlyMD5 + listed.MD5, OnlyMD5 + hex.EncodeToString(d.Digests.MD5[:])
	default:
		return "", ""
	}
}
