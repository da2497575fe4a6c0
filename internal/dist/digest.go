package dist

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"golang.org/x/crypto/blake2b"

	"github.com/org/pypi-oidc-publish/internal/par"
)

// chunk is how many bytes are read and hashed at a time. The digests of a chunk wait for each other, which costs some ten
// microseconds: with half a megabyte that is little beside the hashing.
const chunk = 512 << 10

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

// add hashes the next bytes, each digest on its own, and does what else there is to do meanwhile. A hash never fails to write.
func (s *sums) add(ctx context.Context, data []byte, meanwhile func(context.Context) error) error {
	s.size += int64(len(data))
	feed := func(h hash.Hash) func(context.Context) error {
		return func(context.Context) error {
			_, err := h.Write(data)
			return err
		}
	}
	all := []func(context.Context) error{meanwhile, feed(s.sha256), feed(s.blake2b)}
	if s.md5 != nil {
		all = append(all, feed(s.md5))
	}
	return par.All(ctx, all...)
}

func (s *sums) digests() (d Digests) {
	s.sha256.Sum(d.SHA256[:0])
	s.blake2b.Sum(d.BLAKE2b[:0])
	if s.md5 != nil {
		s.md5.Sum(d.MD5[:0])
	}
	return d
}

// hashed is a file that is hashed as it is read, until the run is cancelled. While one chunk is hashed, the next is read.
type hashed struct {
	ctx  context.Context
	file io.Reader
	size int64 // what the file is expected to have, so that a small one needs little memory
	sums *sums

	chunk []byte // is hashed
	rest  []byte // of it, not yet given out by Read
	ahead []byte // is read, and not yet hashed
	ended error  // why nothing comes after ahead: io.EOF, or a failure
}

// Read gives out what is hashed.
func (h *hashed) Read(p []byte) (int, error) {
	if len(h.rest) == 0 {
		if err := h.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, h.rest)
	h.rest = h.rest[n:]
	return n, nil
}

// exhaust hashes all that is left.
func (h *hashed) exhaust() error {
	for {
		if err := h.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// next hashes one more chunk. At the end of the file it is io.EOF, again and again.
func (h *hashed) next() error {
	if err := context.Cause(h.ctx); err != nil {
		return err
	}
	if len(h.ahead) == 0 && h.ended == nil {
		h.read()
	}
	if len(h.ahead) == 0 {
		return h.ended
	}
	h.chunk, h.ahead = h.ahead, h.chunk[:0]
	if err := h.sums.add(h.ctx, h.chunk, func(context.Context) error {
		h.read()
		return nil
	}); err != nil {
		return err
	}
	h.rest = h.chunk
	return nil
}

// read reads the chunk ahead. An end that is known already needs no second one.
func (h *hashed) read() {
	if h.ended != nil {
		return
	}
	if cap(h.ahead) == 0 {
		h.ahead = make([]byte, min(chunk, h.size+1))
	}
	n, err := io.ReadFull(h.file, h.ahead[:cap(h.ahead)])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	h.ahead, h.ended = h.ahead[:n], err
}
