package archive

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/archive/inflate"
)

const (
	localHead = 30
	localMark = 0x04034b50
)

// Buffers keeps what reading an archive needs of memory, about 300 kB, from one archive to the next. Its zero value is ready for use, by
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
	u.small.data = nil
	u.data, u.ahead, u.examined = packedData{}, ahead{}, examined{}
	u.inflate.Reset(nil)
	if u.records != nil {
		u.records.Reset(nil)
	}
	b.free.Put(u)
}

// unpacker holds the buffers for reading members, which are reused from one to the next.
type unpacker struct {
	window  window
	small   oneBlock // a member's packed data, if it is in the window
	inflate inflate.Reader
	block   []byte // for the packed data of other members
	// records reads the records of the archive, one after the other.
	records *bufio.Reader

	ahead    ahead
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

// blocks has data in blocks, each of which is valid until the next one is asked for. Its error is io.EOF at the end.
type blocks interface {
	Next() ([]byte, error)
}

// oneBlock has data that is in memory.
type oneBlock struct{ data []byte }

// Next returns all of the data, once.
func (o *oneBlock) Next() ([]byte, error) {
	if len(o.data) == 0 {
		return nil, io.EOF
	}
	data := o.data
	o.data = nil
	return data, nil
}

// pour writes a member's content to out, as Python's zipfile reads it: as many bytes as the directory declares, or fewer
// if there are fewer, with a correct checksum. What is damaged right behind these bytes is damaged for Python too.
func (z *zipFile) pour(content blocks, m *zipMember, out io.Writer) error {
	defer z.unpack.ahead.stop()
	sum, left, err, exact := uint32(0), m.unpacked, error(nil), false
	for left > 0 && err == nil {
		if err := z.stopped(); err != nil {
			return err
		}
		var part []byte
		if part, err = content.Next(); int64(len(part)) > left {
			part, err = part[:left], nil
		} else {
			exact = int64(len(part)) == left && err == nil
		}
		sum = crc32.Update(sum, crc32.IEEETable, part)
		_, _ = out.Write(part) // writes to memory
		left -= int64(len(part))
	}
	if exact && m.method == methodDeflated {
		if more, after := content.Next(); len(more) == 0 {
			err = after
		}
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

// stopped returns why the walk is to end; nil if it is not.
func (z *zipFile) stopped() error {
	if z.selection.Stopped == nil {
		return nil
	}
	err := z.selection.Stopped()
	if err != nil {
		z.unpack.ahead.stop() // it may fail as well
		z.record(err)
	}
	return err
}

// packed returns the data of a member in the file.
func (z *zipFile) packed(m *zipMember, begin int64) blocks {
	if m.packed > windowSize {
		return &packedBlocks{io.NewSectionReader(z, begin, m.packed), z}
	}
	z.unpack.small.data = z.unpack.window.bytes(z, begin, m.packed)
	z.read += m.packed
	return &z.unpack.small
}

// unpacked returns a member's content, given its data in the file. Whoever reads it calls stop of z.unpack.ahead afterwards.
func (z *zipFile) unpacked(m *zipMember, packed blocks) blocks {
	if m.method == methodStored {
		return packed
	}
	z.unpack.inflate.Reset(packed)
	if start := z.selection.Start; start != nil && m.unpacked > severalBlocks {
		z.unpack.inflate.Alternate()
		z.unpack.ahead = ahead{from: &z.unpack.inflate, start: start, failed: &z.faults}
		return &z.unpack.ahead
	}
	return &z.unpack.inflate
}

// packedBlocks counts what is read of a member's data.
type packedBlocks struct {
	section io.Reader
	zip     *zipFile
}

const blockSize = 4 << 10

// Next reads the next block, unless the members took too much already.
func (p *packedBlocks) Next() ([]byte, error) {
	if p.zip.overlapping() {
		return nil, errOverlap
	}
	if p.zip.unpack.block == nil {
		p.zip.unpack.block = make([]byte, blockSize)
	}
	n, err := p.section.Read(p.zip.unpack.block)
	if p.zip.read += int64(n); n > 0 {
		err = nil // comes again
	}
	return p.zip.unpack.block[:n], err
}

// overlapping reports whether the members took more to read than they can if each has its own data.
func (z *zipFile) overlapping() bool { return z.read > maxRead*z.size+windowSize }

// open makes the checks that readers make before they read, and returns the content.
func (z *zipFile) open(m *zipMember) (blocks, error) {
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
