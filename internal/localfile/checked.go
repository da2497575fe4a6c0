package localfile

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
)

// heldBack is how many of a file's last bytes [Checked] keeps until the digest is known. A file of this size or less is known as a whole
// before its first byte is returned.
const heldBack = 64 << 10

// Checked returns a reader of a file that has this size and SHA-256 digest, as it was read before. It hashes what it returns, reads
// nothing twice, and holds back the end until the digest is that one. If it is not, or the file is shorter, the error is changed, and the
// end is never returned: whoever is sent the rest can see that it is not whole. Bytes after the size are not read.
func Checked(content io.Reader, size int64, digest [sha256.Size]byte, changed error) io.Reader {
	return &checked{content: content, left: size, digest: digest, changed: changed, sum: sha256.New()}
}

type checked struct {
	content io.Reader
	left    int64 // bytes of content that are not read yet
	digest  [sha256.Size]byte
	changed error
	sum     hash.Hash

	end   []byte // the rest of what was held back
	ended error  // what follows end; nil while nothing is held back
}

// Read returns bytes of the file that may be sent.
func (c *checked) Read(p []byte) (int, error) {
	if c.ended == nil && c.left > heldBack {
		n, err := c.content.Read(p[:min(int64(len(p)), c.left-heldBack)])
		c.sum.Write(p[:n]) // a hash never fails
		c.left -= int64(n)
		return n, c.unlessEnded(err)
	}
	if c.ended == nil {
		if int64(len(p)) >= c.left { // room for all of it, so that no other memory is needed
			c.ended = c.readEnd(p[:c.left])
			n := len(c.end)
			c.end = nil
			return n, c.errorAfter(n)
		}
		c.ended = c.readEnd(make([]byte, c.left))
	}
	n := copy(p, c.end)
	c.end = c.end[n:]
	return n, c.errorAfter(n)
}

// errorAfter returns what ends the file, if nothing more was returned of it.
func (c *checked) errorAfter(n int) error {
	if n > 0 {
		return nil
	}
	return c.ended
}

// readEnd reads what is held back into end, and returns io.EOF if the file is the same as before: only then end is kept.
func (c *checked) readEnd(end []byte) error {
	if _, err := io.ReadFull(c.content, end); err != nil {
		return c.unlessEnded(err)
	}
	c.sum.Write(end)
	if [sha256.Size]byte(c.sum.Sum(nil)) != c.digest {
		return c.changed
	}
	c.end = end
	return io.EOF
}

// unlessEnded returns an error of reading the file. One that is too short was changed.
func (c *checked) unlessEnded(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return c.changed
	}
	return err
}
