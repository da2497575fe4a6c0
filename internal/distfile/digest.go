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

// chunk is how many bytes are read and hashed at a time. The next chunk is read meanwhile; to begin that and to wait for it takes some
// microseconds, which is little compared to the hashing of a quarter of a megabyte.
const chunk = 256 << 10

// smallChunk is how many bytes are hashed sooner than somebody else could begin to.
const smallChunk = 32 << 10

// Digests holds what is computed of every file. Every index knows files by SHA-256; what some know them by instead, see
// [Distribution.BLAKE2b256].
type Digests struct {
	SHA256 [sha256.Size]byte
}

// otherDigests holds the digests of one file that some indexes know it by instead of SHA-256, as far as they were needed.
type otherDigests struct {
	mu    sync.Mutex
	known map[string]string // in lower-case hex, by the name of the algorithm; nil if there are none yet
}

// BLAKE2b256 returns the distribution's BLAKE2b digest of 256 bits in lower-case hex, by which PyPI's file host knows a file. The file is
// read for it when it is first needed, since computing it takes more than twice as long as SHA-256. The error is that of reading, or of a
// file that is not the one that was read before.
func (d *Distribution) BLAKE2b256() (string, error) {
	return d.otherDigest("blake2b-256", func() hash.Hash { return withoutKey(blake2b.New256) })
}

// blake2b512 returns the BLAKE2b digest of 512 bits, as [Distribution.BLAKE2b256] returns the usual one.
func (d *Distribution) blake2b512() (string, error) {
	return d.otherDigest("blake2b-512", func() hash.Hash { return withoutKey(blake2b.New512) })
}

// md5 returns the MD5 digest, as [Distribution.BLAKE2b256] returns that. It protects from nothing, but some older indexes have no other.
func (d *Distribution) md5() (string, error) { return d.otherDigest("md5", md5.New) }

// withoutKey returns a hash that has no key.
func withoutKey(newHash func(key []byte) (hash.Hash, error)) hash.Hash {
	sum, err := newHash(nil)
	if err != nil {
		panic(err) // it only fails because of a key
	}
	return sum
}

// otherDigest returns a digest in lower-case hex. It reads the file when it is called for the first time with an algorithm.
func (d *Distribution) otherDigest(algorithm string, newHash func() hash.Hash) (string, error) {
	d.others.mu.Lock()
	defer d.others.mu.Unlock()
	if known, ok := d.others.known[algorithm]; ok {
		return known, nil
	}
	file, err := d.Open()
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := newHash()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	text := hex.EncodeToString(sum.Sum(nil))
	if d.others.known == nil {
		d.others.known = map[string]string{}
	}
	d.others.known[algorithm] = text
	return text, nil
}

// hashed hashes a file while it is read, until the context is cancelled. While what it read of one chunk is used, it hashes that chunk, and
// reads the next.
type hashed struct {
	ctx  context.Context
	file io.Reader
	size int64 // the expected size of the file, so that a small file needs little memory
	sum  hash.Hash
	done int64      // bytes that were hashed
	free *sync.Pool // of *[]byte, each of the size of a chunk

	chunk []byte // hashed now, or already
	rest  []byte // the part of chunk that Read has not returned yet
	ahead []byte // what follows, if it is read already
	ended error  // why nothing follows ahead: io.EOF, or a failure

	// A goroutine that hashes chunk and reads what follows, for each value of todo until that is closed; nil until there is a chunk for it.
	todo, ready chan struct{}
	failed      <-chan error // gets the error of a panic
	working     bool         // the goroutine was given a chunk, and what it reports of that was not taken yet
}

// wait waits until chunk is hashed, and ahead is read.
func (h *hashed) wait() error {
	if !h.working {
		return nil
	}
	h.working = false
	select {
	case <-h.ready:
		return nil
	case err := <-h.failed:
		h.ahead, h.ended = nil, err
		return err
	}
}

// close leaves the buffers to other files. Nothing is read afterwards.
func (h *hashed) close() {
	_ = h.wait() // of a failure before the end of the file, there is another error
	if h.todo != nil {
		close(h.todo)
		h.todo = nil
	}
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
	h.done += int64(len(h.chunk))
	if len(h.chunk) < smallChunk {
		h.sum.Write(h.chunk) // a hash never fails
		return nil
	}
	if h.todo == nil {
		h.todo, h.ready = make(chan struct{}, 1), make(chan struct{}, 1)
		h.failed = par.Start(h.work)
	}
	h.working = true
	h.todo <- struct{}{}
	return nil
}

// work does what is to do, until that is closed.
func (h *hashed) work() error {
	for range h.todo {
		h.read()
		h.sum.Write(h.chunk)
		h.ready <- struct{}{}
	}
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
