package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ReadZip reads the zip archive of the given size, in bytes, in r: its central directory, then the requested members and
// all Python source, or with a Budget every member, checked against their local header and checksum, and its records from the first byte to
// the last. It keeps neither the file nor the directory in memory. It returns an error if r could not be read.
func ReadZip(r io.ReaderAt, size int64, selection Selection) (Facts, error) {
	file := &zipFile{ReaderAt: r, size: size, selection: selection, unpack: selection.Buffers.take()}
	defer selection.Buffers.give(file.unpack)
	end, err := file.findEnd()
	w := newWalk(selection)
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
	read      int64     // bytes of the members' data that were read
	unpack    *unpacker // nil if nothing is unpacked
}

// errOverlap says that the members of a zip take too much to read: several have the same data.
var errOverlap = errors.New("members overlap")

// ReadAt reads from the archive and stores a failure.
func (z *zipFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := z.ReaderAt.ReadAt(p, off)
	z.record(err)
	return n, err
}

func (z *zipFile) walk(end zipEnd, w *walk) error {
	if also, err := z.startsLikeTar(); err != nil {
		return err
	} else if also {
		w.addAnomaly(AnomalyBoth, "", "it is a tar archive as well")
	}
	wanted, err := z.list(end, w)
	if err != nil {
		return err
	}
	r := newRecord(w)
	for _, m := range wanted {
		if err := z.readMember(m, r, w); err != nil {
			return z.overlap(err, w)
		}
	}
	if w.request.Only {
		return nil
	}
	r.settle(w)
	stops := w.facts.Bomb(z.size) || w.facts.HasAnomaly(AnomalyMethod) != nil // an index checks nothing else
	if z.selection.Budget != nil && !stops && w.facts.Names.complete() {
		return z.overlap(z.readAll(end, r, w), w)
	}
	z.selection.Stream = nil // the walk through the records may come last
	if !stops {
		if err := z.inspect(end, r, z.isRead, w); err != nil {
			return z.overlap(err, w)
		}
	}
	if !w.facts.Names.complete() {
		return nil
	}
	return z.frame(w)
}

// isRead reports whether an index reads a member that is not kept.
func (z *zipFile) isRead(m *zipMember) bool {
	return IsSource(m.found) || z.selection.Verify != nil && z.selection.Verify(string(m.found))
}

// overlap makes an anomaly of the reason to read no further.
func (z *zipFile) overlap(err error, w *walk) error {
	if !errors.Is(err, errOverlap) {
		return err
	}
	w.addAnomaly(AnomalyStopped, "", fmt.Sprintf("its members overlap: to read all of them takes more than %d times its size", maxRead))
	return nil
}

// directory opens the central directory.
func (z *zipFile) directory(end zipEnd) *directory {
	section := io.NewSectionReader(z, end.start, end.directorySize)
	return &directory{r: bufio.NewReaderSize(section, int(min(64<<10, max(end.directorySize, 16)))), left: end.directorySize, end: end}
}

// list reads the central directory and returns the members to keep, the first ones of the selection before the others. Of several with one
// name, the last counts.
func (z *zipFile) list(end zipEnd, w *walk) (wanted []zipMember, err error) {
	expected := min(end.directorySize/directoryHead, maxNames)
	if err := w.hold(expected * bytesPerName); err != nil {
		return nil, err
	}
	w.facts.Names, w.held = newNames(expected), w.held-expected*bytesPerName
	all, first := z.directory(end), map[string]zipMember{}
	defer func() {
		for _, name := range slices.Backward(append([]string{w.request.Record}, w.request.First...)) {
			if m, found := first[name]; found {
				wanted = slices.Insert(wanted, 0, m)
			}
		}
	}()
	for {
		m, err := all.next()
		if errors.Is(err, io.EOF) {
			return wanted, nil
		} else if err != nil {
			return nil, err
		}
		w.visit(m.found)
		if z.twice == nil {
			if _, again := w.facts.Names.rowOf(m.key); again {
				z.twice = &sameName{name: bytes.Clone(m.key)}
			}
		}
		if err := w.remember(m.key, m.packed, m.unpacked); err != nil {
			return nil, err
		}
		switch at, known := w.facts.Names.rowOf(m.key); {
		case !known:
		case bytes.Equal(m.found, m.key):
			w.facts.Names.entries[at] = w.facts.Names.entryHash(m.crc, m.flags, m.method, m.offset)
		case w.facts.Names.complete():
			w.facts.Names.alias(m.found)
		}
		w.facts.Unpacked = add(w.facts.Unpacked, m.unpacked)
		if m.method != methodStored && m.method != methodDeflated {
			w.addAnomaly(AnomalyMethod, string(m.found), fmt.Sprintf("compression method %d", m.method))
		}
		name := string(m.found)
		if w.request.isFirst(name) {
			first[name] = m.own()
			continue
		}
		if !w.request.Keep(name) {
			continue
		}
		if len(wanted) == maxKeptCount {
			w.addAnomaly(AnomalyTooLarge, name, "too many members of its kind")
			continue
		}
		wanted = append(wanted, m.own())
	}
}

// readMember reads one member, and keeps it if its local header and its checksum match the directory.
func (z *zipFile) readMember(m zipMember, r *record, w *walk) error {
	name := string(m.found)
	if m.method != methodStored && m.method != methodDeflated {
		return nil // already reported
	}
	var content collector
	to := io.Discard
	switch keep := w.request.Keep(name); {
	case name == w.request.Record:
		if err := w.hold(min(m.unpacked, maxSums*bytesPerRow)); err != nil {
			return err
		}
		to = r
	case keep && m.unpacked > w.keepBudget(name):
		w.addAnomaly(AnomalyTooLarge, name, "too large to look into")
		return nil
	case keep:
		if err := w.hold(m.unpacked); err != nil {
			return err
		}
		if to = &content; m.unpacked > 0 {
			content.data = make([]byte, 0, m.unpacked)
		}
	}
	w.facts.Names.markUnpacked(m.key)
	algorithm := r.algorithmOf(m.found)
	sum := algorithm.new()
	from, err := z.open(&m)
	if err == nil {
		err = z.pour(from, &m, io.MultiWriter(to, sum))
	}
	if err != nil {
		if z.err != nil || errors.Is(err, errOverlap) {
			return err
		}
		delete(w.facts.Kept, name)
		delete(r.read, name)
		w.addAnomaly(AnomalyDamaged, name, err.Error())
		return nil
	}
	w.keepMember(name, content.data)
	r.read[name] = algorithm.digest(sum)
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
		if w.request.Member != nil {
			w.request.Member(Entry{Name: m.found, Mode: uint32(m.mode)}, &w.facts)
		}
		if !included(&m) {
			continue
		}
		open := func() (blocks, error) { return z.open(&m) }
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
