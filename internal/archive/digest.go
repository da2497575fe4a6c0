package archive

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
)

// algorithm is one by which the members of a wheel are compared with its RECORD; 0 is none.
type algorithm uint8

// The algorithms that build tools use.
const (
	sha256Sum algorithm = iota + 1
	sha384Sum
	sha512Sum
	algorithms // how many there are, and one more
)

// String returns the name of the algorithm for people.
func (a algorithm) String() string { return [algorithms]string{"", "SHA-256", "SHA-384", "SHA-512"}[a] }

func (a algorithm) new() hash.Hash {
	switch a {
	case sha384Sum:
		return sha512.New384()
	case sha512Sum:
		return sha512.New()
	default:
		return sha256.New()
	}
}

// digest returns the digest of what was written to h, which is a hash of the algorithm.
func (a algorithm) digest(h hash.Hash) digest { return newDigest(a, h.Sum(nil)) }

// digest is the digest of a member: as many bytes of it as SHA-256 has, which no two texts share.
type digest struct {
	algorithm algorithm // 0 if there is no digest
	sum       [sha256.Size]byte
}

func newDigest(by algorithm, sum []byte) digest { return digest{by, [sha256.Size]byte(sum)} }

// parseDigest reads the cell of RECORD that has a digest. problem says what is wrong with it: the format of wheels requires SHA-256 or
// better, as the base64 of URLs without padding (https://packaging.python.org/en/latest/specifications/recording-installed-packages/). An
// empty cell, or another good algorithm, gives no digest.
func parseDigest(cell string) (sum digest, problem string) {
	if cell == "" {
		return digest{}, ""
	}
	name, value, found := strings.Cut(cell, "=")
	by := algorithm(slices.Index([]string{"sha256", "sha384", "sha512"}, name) + 1)
	if !found || name == "" {
		return digest{}, "it has no name of an algorithm in front"
	}
	switch {
	case by != 0:
	case slices.Contains([]string{"md5", "sha1", "sha224"}, name):
		return digest{}, name + " is weaker than SHA-256, and not allowed"
	case !slices.Contains([]string{"sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s"}, name):
		return digest{}, "the algorithm " + shortened(name) + " is unknown"
	}
	text := strings.TrimRight(value, "=")
	if text != value {
		problem = "it has padding, the = at its end"
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if by == 0 {
		return digest{}, problem
	}
	if size := by.new().Size(); err != nil || len(decoded) != size {
		if hexed, err := hex.DecodeString(value); err == nil && len(hexed) == size {
			return newDigest(by, hexed), "it is in hexadecimal, and must be the base64 of URLs"
		}
		return digest{}, "it is not a digest of " + by.String() + " in the base64 of URLs"
	}
	return newDigest(by, decoded), problem
}
