package archive

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf8"
)

const (
	methodStored   = 0
	methodDeflated = 8
	directoryHead  = 46 // bytes of a central directory entry, without its name, extra fields and comment
	newestZip      = 63 // the newest version of the format, times ten, that readers support

	flagEncrypted       = 1 << 0
	flagDescriptor      = 1 << 3
	flagPatched         = 1 << 5
	flagStrongEncrypted = 1 << 6
	flagUTF8            = 1 << 11
)

// zipMember holds the central directory entry of a member.
type zipMember struct {
	key                      []byte // the name as written, decoded to UTF-8; valid until the next entry is read
	found                    []byte // the name under which readers find the member; valid as long as key
	flags, method            uint16
	mode                     uint16 // as Unix has it; 0 if the directory has none
	crc                      uint32
	packed, unpacked, offset int64
	limit                    int64 // the offset at which the next member begins, if the directory is in order
}

// own returns a copy that remains valid.
func (m zipMember) own() zipMember {
	m.key, m.found = bytes.Clone(m.key), bytes.Clone(m.found)
	return m
}

// directory reads the central directory, entry by entry.
type directory struct {
	r       *bufio.Reader
	left    int64
	end     zipEnd
	head    [directoryHead]byte
	scratch []byte
	spare   []byte
	ahead   zipMember // the entry already read to find the limit of the previous one
	isAhead bool
}

// next returns the next entry, and io.EOF after the last.
func (d *directory) next() (zipMember, error) {
	m, err := d.taken()
	if err != nil {
		return m, err
	}
	m.limit = d.end.start
	if d.left <= 0 {
		return m, nil
	}
	d.scratch, d.spare = d.spare, d.scratch
	after, err := d.entry()
	if err != nil {
		return m, err
	}
	d.ahead, d.isAhead = after, true
	if after.offset > m.offset {
		m.limit = min(m.limit, after.offset)
	}
	return m, nil
}

// taken returns the entry that was read ahead, or reads the next one.
func (d *directory) taken() (zipMember, error) {
	if d.isAhead {
		d.isAhead = false
		return d.ahead, nil
	}
	if d.left <= 0 {
		return zipMember{}, io.EOF
	}
	return d.entry()
}

// entry reads one entry.
func (d *directory) entry() (m zipMember, err error) {
	head := d.head[:]
	if _, err := io.ReadFull(d.r, head); err != nil {
		return m, errors.New("truncated central directory")
	}
	if binary.LittleEndian.Uint32(head) != 0x02014b50 {
		return m, errors.New("bad magic number for central directory")
	}
	half := func(at int) uint16 { return binary.LittleEndian.Uint16(head[at:]) }
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(head[at:]) }
	nameLength, extraLength, commentLength := int(half(28)), int(half(30)), int(half(32))
	length := nameLength + extraLength + commentLength
	if cap(d.scratch) < length {
		d.scratch = make([]byte, max(length, 256))
	}
	rest := d.scratch[:length]
	if _, err := io.ReadFull(d.r, rest); err != nil {
		return m, errors.New("truncated central directory")
	}
	d.left -= directoryHead + int64(length)
	if version := head[6]; version > newestZip {
		return m, fmt.Errorf("it needs version %d.%d of the zip format", version/10, version%10)
	}
	m = zipMember{
		flags: half(8), method: half(10), mode: half(40), crc: word(16),
		packed: int64(word(20)), unpacked: int64(word(24)), offset: int64(word(42)),
	}
	if err := m.call(rest[:nameLength]); err != nil {
		return m, err
	}
	if err := m.applyZIP64(rest[nameLength:nameLength+extraLength], crc32.ChecksumIEEE(rest[:nameLength])); err != nil {
		return m, fmt.Errorf("member %q: %w", m.found, err)
	}
	m.offset += d.end.shift
	return m, nil
}

// call sets the names of the member. Readers cut a name at a NUL.
func (m *zipMember) call(raw []byte) (err error) {
	if m.key, err = decodeName(raw, m.flags); err != nil {
		return err
	}
	m.found, _, _ = bytes.Cut(m.key, []byte{0})
	return nil
}

// decodeName decodes a member's name: UTF-8 if the flag says so, otherwise code page 437.
func decodeName(raw []byte, flags uint16) ([]byte, error) {
	if flags&flagUTF8 == 0 {
		return fromCP437(raw), nil
	}
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("the name %q is no UTF-8, but is marked as such", raw)
	}
	return raw, nil
}

// applyZIP64 applies the extra fields: sizes from zip64, and the name from Info-ZIP's.
func (m *zipMember) applyZIP64(extra []byte, nameSum uint32) error {
	for len(extra) >= 4 {
		id, length := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if length+4 > len(extra) {
			return fmt.Errorf("corrupt extra field %04x (size=%d)", id, length)
		}
		data := extra[4 : 4+length]
		extra = extra[4+length:]
		var err error
		switch id {
		case extraZip64:
			err = m.applyZIP64Sizes(data)
		case extraUnicodePath:
			err = m.rename(data, nameSum)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Extra fields that a member may have only once.
const (
	extraZip64       = 0x0001
	extraUnicodePath = 0x7075
)

func (m *zipMember) applyZIP64Sizes(data []byte) error {
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
	return nil
}

// rename sets the UTF-8 name of an extra field, if its checksum matches the original name.
func (m *zipMember) rename(data []byte, nameSum uint32) error {
	if len(data) < 5 {
		return errors.New("corrupt unicode path extra field")
	}
	if data[0] != 1 || binary.LittleEndian.Uint32(data[1:]) != nameSum {
		return nil
	}
	if !utf8.Valid(data[5:]) {
		return errors.New("corrupt unicode path extra field: invalid utf-8 bytes")
	}
	if len(data) > 5 {
		m.found, _, _ = bytes.Cut(data[5:], []byte{0})
	}
	return nil
}
