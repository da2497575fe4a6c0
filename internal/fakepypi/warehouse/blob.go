package warehouse

import (
	"crypto/md5" // PyPI still accepts and serves MD5 digests
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/crypto/blake2b"
)

// packages is the folder of the files, below the folder of the index and below /files/.
const packages = "packages"

// blob describes an uploaded file on disk that is not part of the index yet.
type blob struct {
	disk   string // path of the temporary file; empty if there is none
	size   int64
	sha256 string
	md5    string
	blake2 string // BLAKE2b with 32 bytes
}

// save writes an upload to a temporary file and computes its three digests meanwhile. If copying fails, the error wraps errNoForm and b
// still names the file to remove.
func (ix *Index) save(r io.Reader) (b blob, err error) {
	out, err := os.CreateTemp(ix.dir, "incoming-*")
	if err != nil {
		return blob{}, err
	}
	b.disk = out.Name()
	defer func() {
		if closing := out.Close(); err == nil {
			err = closing
		}
	}()
	wide, err := blake2b.New256(nil)
	if err != nil {
		return b, err
	}
	sums := []hash.Hash{sha256.New(), md5.New(), wide}
	b.size, err = io.Copy(io.MultiWriter(out, sums[0], sums[1], sums[2]), r)
	if err != nil {
		return b, fmt.Errorf("%w: %w", errNoForm, err)
	}
	texts := make([]string, len(sums))
	for i, sum := range sums {
		texts[i] = hex.EncodeToString(sum.Sum(nil))
	}
	b.sha256, b.md5, b.blake2 = texts[0], texts[1], texts[2]
	return b, nil
}

// discard removes the temporary file of a blob that did not become part of the index.
func (b blob) discard() {
	if b.disk != "" {
		_ = os.Remove(b.disk) // already gone, or removed with its folder
	}
}

// filePath returns the path under which a file is served, below /files/ (docs/reference/pypi-server.md §7.4).
func filePath(b blob, name string) string {
	return path.Join(packages, b.blake2[:2], b.blake2[2:4], b.blake2[4:], name)
}

// keep moves a blob to its final path, at, in the index's folder.
func (ix *Index) keep(b blob, at string) error {
	path := filepath.Join(ix.dir, filepath.FromSlash(at))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // packages are public
		return err
	}
	return os.Rename(b.disk, path)
}
