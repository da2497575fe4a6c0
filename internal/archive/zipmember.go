package archive

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
)

const (
	localHead = 30
	localMark = 0x04034b50
)

// Buffers keeps what reading an archive needs of memory, about 200 kB, from one archive to the next. Its zero value is ready for use, by
// several goroutines.
type Buffers struct{ free sync.Pool }

// take returns an unpacker for one archive.
func (b *Buffers) take() *unpacker {
	if b != nil {
		if u, ok := b.free.Get().(*unpacker); ok {
			return u
		}
	}
	return &unpacker{}
}

// give takes an unpacker back, without what it knows of its archive.
func (b *Buffers) give(u *unpacker) {
	if b == nil {
		return
	}
	u.window = window{data: u.window.data[:0]}
	u.small.Reset(nil)
	u.data, u.examined = packedData{}, examined{}
	if u.flate != nil {
		_ = u.flate.(flate.Resetter).Reset(&u.small, nil) // cannot fail
	}
	if u.records != nil {
		u.records.Reset(&u.small)
	}
	b.free.Put(u)
}

// unpacker holds the buffers for reading members, which are reused from one to the next.
type unpacker struct {
	window window
	small  bytes.Reader // a member's packed data, if it is in the window
	flate  io.ReadCloser
	block  []byte
	// records reads the records of the archive, one after the other.
	records *bufio.Reader

	data     packedData // of a member that is unpacked where the walk through the records is
	examined examined
}

// window is a part of the file that was read at once. Members follow one another, and most are small.
type window struct {
	data []byte
	at   int64
}

const windowSize = 64 << 10

// recordsOf returns a reader of the records in r.
func (u *unpacker) recordsOf(r io.Reader) *bufio.Reader {
	if u.records == nil {
		u.records = bufio.NewReaderSize(r, 64<<10)
	}
	u.records.Reset(r)
	return u.records
}

// bytes returns n bytes of the file, or fewer at its end; they are valid until the next call. n must not exceed the
// window.
func (w *window) bytes(r io.ReaderAt, at, n int64) []byte {
	if at < w.at || at+n > w.at+int64(len(w.data)) {
		if cap(w.data) == 0 {
			w.data = make([]byte, 0, windowSize)
		}
		got, _ := r.ReadAt(w.data[:windowSize], at) // the file stores a failure, and its end is not one
		w.data, w.at = w.data[:got], at
	}
	data := w.data[at-w.at:]
	return data[:min(int64(len(data)), n)]
}

// pour writes a member's content to out, as Python's zipfile reads it: as many bytes as the directory declares, or fewer
// if there are fewer, with a correct checksum.
func (z *zipFile) pour(content io.Reader, m *zipMember, out io.Writer) error {
	if z.unpack.block == nil {
		z.unpack.block = make([]byte, 32<<10)
	}
	sum, left, err := uint32(0), m.unpacked, error(nil)
	for left > 0 && err == nil {
		if z.selection.Stopped != nil {
			if err := z.selection.Stopped(); err != nil {
				z.record(err)
				return err
			}
		}
		var n int
		n, err = content.Read(z.unpack.block[:min(left, int64(len(z.unpack.block)))])
		sum = crc32.Update(sum, crc32.IEEETable, z.unpack.block[:n])
		_, _ = out.Write(z.unpack.block[:n]) // writes to memory
		left -= int64(n)
	}
	switch {
	case z.err != nil:
		return z.err
	case errors.Is(err, errOverlap):
		return err
	case m.packed > z.size-m.offset:
		return errors.New("its data is cut off")
	// Fewer bytes than declared are accepted if their checksum is correct.
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("it cannot be unpacked: %w", err)
	case sum != m.crc:
		return errors.New("bad CRC-32")
	default:
		return nil
	}
}

// packed returns a reader of the data of a member in the file.
func (z *zipFile) packed(m *zipMember, begin int64) io.Reader {
	if m.packed > windowSize {
		return bufio.NewReader(&packedReader{io.NewSectionReader(z, begin, m.packed), z})
	}
	z.unpack.small.Reset(z.unpack.window.bytes(z, begin, m.packed))
	z.read += m.packed
	return &z.unpack.small
}

// unpacked returns a reader of a member's content, given its data in the file.
func (z *zipFile) unpacked(m *zipMember, packed io.Reader) io.Reader {
	if m.method == methodStored {
		return packed
	}
	if z.unpack.flate == nil {
		z.unpack.flate = flate.NewReader(packed)
		return z.unpack.flate
	}
	_ = z.unpack.flate.(flate.Resetter).Reset(packed, nil) // cannot fail
	return z.unpack.flate
}

// packedReader counts what is read of a member's data.
type packedReader struct {
	io.Reader
	zip *zipFile
}

// Read reads, unless the members took too much already.
func (p *packedReader) Read(b []byte) (int, error) {
	if p.zip.overlapping() {
		return 0, errOverlap
	}
	n, err := p.Reader.Read(b)
	p.zip.read += int64(n)
	return n, err
}

// overlapping reports whether the members took more to read than they can if each has its own data.
func (z *zipFile) overlapping() bool { return z.read > maxRead*z.size+windowSize }

// open makes the checks that readers make before they read, and returns the content.
func (z *zipFile) open(m *zipMember) (io.Reader, error) {
	if z.overlapping() {
		return nil, errOverlap
	}
	if m.offset < 0 || m.offset > z.size {
		return nil, errors.New("bad offset of its local header")
	}
	head := z.unpack.window.bytes(z, m.offset, localHead)
	if len(head) < localHead || binary.LittleEndian.Uint32(head) != localMark {
		return nil, errors.New("bad magic number for its local header")
	}
	flags := binary.LittleEndian.Uint16(head[6:])
	nameLength, extraLength := int64(binary.LittleEndian.Uint16(head[26:])), int64(binary.LittleEndian.Uint16(head[28:]))
	begin := m.offset + localHead + nameLength + extraLength
	raw := z.unpack.window.bytes(z, m.offset+localHead, nameLength)
	name, err := decodeName(raw, flags)
	switch {
	case int64(len(raw)) < nameLength:
		return nil, errors.New("its local header is cut off")
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
	return z.unpacked(m, z.packed(m, begin)), nil
}
