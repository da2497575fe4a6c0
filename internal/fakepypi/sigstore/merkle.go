package sigstore

import "crypto/sha256"

// The Merkle tree of RFC 6962 section 2.1.

type hash [sha256.Size]byte

func hashLeaf(data []byte) hash { return sha256.Sum256(append([]byte{0}, data...)) }

func hashNode(left, right hash) hash {
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// split returns the largest power of two below n, which must be above 1.
func split(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

// rootOf returns the root of the tree with these leaves.
func rootOf(leaves []hash) hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := split(len(leaves))
	return hashNode(rootOf(leaves[:k]), rootOf(leaves[k:]))
}

// pathOf returns the proof that leaf m is in the tree: the hashes beside the path from it to the root.
func pathOf(m int, leaves []hash) []hash {
	if len(leaves) <= 1 {
		return []hash{}
	}
	k := split(len(leaves))
	if m < k {
		return append(pathOf(m, leaves[:k]), rootOf(leaves[k:]))
	}
	return append(pathOf(m-k, leaves[k:]), rootOf(leaves[:k]))
}
