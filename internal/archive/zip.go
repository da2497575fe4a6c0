package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Selection says what a caller needs from an archive.
type Selection struct {
	Keep   func(member string) bool // reports whether a member's content is kept
	Record string                   // the member that lists the others, like a wheel's RECORD: it is kept and compared; may be empty
	Budget *Budget                  // if not nil, every member of a zip is unpacked, as long as the budget lasts

	// Stream is the same zip from its first byte. If it is not nil, the records and the members' data are read from it,
	// so that a caller who reads the whole file anyway needs no second pass. It may be left in the middle.
	Stream io.Reader
	// Stopped, if not nil, is called before every block that is unpacked. Its error ends the walk.
	Stopped func() error
}

func (a Selection) includes(member string) bool {
	return a.Keep(member) || a.Record != "" && member == a.Record
}

// ReadZip reads the zip archive of the given size, in bytes, in r: its central directory, then the requested members,
// then its records from the first byte to the last, with the data of the members as the selection says. Each member is checked
// against its local header and its checksum. It keeps neither the file nor the directory in memory. It returns an error
// if r could not be read.
func ReadZip(r io.ReaderAt, size int64, selection Selection) (Facts, error) {
	file := &zipFile{ReaderAt: r, size: size, selection: selection}
	end, err := file.findEnd()
	w := newWalk(selection.Keep, end.directorySize/directoryHead)
	if err == nil {
		err = file.walk(end, w)
	}
	return file.result(w, err)
}

// zipFile is a zip archive that stores the first read failure.
type zipFile struct {
	io.ReaderAt
	faults
	size      int64
	selection Selection
	twice     *sameName // the first two entries with one name; nil if there are none
	unpack    unpacker
}

// ReadAt reads from the archive and stores a failure.
func (z *zipFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := z.ReaderAt.ReadAt(p, off)
	z.record(err)
	return n, err
}

func (z *zipFile) walk(end zipEnd, w *walk) error {
	if end.start < 0 || end.directorySize < 0 {
		return errors.New("bad offset for central directory")
	}
	if also, err := z.startsLikeTar(); err != nil {
		return err
	} else if also {
		w.addAnomaly(AnomalyBoth, "", "it is a tar archive as well")
	}
	wanted, err := z.list(end, w)
	if err != nil || w.facts.HasAnomaly(AnomalyStopped) != nil {
		return err
	}
	for _, m := range wanted {
		if err := z.read(m, w); err != nil {
			return err
		}
	}
	r := z.selection.record(w)
	switch {
	case w.facts.Bomb(z.size) || w.facts.HasAnomaly(AnomalyMethod) != nil: // an index stops here
		return z.frame(w)
	case z.selection.Budget != nil:
		return z.readAll(end, r, w)
	}
	if err := z.inspect(end, r, isSource, w); err != nil {
		return err
	}
	return z.frame(w)
}

func isSource(m *zipMember) bool { return IsSource(m.found) }

// directory opens the central directory.
func (z *zipFile) directory(end zipEnd) *directory {
	section := io.NewSectionReader(z, end.start, end.directorySize)
	return &directory{r: bufio.NewReaderSize(section, int(min(64<<10, max(end.directorySize, 16)))), left: end.directorySize, end: end}
}

// list reads the central directory and returns the members to keep.
func (z *zipFile) list(end zipEnd, w *walk) (wanted []zipMember, err error) {
	all := z.directory(end)
	for {
		m, err := all.next()
		if errors.Is(err, io.EOF) {
			return wanted, nil
		} else if err != nil {
			return nil, err
		}
		if !w.visit(m.found) {
			return wanted, nil
		}
		if z.twice == nil {
			if _, again := w.facts.Names.rowOf(m.key); again {
				z.twice = &sameName{name: bytes.Clone(m.key)}
			}
		}
		at := w.facts.Names.add(m.key, m.packed, m.unpacked)
		if bytes.Equal(m.found, m.key) {
			w.facts.Names.entries[at] = w.facts.Names.entryHash(m.crc, m.flags, m.method, m.offset)
		} else {
			w.facts.Names.alias(m.found)
		}
		w.facts.Unpacked = add(w.facts.Unpacked, m.unpacked)
		if m.method != methodStored && m.method != methodDeflated {
			w.addAnomaly(AnomalyMethod, string(m.found), fmt.Sprintf("compression method %d", m.method))
		}
		name := string(m.found)
		if !z.selection.includes(name) {
			continue
		}
		if len(wanted) == maxKeptCount {
			w.addAnomaly(AnomalyTooLarge, name, "too many members of its kind")
			continue
		}
		wanted = append(wanted, m.own())
	}
}

// read keeps one member, if its local header and its checksum match the directory.
func (z *zipFile) read(m zipMember, w *walk) error {
	name := string(m.found)
	if m.method != methodStored && m.method != methodDeflated {
		return nil // already reported
	}
	if m.unpacked > w.keepBudget(name) {
		w.addAnomaly(AnomalyTooLarge, name, "too large to look into")
		return nil
	}
	w.facts.Names.markUnpacked(m.key)
	var content collector
	from, err := z.open(&m)
	if err == nil {
		err = z.pour(from, &m, &content)
	}
	if err != nil {
		if z.err != nil {
			return err
		}
		delete(w.facts.Kept, name)
		w.addAnomaly(AnomalyDamaged, name, err.Error())
		return nil
	}
	w.keepMember(name, content.data)
	return nil
}

// collector stores what is written to it.
type collector struct{ data []byte }

// Write appends p. It never fails.
func (c *collector) Write(p []byte) (int, error) {
	c.data = append(c.data, p...)
	return len(p), nil
}

// The unpacked size that an index allows for a zip. Beyond it, an index checks nothing else, and neither does this
// package (docs/reference/pypi-server.md §1.6).
const (
	bombSize  = 64 << 20
	bombRatio = 50
)

// Bomb reports whether a zip of the given size, in bytes, declares more than 64 MiB and more than 50 times its size,
// which PyPI refuses.
func (f *Facts) Bomb(size int64) bool {
	return f.Unpacked > bombSize && f.Unpacked/bombRatio >= size && (f.Unpacked/bombRatio > size || f.Unpacked%bombRatio > 0)
}

// inspect reads the directory again, compares it with the record, and unpacks the members that it is told to, each by its
// entry.
func (z *zipFile) inspect(end zipEnd, r *record, included func(*zipMember) bool, w *walk) error {
	entries := z.directory(end)
	for {
		m, err := entries.next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		r.listed(&m, w)
		z.twice.see(&m, w)
		if !included(&m) {
			continue
		}
		open := func() (io.Reader, error) { return z.open(&m) }
		if err := z.examine(&m, open, r, w); err != nil {
			return err
		}
	}
}

// sameName compares the entries of one name.
type sameName struct {
	name []byte
	seen int
	crc  uint32
	size int64
}

// see looks at the next entry of the directory, and adds an anomaly at the second one of the name. s may be nil.
func (s *sameName) see(m *zipMember, w *walk) {
	if s == nil || !bytes.Equal(m.key, s.name) {
		return
	}
	switch s.seen++; s.seen {
	case 1:
		s.crc, s.size = m.crc, m.unpacked
	case 2:
		detail := "with the same content"
		if m.crc != s.crc || m.unpacked != s.size {
			detail = "with different contents"
		}
		w.addAnomaly(AnomalyTwice, string(m.found), detail)
	}
}

// add adds sizes declared by the archive, without overflow.
func add(a, b int64) int64 {
	if sum := a + b; sum >= a {
		return sum
	}
	return 1<<63 - 1
}
