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

// errOtherDisk is why Python does not take a file for a zip since version 3.14 (docs/reference/pypi-server.md §2.8.1).
var errOtherDisk = fmt.Errorf("%w: its end record says that the central directory is on another disk", ErrNotZip)

// zipEnd describes where a zip's central directory is.
type zipEnd struct {
	start, directorySize int64
	shift                int64 // the length of the data before the archive, which must be added to every declared offset
}

// findEnd finds the central directory as Python's zipfile does: it searches the last end record, and expects the
// directory directly before it, ignoring its declared offset.
func (z *zipFile) findEnd() (zipEnd, error) {
	tail := make([]byte, min(z.size, maxComment+endLength))
	tailStart := z.size - int64(len(tail))
	if _, err := z.ReadAt(tail, tailStart); err != nil && z.err != nil {
		return zipEnd{}, err
	}
	at := lastEnd(tail)
	if at < 0 {
		return zipEnd{}, fmt.Errorf("%w: it has no end of central directory", ErrNotZip)
	}
	record := tail[at:]
	position := tailStart + int64(at)
	size, offset := int64(binary.LittleEndian.Uint32(record[12:])), int64(binary.LittleEndian.Uint32(record[16:]))
	if size64, offset64, ok, err := z.end64(position); err != nil {
		return zipEnd{}, err
	} else if ok {
		size, offset, position = size64, offset64, position-end64Length-locatorLength
	} else if !bytes.Equal(record[4:6], record[6:8]) && (size > 0 || offset > 0) {
		return zipEnd{}, errOtherDisk
	}
	start := position - size
	return zipEnd{start: start, directorySize: size, shift: start - offset}, nil
}

func lastEnd(tail []byte) int {
	if at := len(tail) - endLength; at >= 0 && bytes.HasPrefix(tail[at:], endMark) && tail[at+20] == 0 && tail[at+21] == 0 {
		return at
	}
	at := bytes.LastIndex(tail, endMark)
	if at >= 0 && len(tail)-at < endLength {
		return -1
	}
	return at
}

// end64 reads the zip64 records before the end of central directory, if there are any.
func (z *zipFile) end64(end int64) (size, offset int64, ok bool, err error) {
	if end < locatorLength+end64Length {
		return 0, 0, false, nil
	}
	var both [end64Length + locatorLength]byte
	if _, err := z.ReadAt(both[:], end-int64(len(both))); err != nil {
		return 0, 0, false, err
	}
	record, locator := both[:end64Length], both[end64Length:]
	if !bytes.HasPrefix(locator, []byte("PK\x06\x07")) {
		return 0, 0, false, nil
	}
	if binary.LittleEndian.Uint32(locator[4:]) != 0 || binary.LittleEndian.Uint32(locator[16:]) > 1 {
		return 0, 0, false, errors.New("zip archives that span multiple disks are not supported")
	}
	if !bytes.HasPrefix(record, []byte("PK\x06\x06")) {
		return 0, 0, false, nil
	}
	if binary.LittleEndian.Uint32(record[16:]) != binary.LittleEndian.Uint32(record[20:]) {
		return 0, 0, false, errOtherDisk
	}
	wide := func(at int) int64 { return int64(binary.LittleEndian.Uint64(record[at:]) &^ (1 << 63)) }
	return wide(40), wide(48), true, nil
}
