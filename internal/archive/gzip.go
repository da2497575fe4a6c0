package archive

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
)

// gzipReader unpacks what is gzipped, and counts its members. As Python's gzip does, it skips zeros behind a member.
type gzipReader struct {
	packed  *bufio.Reader
	member  *gzip.Reader
	members int
}

func newGzipReader(r io.Reader) (*gzipReader, error) {
	g := &gzipReader{packed: bufio.NewReader(r), members: 1}
	member, err := gzip.NewReader(g.packed)
	if err != nil {
		return nil, err
	}
	g.member = member
	g.member.Multistream(false)
	return g, nil
}

// Read unpacks the next bytes.
func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.member.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		if n > 0 {
			return n, nil // the next call looks for another member
		}
		if err := g.skipZeros(); err != nil {
			return 0, err // io.EOF at the end
		}
		if err := g.member.Reset(g.packed); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		g.member.Multistream(false)
		g.members++
	}
}

// skipZeros skips zeros. At the end of the file, the error is io.EOF.
func (g *gzipReader) skipZeros() error {
	for {
		next, err := g.packed.ReadByte()
		if err != nil {
			return err
		}
		if next != 0 {
			return g.packed.UnreadByte()
		}
	}
}
