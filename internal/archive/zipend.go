package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	endLength     = 22 // of the end of central directory, without its comment
	end64Length   = 56
	locatorLength = 20
	maxComment    = 1 << 16
)

var endMark = []byte("PK\x05\x06")

// Python's reader is that of version 3.14 (docs/reference/pypi-server.md §2.8.1): a file whose end records do not lead to a central
// directory is no zip.
var (
	errOtherDisk   = fmt.Errorf("%w: its end record says that the central directory is on another disk", ErrNotZip)
	errNoDirectory = fmt.Errorf("%w: there is no central directory where its end record says", ErrNotZip)
	errZip64       = fmt.Errorf("%w: its zip64 end record is not where its locator says, or does not fit the directory", ErrNotZip)
)

// ErrExtensible says that the zip64 end record has extensible data. Python reads such an archive; no index accepts it.
var ErrExtensible = errors.New("its zip64 end record has extensible data")

// zipEnd describes where a zip's central directory is.
type zipEnd struct {
	start, directorySize int64
	shift                int64 // the length of the data before the archive, which must be added to every declared offset
}

// findEnd finds the central directory as Python's zipfile does: it searches the last end record, and expects the
// directory directly before it, ignoring its declared offset.
func (z *zipFile) findEnd() (zipEnd, error) {
	tail, err := z.tail(endLength)
	at := 0
	if err == nil && !isEnd(tail) {
		tail, err = z.tail(endLength + maxComment)
		at = lastEnd(tail)
	}
	if err != nil {
		return zipEnd{}, err
	}
	tailStart := z.size - int64(len(tail))
	if at < 0 {
		return zipEnd{}, fmt.Errorf("%w: it has no end of central directory", ErrNotZip)
	}
	record := tail[at:]
	position := tailStart + int64(at)
	size, offset := int64(binary.LittleEndian.Uint32(record[12:])), int64(binary.LittleEndian.Uint32(record[16:]))
	empty, sameDisk := binary.LittleEndian.Uint16(record[10:]) == 0, bytes.Equal(record[4:6], record[6:8])
	if wide, found, err := z.end64(position); err != nil {
		return zipEnd{}, err
	} else if found {
		size, offset, position, empty, sameDisk = wide.size, wide.offset, wide.at, wide.empty, wide.sameDisk
	}
	start := position - size
	end := zipEnd{start: start, directorySize: size, shift: start - offset}
	if empty && size == 0 && offset == 0 {
		return end, nil
	}
	if !sameDisk {
		return zipEnd{}, errOtherDisk
	}
	return end, z.leadsToDirectory(end)
}

// leadsToDirectory returns an error if there is no central directory.
func (z *zipFile) leadsToDirectory(end zipEnd) error {
	if end.start < 0 || end.directorySize < directoryHead {
		return errNoDirectory
	}
	var head [4]byte
	if _, err := z.ReadAt(head[:], end.start); err != nil && z.err != nil {
		return err
	}
	if string(head[:]) != "PK\x01\x02" {
		return errNoDirectory
	}
	return nil
}

// tail returns the last bytes of the file, at most so many.
func (z *zipFile) tail(length int64) ([]byte, error) {
	tail := make([]byte, min(z.size, length))
	if _, err := z.ReadAt(tail, z.size-int64(len(tail))); err != nil && z.err != nil {
		return nil, err
	}
	return tail, nil
}

// isEnd reports whether a text is an end record without a comment, as the end of nearly every archive is.
func isEnd(text []byte) bool {
	return len(text) == endLength && bytes.HasPrefix(text, endMark) && text[20] == 0 && text[21] == 0
}

// lastEnd returns where the last end record is, or -1.
func lastEnd(tail []byte) int {
	at := bytes.LastIndex(tail, endMark)
	if at >= 0 && len(tail)-at < endLength {
		return -1
	}
	return at
}

// zipEnd64 holds the zip64 end record.
type zipEnd64 struct {
	size, offset int64 // of the central directory
	at           int64 // where the record is
	empty        bool  // it counts no entries
	sameDisk     bool
}

// end64 reads the zip64 records before the end of central directory. found is false if there is no locator.
func (z *zipFile) end64(end int64) (wide zipEnd64, found bool, err error) {
	var locator [locatorLength]byte
	if end < locatorLength {
		return wide, false, nil
	}
	if _, err := z.ReadAt(locator[:], end-locatorLength); err != nil {
		return wide, false, err
	}
	if !bytes.HasPrefix(locator[:], []byte("PK\x06\x07")) {
		return wide, false, nil
	}
	last := end - locatorLength - end64Length // where a record without extensible data is
	declared := wideAt(locator[:], 8)
	if binary.LittleEndian.Uint32(locator[4:]) != 0 || binary.LittleEndian.Uint32(locator[16:]) > 1 || declared > last {
		return wide, false, errZip64
	}
	record, at := make([]byte, end64Length), declared
	for _, at = range []int64{declared, last} { // the second is for data before the archive
		if _, err := z.ReadAt(record, at); err != nil {
			return wide, false, err
		}
		if bytes.HasPrefix(record, []byte("PK\x06\x06")) {
			break
		}
	}
	length, size, offset := wideAt(record, 4), wideAt(record, 40), wideAt(record, 48)
	switch {
	case !bytes.HasPrefix(record, []byte("PK\x06\x06")), offset > declared || declared-offset != size, length+12 != end64Length+last-at:
		return wide, false, errZip64
	case at < last:
		return wide, false, ErrExtensible
	}
	return zipEnd64{
		size: size, offset: offset, at: at, empty: wideAt(record, 32) == 0,
		sameDisk: binary.LittleEndian.Uint32(record[16:]) == binary.LittleEndian.Uint32(record[20:]),
	}, true, nil
}

// wideAt returns a number of eight bytes. The highest bit is left out: no file is that long.
func wideAt(b []byte, at int) int64 { return int64(binary.LittleEndian.Uint64(b[at:]) &^ (1 << 63)) }
