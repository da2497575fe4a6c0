package archive

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

const (
	localHead = 30
	localMark = 0x04034b50
)

// inflater is what unpacking needs, used for one member after the other.
type inflater struct {
	packed *bufio.Reader
	flate  io.ReadCloser
	sum    hash.Hash32
	block  []byte
}

// pour writes a member's content to out, as Python's zipfile reads it: as many bytes as the directory declares, or fewer
// where its data has fewer, whose checksum has to be right.
func (z *zipFile) pour(m zipMember, out io.Writer) error {
	packed, err := z.open(m)
	if err != nil {
		return err
	}
	if z.inflate.sum == nil {
		z.inflate = inflater{packed: bufio.NewReaderSize(packed, 32<<10), flate: flate.NewReader(packed), sum: crc32.NewIEEE(), block: make([]byte, 32<<10)}
	}
	z.inflate.sum.Reset()
	content := z.inflate.reader(m.method, packed)
	to := io.MultiWriter(z.inflate.sum, out)
	_, err = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{io.LimitReader(content, m.unpacked)}, z.inflate.block)
	switch {
	case z.err != nil:
		return z.err
	case m.offset+m.packed > z.size:
		return errors.New("its data is cut off")
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF): // fewer bytes than declared are no fault where the checksum is theirs
		return fmt.Errorf("it cannot be unpacked: %w", err)
	case z.inflate.sum.Sum32() != m.crc:
		return errors.New("bad CRC-32")
	default:
		return nil
	}
}

func (i *inflater) reader(method uint16, packed io.Reader) io.Reader {
	if method == methodStored {
		return packed
	}
	i.packed.Reset(packed)
	_ = i.flate.(flate.Resetter).Reset(i.packed, nil) // it has no way to fail
	return i.flate
}

// open checks what readers check before they read, and returns the packed data.
func (z *zipFile) open(m zipMember) (*io.SectionReader, error) {
	if m.offset < 0 {
		return nil, errors.New("bad offset of its local header")
	}
	local := io.NewSectionReader(z, m.offset, max(z.size-m.offset, 0))
	var head [localHead]byte
	if _, err := io.ReadFull(local, head[:]); err != nil || binary.LittleEndian.Uint32(head[:]) != localMark {
		return nil, errors.New("bad magic number for its local header")
	}
	nameLength, extraLength := int64(binary.LittleEndian.Uint16(head[26:])), int64(binary.LittleEndian.Uint16(head[28:]))
	raw := make([]byte, nameLength)
	if _, err := io.ReadFull(local, raw); err != nil {
		return nil, errors.New("its local header is cut off")
	}
	begin := m.offset + localHead + nameLength + extraLength
	name, err := decodeName(raw, binary.LittleEndian.Uint16(head[6:]))
	switch {
	case m.flags&flagPatched != 0:
		return nil, errors.New("it is compressed patched data")
	case m.flags&flagStrongEncrypted != 0, m.flags&flagEncrypted != 0:
		return nil, errors.New("it is encrypted")
	case err != nil:
		return nil, err
	case !bytes.Equal(name, m.key):
		return nil, fmt.Errorf("its name in the directory and in the local header (%q) differ", raw)
	case m.packed > m.limit-begin:
		return nil, errors.New("its data overlaps what follows")
	case m.method != methodStored && m.method != methodDeflated:
		return nil, fmt.Errorf("compression method %d", m.method)
	}
	return io.NewSectionReader(z, begin, m.packed), nil
}
