package warehouse

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// keepMetadata stores a wheel's METADATA beside it (PEP 658) and returns its SHA-256 in hex. It stores nothing if METADATA is too large
// to be read, or if the index does not read archives.
func (ix *Index) keepMetadata(u *upload, at string) (sum string, err error) {
	text, found := u.archive.Kept[u.distInfo()+"/METADATA"]
	if !found || isSdist(u) {
		return "", nil
	}
	path := filepath.Join(ix.dir, filepath.FromSlash(at))
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:]), os.WriteFile(path+".metadata", text, 0o644) // packages are public
}
