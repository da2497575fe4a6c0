package attestation

import (
	"crypto/sha256"
	"fmt"
)

// verify computes the root from the entry and the hashes of the proof (RFC 9162 section 2.1.3.2). It returns an error unless that is the
// root of the proof.
func (p inclusion) verify(body []byte) error {
	if p.index >= p.size {
		return VerificationError(fmt.Sprintf("inclusion proof is of entry %d in a tree of %d", p.index, p.size))
	}
	leaf := sha256.Sum256(append([]byte{0}, body...))
	at, last, here := p.index, p.size-1, leaf[:]
	for _, beside := range p.hashes {
		if last == 0 {
			return VerificationError(fmt.Sprintf("inclusion proof has wrong size: got %d", len(p.hashes)))
		}
		if at&1 == 1 || at == last {
			here = node(beside, here)
			for at&1 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		} else {
			here = node(here, beside)
		}
		at, last = at>>1, last>>1
	}
	switch {
	case last != 0:
		return VerificationError(fmt.Sprintf("inclusion proof has wrong size: got %d", len(p.hashes)))
	case string(here) != string(p.root):
		return VerificationError(fmt.Sprintf("inclusion proof contains invalid root hash: expected %x, calculated %x", p.root, here))
	}
	return nil
}

// node returns the hash of an inner node of the tree.
func node(left, right []byte) []byte {
	h := sha256.New()
	h.Write([]byte{1}) // writing to a hash cannot fail
	h.Write(left)
	h.Write(right)
	return h.Sum(nil)
}
