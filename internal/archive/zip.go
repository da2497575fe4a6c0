package archive

import (
	"bufio"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

const (
	methodStored   = 0
	methodDeflated = 8
	flagEncrypted  = 1
)

// ReadZip walks the zip archive of the given size in r: its central directory, and of its members only those that keep
// asks for, which are checked against their local header and checksum. It keeps neither the file nor the directory in
// memory. An error means that r could not be read.
func ReadZip(r io.ReaderAt, size int64, keep func(member string) bool) (Facts, error) {
	file := &zipFile{ReaderAt: r, size: size}
	w := newWalk(keep)
	return file.verdict(w, file.walk(w))
}

// zipFile is a zip archive that remembers when reading it failed.
type zipFile struct {
	io.ReaderAt
	faults
	size int64
}

// ReadAt reads from the archive and remembers a failure.
func (z *zipFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := z.ReaderAt.ReadAt(p, off)
	z.note(err)
	return n, err
}

func (z *zipFile) walk(w *walk) error {
	end, err := z.findEnd()
	if err != nil {
		return err
	}
	if end.start < 0 || end.directorySize < 0 {
		return errors.New("bad offset for central directory")
	}
	wanted, err := z.list(end, w)
	if err != nil {
		return err
	}
	for _, m := range wanted {
		if err := z.read(m, w); err != nil {
			return fmt.Errorf("member %q: %w", m.name, err)
		}
	}
	return nil
}

// list walks the central directory and returns the members to keep.
func (z *zipFile) list(end zipEnd, w *walk) (wanted []zipMember, err error) {
	directory := bufio.NewReaderSize(io.NewSectionReader(z, end.start, end.directorySize), int(min(64<<10, end.directorySize)))
	for left := end.directorySize; left > 0; {
		m, length, err := readDirectoryEntry(directory)
		if err != nil {
			return nil, err
		}
		left -= length
		m.offset += end.shift
		if !w.visit(m.name) {
			return wanted, nil
		}
		w.facts.Unpacked = add(w.facts.Unpacked, m.unpacked)
		if m.method != methodStored && m.method != methodDeflated {
			w.odd(OddMethod, m.name, fmt.Sprintf("compression method %d", m.method))
		}
		if !w.keep(m.name) {
			continue
		}
		if len(wanted) == maxKeptCount {
			w.odd(OddTooLarge, m.name, "too many members of its kind")
			continue
		}
		wanted = append(wanted, m)
	}
	return wanted, nil
}

// read keeps one member, once its local header and its checksum agree with the directory.
func (z *zipFile) read(m zipMember, w *walk) error {
	content, err := z.open(m)
	if err != nil {
		return err
	}
	if m.unpacked > maxKept {
		w.odd(OddTooLarge, m.name, "too large to look into")
		return nil
	}
	sum := crc32.NewIEEE()
	held, err := w.hold(m.name, io.TeeReader(io.LimitReader(content, m.unpacked), sum))
	if err != nil {
		return err
	}
	if held && sum.Sum32() != m.crc {
		delete(w.facts.Kept, m.name)
		return errors.New("bad CRC-32")
	}
	return nil
}

func (z *zipFile) open(m zipMember) (io.Reader, error) {
	if m.flags&flagEncrypted != 0 {
		return nil, errors.New("it is encrypted")
	}
	if m.offset < 0 {
		return nil, errors.New("bad offset of its local header")
	}
	local := io.NewSectionReader(z, m.offset, max(z.size-m.offset, 0))
	var head [30]byte
	if _, err := io.ReadFull(local, head[:]); err != nil || binary.LittleEndian.Uint32(head[:]) != 0x04034b50 {
		return nil, errors.New("bad magic number for its local header")
	}
	nameLength, extraLength := int64(binary.LittleEndian.Uint16(head[26:])), int64(binary.LittleEndian.Uint16(head[28:]))
	name := make([]byte, nameLength)
	if _, err := io.ReadFull(local, name); err != nil || string(name) != m.rawName {
		return nil, fmt.Errorf("its name in the directory and in the local header (%q) differ", name)
	}
	packed := io.NewSectionReader(z, m.offset+int64(len(head))+nameLength+extraLength, m.packed)
	switch m.method {
	case methodStored:
		return packed, nil
	case methodDeflated:
		return flate.NewReader(packed), nil
	default:
		return nil, fmt.Errorf("compression method %d", m.method)
	}
}

// zipMember is what the central directory says of a member.
type zipMember struct {
	name, rawName            string // rawName as written; name ends at a NUL, as readers cut it
	flags, method            uint16
	crc                      uint32
	packed, unpacked, offset int64
}

// readDirectoryEntry reads one header of the central directory and tells its length.
func readDirectoryEntry(r io.Reader) (m zipMember, length int64, err error) {
	var head [46]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return m, 0, errors.New("truncated central directory")
	}
	if binary.LittleEndian.Uint32(head[:]) != 0x02014b50 {
		return m, 0, errors.New("bad magic number for central directory")
	}
	half := func(at int) uint16 { return binary.LittleEndian.Uint16(head[at:]) }
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(head[at:]) }
	nameLength, extraLength, commentLength := int(half(28)), int(half(30)), int(half(32))
	rest := make([]byte, nameLength+extraLength+commentLength)
	if _, err := io.ReadFull(r, rest); err != nil {
		return m, 0, errors.New("truncated central directory")
	}
	m = zipMember{
		rawName: string(rest[:nameLength]), flags: half(8), method: half(10), crc: word(16),
		packed: int64(word(20)), unpacked: int64(word(24)), offset: int64(word(42)),
	}
	m.name, _, _ = strings.Cut(m.rawName, "\x00")
	if err := m.widen(rest[nameLength : nameLength+extraLength]); err != nil {
		return m, 0, fmt.Errorf("member %q: %w", m.name, err)
	}
	return m, int64(len(head) + len(rest)), nil
}

// widen takes the sizes that do not fit 32 bits from the zip64 extra field.
func (m *zipMember) widen(extra []byte) error {
	for len(extra) >= 4 {
		id, length := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if length+4 > len(extra) {
			return fmt.Errorf("corrupt extra field %04x (size=%d)", id, length)
		}
		data := extra[4 : 4+length]
		extra = extra[4+length:]
		if id != 1 {
			continue
		}
		for _, size := range []*int64{&m.unpacked, &m.packed, &m.offset} {
			if *size != 0xffffffff {
				continue
			}
			if len(data) < 8 {
				return errors.New("corrupt zip64 extra field")
			}
			*size = int64(binary.LittleEndian.Uint64(data) &^ (1 << 63))
			data = data[8:]
		}
	}
	return nil
}

// add adds sizes that a stranger declared, without overflow.
func add(a, b int64) int64 {
	if sum := a + b; sum >= a {
		return sum
	}
	return 1<<63 - 1
}
