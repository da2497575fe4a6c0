package sigstore

import "testing"

// TestMerkleTree is a tree of every small size: its paths lead from each leaf to the root.
func TestMerkleTree(t *testing.T) {
	t.Parallel()
	var leaves []hash
	for n := range 40 {
		leaves = append(leaves, hashLeaf([]byte{byte(n)}))
		root := rootOf(leaves)
		for m := range leaves {
			if got := climb(m, len(leaves), leaves[m], pathOf(m, leaves)); got != root {
				t.Errorf("leaf %d of %d: the path leads to %x, not to %x", m, len(leaves), got, root)
			}
		}
	}
	const empty = "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24" +
		"\x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55"
	if got := rootOf(nil); got != hash([]byte(empty)) {
		t.Errorf("the root of nothing is %x", got)
	}
}

// climb goes up from leaf m of n by the path, as RFC 6962 builds a tree: the last element belongs to the topmost split.
func climb(m, n int, at hash, path []hash) hash {
	if n == 1 {
		return at
	}
	top, below := path[len(path)-1], path[:len(path)-1]
	k := 1
	for k*2 < n {
		k *= 2
	}
	if m < k {
		return hashNode(climb(m, k, at, below), top)
	}
	return hashNode(top, climb(m-k, n-k, at, below))
}
