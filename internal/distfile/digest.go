package distfile

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"sync"

	"golang.org/x/crypto/blake2b"

	"github.com/org/pypi-oidc-publish/internal/par"
)

// chunk is how many bytes are read and hashed at a time. The digests of a chunk wait for each other, which takes about
// ten microseconds; that is little compared to the hashing of half a megabyte.
const chunk = 512 << 10

// smallChunk is how many bytes are hashed sooner than somebody else could begin to.
const smallChunk = 32 << 10

// Digests holds the three digests that indexes use. MD5 provides no protection, but some older indexes need it.
type Digests struct {
	SHA256, BLAKE2b [32]byte // BLAKE2b has a digest of 256 bits; all zero of a reader that computes only SHA-256
	MD5             [16]byte // all zero unless it was requested
}

// BLAKE2b512 reads the distribution again and returns its BLAKE2b digest of 512 bits in lower-case hex, which some indexes have instead of
// the usual ones. The error is that of reading, or of a file that is not the one that was read before.
func (d *Distribution) BLAKE2b512() (string, error) {
	file, err := d.Open()
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum, err := blake2b.New512(nil)
	if err != nil {
		panic(err) // New512 only fails because of a key, and there is none
	}
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// sums computes the digests of a stream in one pass, with one goroutine for each if there are several.
type sums struct {
	sha256, blake2b, md5 hash.Hash // blake2b and md5 are nil unless they were requested
	size                 int64
}

func newSums(withBLAKE2b, withMD5 bool) *sums {
	s := &sums{sha256: sha256.New()}
	if withBLAKE2b {
		blake, err := blake2b.New256(nil)
		if err != nil {
			panic(err) // New256 only fails because of a key, and there is none
		}
		s.blake2b = blake
	}
	if withMD5 {
		s.md5 = md5.New()
	}
	return s
}

// add hashes the next bytes with all digests concurrently. Writing to a hash never fails.
func (s *sums) add(ctx context.Context, data []byte) error {
	s.size += int64(len(data))
	if s.blake2b == nil && s.md5 == nil {
		_, err := s.sha256.Write(data)
		return err
	}
	feed := func(h hash.Hash) func(context.Context) error {
		return func(context.Context) error {
			_, err := h.Write(data)
			return err
		}
	}
	all := []func(context.Context) error{feed(s.sha256)}
	for _, other := range []hash.Hash{s.blake2b, s.md5} {
		if other != nil {
			all = append(all, feed(other))
		}
	}
	return par.All(ctx, all...)
}

func (s *sums) digests() (d Digests) {
	s.sha256.Sum(d.SHA256[:0])
	if s.blake2b != nil {
		s.blake2b.Sum(d.BLAKE2b[:0])
	}
	if s.md5 != nil {
		s.md5.Sum(d.MD5[:0])
	}
	return d
}

// hashed hashes a file while it is read, until the context is cancelled. While what it read of one chunk is used, it hashes that chunk, and
// reads the next.
type hashed struct {
	ctx  context.Context
	file io.Reader
	size int64 // the expected size of the file, so that a small file needs little memory
	sums *sums
	free *sync.Pool // of *[]byte, each of the size of a chunk

	chunk []byte // hashed now, or already
	rest  []byte // the part of chunk that Read has not returned yet
	ahead []byte // what follows, if it is read already
	ended error  // why nothing follows ahead: io.EOF, or a failure
	// working gets the error of who hashes chunk and reads what follows; nil if nobody does.
	working <-chan error
}

// wait waits until chunk is hashed, and ahead is read.
func (h *hashed) wait() error {
	if h.working == nil {
		return nil
	}
	err := <-h.working
	h.working = nil
	return err
}

// close leaves the buffers to other files. Nothing is read afterwards.
func (h *hashed) close() {
	_ = h.wait() // of a failure before the end of the file, there is another error
	for _, buffer := range [][]byte{h.chunk, h.ahead} {
		if cap(buffer) == chunk {
			whole := buffer[:chunk]
			h.free.Put(&whole)
		}
	}
	h.chunk, h.rest, h.ahead, h.ended = nil, nil, nil, io.ErrClosedPipe
}

// buffer returns memory for the next bytes of the file.
func (h *hashed) buffer() []byte {
	if h.size+1 < chunk {
		return make([]byte, h.size+1)
	}
	if free, ok := h.free.Get().(*[]byte); ok {
		return *free
	}
	return make([]byte, chunk)
}

// Read returns bytes that are hashed, now or already.
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

// exhaust hashes the rest of the file.
func (h *hashed) exhaust() error {
	for {
		if err := h.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// next begins to hash one more chunk. It returns io.EOF at the end of the file, also when called again: then all is hashed.
func (h *hashed) next() error {
	if err := h.wait(); err != nil {
		return err
	}
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
	h.rest = h.chunk
	if len(h.chunk) < smallChunk {
		return h.sums.add(h.ctx, h.chunk)
	}
	h.working = par.Start(func() error {
		h.read()
		return h.sums.add(h.ctx, h.chunk)
	})
	return nil
}

// read reads the next chunk into ahead. After the end it does nothing.
func (h *hashed) read() {
	if h.ended != nil {
		return
	}
	if cap(h.ahead) == 0 {
		h.ahead = h.buffer()
	}
	n, err := io.ReadFull(h.file, h.ahead[:cap(h.ahead)])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	h.ahead, h.ended = h.ahead[:n], err
}
