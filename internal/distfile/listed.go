package distfile

import (
	"encoding/hex"

	"golang.org/x/crypto/blake2b"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// What begins a digest of [Distribution.DigestsIn] that is no SHA-256.
const (
	OnlyMD5     = "MD5 "
	OnlyBLAKE2b = "BLAKE2b "
)

// DigestsIn returns the digest that an index lists and the file's own of the same kind; both are empty if there is no kind that both have.
// One that is no SHA-256 begins with its name, and another digest counts only if the index gives nothing better. The file is read again for
// one that is needed for the first time; if it cannot be read any more, there is none: its upload reports that.
func (d *Distribution) DigestsIn(listed pep.IndexFile) (theirs, ours string) {
	own := func(kind, listed string, digest func() (string, error)) (theirs, ours string) {
		if text, err := digest(); err == nil {
			return kind + listed, kind + text
		}
		return "", ""
	}
	switch {
	case listed.SHA256 != "":
		return listed.SHA256, hex.EncodeToString(d.Digests.SHA256[:])
	case len(listed.BLAKE2b) == 2*blake2b.Size256:
		return own(OnlyBLAKE2b, listed.BLAKE2b, d.BLAKE2b256)
	case listed.BLAKE2b != "":
		return own(OnlyBLAKE2b, listed.BLAKE2b, d.blake2b512)
	case listed.MD5 != "":
		return own(OnlyMD5, listed.MD5, d.md5)
	default:
		return "", ""
	}
}
