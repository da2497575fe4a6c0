package dist

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"hash"
	"io"

	"golang.org/x/crypto/blake2b"

	"github.com/org/pypi-oidc-publish/internal/par"
)

// chunk is how many bytes are read and hashed at a time.
const chunk = 256 << 10

// Digests are the three digests that indexes know. MD5 is no protection, but some older indexes want it.
type Digests struct {
	SHA256, BLAKE2b [32]byte // BLAKE2b with a digest of 256 bits
	MD5             [16]byte // all zero unless it was asked for
}

// sums computes the digests of a stream in one pass, each digest of a chunk on its own.
type sums struct {
	sha256, blake2b, md5 hash.Hash // md5 is nil where nobody asked for it
	size                 int64
}

func newSums(withMD5 bool) *sums {
	blake, err := blake2b.New256(nil)
	if err != nil {
		panic(err) // only a key can be refused, and there is none
	}
	s := &sums{sha256: sha256.New(), blake2b: blake}
	if withMD5 {
		s.md5 = md5.New()
	}
	return s
}

// add hashes the next bytes. A hash never fails to write.
func (s *sums) add(ctx context.Context, data []byte) error {
	s.size += int64(len(data))
	feed := func(h hash.Hash) func(context.Context) error {
		return func(context.Context) error {
			_, err := h.Write(data)
			return err
		}
	}
	feeds := []func(context.Context) error{feed(s.sha256), feed(s.blake2b)}
	if s.md5 != nil {
		feeds = append(feeds, feed(s.md5))
	}
	return par.All(ctx, feeds...)
}

func (s *sums) digests() (d Digests) {
	s.sha256.Sum(d.SHA256[:0])
	s.blake2b.Sum(d.BLAKE2b[:0])
	if s.md5 != nil {
		s.md5.Sum(d.MD5[:0])
	}
	return d
}

// hashed is a file that is hashed as it is read, until the run is cancelled.
type hashed struct {
	ctx  context.Context
	file io.Reader
	sums *sums
}

// Read reads from the file and hashes what it read.
func (h *hashed) Read(p []byte) (int, error) {
	if err := context.Cause(h.ctx); err != nil {
		return 0, err
	}
	n, err := h.file.Read(p)
	if n == 0 {
		return 0, err
	}
	if failed := h.sums.add(h.ctx, p[:n]); failed != nil {
		return n, failed
	}
	return n, err
}
