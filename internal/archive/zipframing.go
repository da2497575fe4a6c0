package archive

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Messages of PyPI about a zip whose records, read from the first byte, differ from its directory
// (docs/reference/pypi-server.md §2.8.2).
const (
	framingMalformed     = "Malformed zip file"
	framingCharacter     = "Invalid character in filename"
	framingExtraTwice    = "Invalid duplicate extra in local file"
	framingExtraName     = "Filename not valid UTF-8"
	framingDescriptor    = "ZIP contains a data descriptor"
	framingName          = "Filename not unicode"
	framingUnlisted      = "Filename not in central directory"
	framingPacked        = "Mis-matched data size"
	framingUnpacked      = "Mis-matched file size"
	framingLocalTwice    = "Duplicate filename in local headers"
	framingComment       = "Comment in central directory"
	framingCentralTwice  = "Duplicate filename in central directory"
	framingNotLocal      = "Missing filename in local headers"
	framingExtensible    = "ZIP64 extensible data not allowed"
	framingRecords       = "Mismatched central directory records"
	framingOffset        = "Mismatched central directory offset"
	framingDirectorySize = "Mismatched central directory size"
	framingSignature     = "Unknown record signature"
	framingHeadersDiffer = "Mis-matched local headers and central directory"
	framingTrailing      = "Trailing data"
	sparseSize           = 0xffffffff // marks a size that is in the zip64 extra field
	zip64EndBody         = 44         // the length field of a zip64 end record without additional data
)

// frame reads the records of a zip one after the other, by their signatures, and adds an anomaly for the first thing that
// an index would refuse.
func (z *zipFile) frame(w *walk) error {
	complaint, err := z.records(nil, w)
	if err == nil && complaint != nil {
		w.note(*complaint)
	}
	return err
}

// records reads the records of a zip one after the other, and returns the first thing that an index would refuse; nil if
// there is none. If unpack is not nil, it is called with the content of each member whose local header agrees with the directory.
func (z *zipFile) records(unpack func(*zipMember, blocks) error, w *walk) (complaint *Anomaly, err error) {
	f := &framing{zip: z, names: w.facts.Names, unpack: unpack}
	if stream := z.selection.Stream; stream != nil {
		f.stream, f.r = true, z.unpack.recordsOf(&streamed{stream, z})
	} else {
		f.r = z.unpack.recordsOf(nil)
		f.to(0)
	}
	detail := f.records()
	switch {
	case z.err != nil:
		return nil, z.err
	case detail == "":
		return nil, nil
	}
	return &Anomaly{Code: AnomalyFraming, Member: string(f.buf[:f.named]), Detail: detail, Note: f.note}, nil
}

// streamed reads the file from its first byte and stores a failure.
type streamed struct {
	r io.Reader
	z *zipFile
}

// Read reads from the stream.
func (s *streamed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.z.record(err)
	return n, err
}

// framing holds the state of a walk through the records of a zip.
type framing struct {
	zip    *zipFile
	names  *Names
	unpack func(*zipMember, blocks) error // nil if no member is unpacked
	r      *bufio.Reader
	stream bool   // whether r can only move forward
	at     int64  // the offset of r; may be beyond the end
	buf    []byte // of the current record
	named  int    // how many bytes of buf are the name of its member
	note   string // of the complaint

	locals, centrals int    // distinct names
	entries          uint64 // of the central directory
	directorySize    uint64
	directoryAt      int64 // -1 until one was found
	end              *zipTotals
	has64, located   bool // whether a zip64 end record and its locator were found
}

// zipTotals holds what an end record declares about the central directory.
type zipTotals struct{ entries, size, offset uint64 }

// to moves to an offset in the file.
func (f *framing) to(at int64) {
	f.at = at
	f.r.Reset(io.NewSectionReader(f.zip, at, max(0, f.zip.size-at)))
}

// skip moves forward by n bytes.
func (f *framing) skip(n uint64) {
	switch left := f.zip.size - f.at; {
	case left < 0 || n > uint64(left):
		f.at = f.zip.size + 1
		f.r.Reset(strings.NewReader(""))
	case f.stream || n <= uint64(f.r.Buffered()): // Buffered is never negative
		_, _ = f.r.Discard(int(n)) // no more than is left; if the file fails, the next read does, too
		f.at += int64(n)           // as above
	default:
		f.to(f.at + int64(n)) // no more than is left
	}
}

// read reads the next n bytes into buf, after the first keep bytes of it.
func (f *framing) read(keep, n int) bool {
	if cap(f.buf) < keep+n {
		f.buf = append(make([]byte, 0, 2*(keep+n)), f.buf[:keep]...)
	}
	f.buf = f.buf[:keep+n]
	got, err := io.ReadFull(f.r, f.buf[keep:])
	f.at += int64(got)
	return err == nil
}

func (f *framing) half(at int) uint16 { return binary.LittleEndian.Uint16(f.buf[at:]) }
func (f *framing) word(at int) uint64 { return uint64(binary.LittleEndian.Uint32(f.buf[at:])) }
func (f *framing) wide(at int) uint64 { return binary.LittleEndian.Uint64(f.buf[at:]) }

// records reads all records, and returns the first problem.
func (f *framing) records() string {
	f.directoryAt = -1
	for {
		f.named = 0
		if !f.read(0, 4) {
			return framingMalformed
		}
		complaint := ""
		switch string(f.buf) {
		case "PK\x03\x04":
			complaint = f.local()
		case "PK\x01\x02":
			complaint = f.central()
		case "PK\x06\x06":
			complaint = f.end64()
		case "PK\x06\x07":
			f.located = true
			if !f.read(0, locatorLength-4) {
				complaint = framingMalformed
			}
		case "PK\x05\x06":
			return f.last()
		default:
			return framingSignature
		}
		if complaint != "" {
			return complaint
		}
	}
}

// local reads a local header.
func (f *framing) local() string {
	offset := f.at - 4
	if !f.read(0, localHead-4) {
		return framingMalformed
	}
	h := localHeader{flags: f.half(2), method: f.half(4), crc: uint32(f.word(10)), packed: f.word(14), unpacked: f.word(18)}
	nameLength, extraLength := int(f.half(22)), int(f.half(24))
	if !f.read(0, nameLength+extraLength) {
		return framingMalformed
	}
	name := f.buf[:nameLength]
	f.named = nameLength
	if !printable(name) {
		return framingCharacter
	}
	if complaint := h.extras(f.buf[nameLength:]); complaint != "" {
		return complaint
	}
	if h.flags&flagDescriptor != 0 {
		return framingDescriptor
	}
	at, complaint := f.compare(name, h)
	if complaint != "" {
		return complaint
	}
	if err := f.unpackHere(at, name, offset, &h); err != nil {
		return framingMalformed // the file could not be read, which is what counts
	}
	return ""
}

// compare compares a local header with the directory, and returns the index of its row there.
func (f *framing) compare(name []byte, h localHeader) (at int, complaint string) {
	if !utf8.Valid(name) {
		return 0, framingName
	}
	at, found := f.names.rowOf(name)
	switch {
	case !found:
		return 0, framingUnlisted
	case f.names.rows[at].packed != mixSize(int64(h.packed)): // both are truncated in the same way
		return 0, framingPacked
	case f.names.rows[at].unpacked != mixSize(int64(h.unpacked)): // as above
		return 0, framingUnpacked
	case f.names.mark(at, seenLocal):
		return 0, framingLocalTwice
	}
	f.locals++
	return at, ""
}

// localHeader holds the values of a local header.
type localHeader struct {
	flags, method    uint16
	crc              uint32
	packed, unpacked uint64
}

// extras reads the extra fields; that of zip64 contains the sizes.
func (h *localHeader) extras(extra []byte) string {
	seen := 0
	for len(extra) > 0 {
		if len(extra) < 4 {
			return framingMalformed
		}
		id, length := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if length+4 > len(extra) {
			return framingMalformed
		}
		data := extra[4 : 4+length]
		extra = extra[4+length:]
		complaint, bit := "", 0
		switch id {
		case extraZip64:
			bit, complaint = 1, h.zip64(data)
		case extraUnicodePath:
			bit, complaint = 2, unicodePath(data)
		}
		if seen&bit != 0 {
			return framingExtraTwice
		}
		if seen |= bit; complaint != "" {
			return complaint
		}
	}
	return ""
}

// zip64 sets the sizes from the extra field.
func (h *localHeader) zip64(data []byte) string {
	switch len(data) {
	case 0:
		if h.packed == sparseSize || h.unpacked == sparseSize {
			return framingMalformed
		}
		return ""
	case 8:
		if h.method != methodStored {
			return framingMalformed
		}
	case 16, 24, 28:
	default:
		return framingMalformed
	}
	if h.unpacked == sparseSize {
		h.unpacked = binary.LittleEndian.Uint64(data)
	}
	h.packed = binary.LittleEndian.Uint64(data[max(0, min(8, len(data)-8)):])
	return ""
}

// unicodePath checks the name in the extra field of Info-ZIP, which follows a version and a checksum.
func unicodePath(data []byte) string {
	name := data[min(5, len(data)):]
	switch {
	case !printable(name):
		return framingCharacter
	case !utf8.Valid(name):
		return framingExtraName
	default:
		return ""
	}
}

// printable reports whether a name has no control characters.
func printable(name []byte) bool {
	for _, b := range name {
		if b < ' ' || b == 0x7f {
			return false
		}
	}
	return true
}

// central reads an entry of the central directory.
func (f *framing) central() string {
	if f.directoryAt < 0 {
		f.directoryAt = f.at - 4
	}
	f.entries++
	if !f.read(0, directoryHead-4) {
		return framingMalformed
	}
	nameLength, extraLength, comment := int(f.half(24)), int(f.half(26)), f.half(28)
	if comment != 0 {
		return framingComment
	}
	if !f.read(0, nameLength+extraLength) {
		return framingMalformed
	}
	f.directorySize += uint64(directoryHead + nameLength + extraLength) // lengths of 16 bits
	name := f.buf[:nameLength]
	f.named = nameLength
	if !printable(name) {
		return framingCharacter
	}
	at, found := f.names.rowOf(name)
	switch {
	case !found || !utf8.Valid(name) || f.names.rows[at].key&(seenLocal|seenCentral) == 0:
		return framingNotLocal
	case f.names.mark(at, seenCentral):
		return framingCentralTwice
	}
	f.centrals++
	return ""
}

// end64 reads the zip64 end record.
func (f *framing) end64() string {
	if !f.read(0, end64Length-4) {
		return framingMalformed
	}
	f.has64 = true
	f.end = &zipTotals{entries: f.wide(28), size: f.wide(36), offset: f.wide(44)}
	switch {
	case f.wide(20) != f.end.entries:
		return framingMalformed
	case f.wide(0) != zip64EndBody:
		return framingExtensible
	default:
		return ""
	}
}

// last reads the end record, and compares it with the records before it.
func (f *framing) last() string {
	if f.has64 && !f.located {
		return framingMalformed
	}
	if f.directoryAt < 0 {
		f.directoryAt = f.at - 4
	}
	if !f.read(0, endLength-4) || f.half(4) != f.half(6) {
		return framingMalformed
	}
	totals := zipTotals{entries: uint64(f.half(6)), size: f.word(8), offset: f.word(12)}
	if f.end != nil && f.located {
		totals = *f.end
	}
	f.skip(uint64(f.half(16)))
	switch {
	case totals.entries != f.entries:
		return framingRecords
	case totals.offset != uint64(f.directoryAt): // an offset in the file
		return framingOffset
	case totals.size != f.directorySize:
		return framingDirectorySize
	case f.locals != f.centrals:
		return framingHeadersDiffer
	case f.at != f.zip.size:
		f.note = fmt.Sprintf("%d bytes follow the end of the archive", max(0, f.zip.size-f.at))
		return framingTrailing
	default:
		return ""
	}
}
