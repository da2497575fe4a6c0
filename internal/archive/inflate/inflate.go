// Package inflate unpacks DEFLATE (RFC 1951), the compression of zip and gzip, from blocks into blocks. The standard library does the work;
// why no faster one is in docs/dependencies.md.
package inflate

import (
	"compress/flate"
	"io"
)

// Source has the packed data.
type Source interface {
	// Next returns the next bytes, at least one, which are valid until it is called again. At the end, the error is io.EOF.
	Next() ([]byte, error)
}

// blockSize is how many bytes are unpacked at a time. Handing them to another core takes some microseconds; unpacking them takes 300.
const blockSize = 64 << 10

// Reader unpacks one stream after the other. Its zero value is ready for Reset.
type Reader struct {
	packed packed
	stream io.Reader // the library's
	block  []byte
	spare  []byte // the block that was returned before; nil if there is one block alone
	err    error
}

// Reset begins a new stream. With nil it forgets the last one.
func (r *Reader) Reset(src Source) {
	r.packed, r.err = packed{src: src}, nil
	switch {
	case r.stream != nil:
		_ = r.stream.(flate.Resetter).Reset(&r.packed, nil) // every reader of the library is one, and it never fails
	case src != nil:
		r.stream, r.block = flate.NewReader(&r.packed), make([]byte, blockSize)
	}
}

// Alternate has what Next returns stay valid until it was called twice, so that one part of the content can be looked at while the next is
// unpacked. It takes memory for a second block.
func (r *Reader) Alternate() {
	if r.spare == nil {
		r.spare = make([]byte, blockSize)
	}
}

// Next returns the next bytes of the content, which are valid until it is called again (see Alternate). With the last ones, or after them,
// comes io.EOF.
// io.ErrUnexpectedEOF is the error if the stream is cut off, and [flate.CorruptInputError] if it is damaged; any other one is that of the
// source. All bytes before an error are returned.
func (r *Reader) Next() ([]byte, error) {
	if r.spare != nil {
		r.block, r.spare = r.spare, r.block
	}
	n := 0
	for n < len(r.block) && r.err == nil {
		var more int
		more, r.err = r.stream.Read(r.block[n:])
		n += more
	}
	return r.block[:n], r.err
}

// packed reads a source. It returns single bytes, so that the decompressor needs no buffer of its own.
type packed struct {
	src   Source
	block []byte // the source's last one
	at    int    // what was read of it: a byte takes half as long as with a block that is cut at its beginning
}

// fill gets the next block if nothing is left of the last one.
func (p *packed) fill() error {
	if p.at < len(p.block) {
		return nil
	}
	var err error
	if p.block, err = p.src.Next(); len(p.block) > 0 {
		err = nil // comes again
	}
	p.at = 0
	return err
}

// ReadByte reads one byte.
func (p *packed) ReadByte() (byte, error) {
	if p.at >= len(p.block) {
		if err := p.fill(); err != nil {
			return 0, err
		}
	}
	b := p.block[p.at]
	p.at++
	return b, nil
}

// Read reads what is left of a block, or of the next one.
func (p *packed) Read(to []byte) (int, error) {
	if err := p.fill(); err != nil {
		return 0, err
	}
	n := copy(to, p.block[p.at:])
	p.at += n
	return n, nil
}
