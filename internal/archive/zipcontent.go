package archive

import (
	"bufio"
	"errors"
	"hash"
	"io"
	"sync/atomic"
	"unicode/utf8"
)

// Budget limits how many bytes several archives together unpack beyond what an index reads. It may be used concurrently.
type Budget struct{ left atomic.Int64 }

// NewBudget returns a budget of that many bytes.
func NewBudget(bytes int64) *Budget {
	b := &Budget{}
	b.left.Store(bytes)
	return b
}

// take reports whether n more bytes may be unpacked, and takes them from the budget.
func (b *Budget) take(n int64) bool {
	for {
		left := b.left.Load()
		if n > left {
			return false
		}
		if b.left.CompareAndSwap(left, left-n) {
			return true
		}
	}
}

// readAll reads the records from the first byte to the last, and unpacks each member where its data is. A member whose
// local header differs from its entry in the directory is read by the entry afterwards, as readers do.
func (z *zipFile) readAll(end zipEnd, r *record, w *walk) error {
	before := len(w.facts.Anomalies)
	complaint, err := z.records(func(m *zipMember, content blocks) error {
		open := func() (blocks, error) { return content, nil }
		return z.examine(m, open, r, w)
	}, w)
	if err != nil {
		return err
	}
	included := func(m *zipMember) bool { return !w.facts.Names.isMarked(m.key, unpacked) }
	if complaint != nil {
		// An index reads the sources by the directory, before it finds what the complaint is about.
		w.facts.Anomalies = append(w.facts.Anomalies[:before:before], onlyUnusable(w.facts.Anomalies[before:])...)
		included = z.isRead
	}
	if err := z.inspect(end, r, included, w); err != nil {
		return err
	}
	if complaint != nil {
		w.note(*complaint)
	}
	return nil
}

func onlyUnusable(all []Anomaly) (kept []Anomaly) {
	for _, o := range all {
		if o.Code == AnomalyUnusable || o.Code == AnomalyUnread {
			kept = append(kept, o)
		}
	}
	return kept
}

// examine unpacks a member to its end, compares it with its checksum and the record, and searches Python source for marks.
func (z *zipFile) examine(m *zipMember, open func() (blocks, error), r *record, w *walk) error {
	source := IsSource(m.found)
	if budget := z.selection.Budget; budget != nil && !budget.take(m.unpacked) {
		if w.facts.HasAnomaly(AnomalyUnread) == nil {
			w.addAnomaly(AnomalyUnread, string(m.found), "")
		}
		return nil
	}
	out := &z.unpack.examined
	out.reset(source, r.sumOf(m), z.selection.inspection(string(m.found)))
	content, err := open()
	if err == nil {
		err = z.pour(content, m, out)
	}
	if err == nil && out.inspection != nil {
		z.repeat(m, out.inspection)
	}
	out.close()
	switch {
	case z.err != nil:
		return z.err
	case errors.Is(err, errOverlap):
		return err
	case err != nil && z.isRead(m):
		w.addAnomaly(AnomalyDamaged, string(m.found), err.Error())
	case err != nil:
		w.addAnomaly(AnomalyUnusable, string(m.found), err.Error())
	default:
		if out.sum != nil {
			r.compare(m.found, r.algorithmOf(m.found).digest(out.sum), w)
		}
		if by := out.marks.result(); source && by != "" {
			w.addAnomaly(AnomalyObfuscated, string(m.found), by)
		}
	}
	return nil
}

// repeat unpacks the beginning of a member for an inspection that needs it once more. Where that is not possible, the inspection does
// without.
func (z *zipFile) repeat(m *zipMember, to Inspection) {
	for left := to.Again(); left > 0; left = to.Again() {
		if budget := z.selection.Budget; budget != nil && !budget.take(left) {
			return
		}
		content, err := z.open(m)
		for left > 0 && err == nil {
			if z.stopped() != nil {
				return
			}
			var part []byte
			part, err = content.Next()
			part = part[:min(left, int64(len(part)))]
			_, _ = to.Write(part) // never fails
			left -= int64(len(part))
		}
		z.unpack.ahead.stop()
		if left > 0 {
			return
		}
	}
}

// examined receives the content of a member.
type examined struct {
	source     bool
	marks      scanner    // of a source
	sum        hash.Hash  // nil if there is none to compare with
	inspection Inspection // nil if nothing else takes it
}

func (e *examined) reset(source bool, sum hash.Hash, inspection Inspection) {
	e.source, e.sum, e.inspection = source, sum, inspection
	e.marks.reset()
}

func (e *examined) close() {
	if e.inspection != nil {
		e.inspection.Close()
	}
}

// Write takes a part of the content. It never fails.
func (e *examined) Write(p []byte) (int, error) {
	if e.source {
		_, _ = e.marks.Write(p) // never fails
	}
	if e.sum != nil {
		_, _ = e.sum.Write(p) // never fails
	}
	if e.inspection != nil {
		_, _ = e.inspection.Write(p) // never fails
	}
	return len(p), nil
}

// unpackHere unpacks the member whose local header was just read, if its entry in the directory says the same, so that
// readers find the same data. The reader is behind the data afterwards.
func (f *framing) unpackHere(at int, name []byte, offset int64, h *localHeader) error {
	const needsEntry = flagEncrypted | flagPatched | flagStrongEncrypted
	switch {
	case f.unpack == nil || f.names.rows[at].key&unpacked != 0,
		f.names.entries[at] != f.names.entryHash(h.crc, h.flags, h.method, offset),
		h.flags&needsEntry != 0, h.method != methodStored && h.method != methodDeflated,
		h.flags&flagUTF8 == 0 && !isASCII(name),
		h.packed > uint64(max(0, f.zip.size-f.at)): // not negative
		f.skip(h.packed)
		return nil
	}
	f.names.mark(at, unpacked)
	data := &f.zip.unpack.data
	*data = packedData{r: f.r, left: int64(h.packed)} // no more than the file has
	m := zipMember{
		key: name, found: name, flags: h.flags, method: h.method, crc: h.crc,
		packed: int64(h.packed), unpacked: int64(h.unpacked), offset: offset, limit: f.zip.size,
	}
	err := f.unpack(&m, f.zip.unpacked(&m, data))
	data.skipRest()
	f.at += int64(h.packed) // as above
	return err
}

// packedData has the data of one member from a walk through the file.
type packedData struct {
	r     *bufio.Reader
	taken int   // bytes of r's buffer that were returned last
	left  int64 // bytes after these
}

// Next returns what r has buffered of the data. It returns io.EOF after the data, and io.ErrUnexpectedEOF if the file ends before.
func (d *packedData) Next() ([]byte, error) {
	if d.left == 0 {
		return nil, io.EOF
	}
	_, _ = d.r.Discard(d.taken) // they are buffered
	d.taken = 0
	if _, err := d.r.Peek(1); errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	d.taken = int(min(int64(d.r.Buffered()), d.left)) // no more than the buffer has
	d.left -= int64(d.taken)
	return d.r.Peek(d.taken) // they are buffered
}

// skipRest moves the walk behind the data.
func (d *packedData) skipRest() {
	_, _ = d.r.Discard(d.taken)     // they are buffered
	_, _ = d.r.Discard(int(d.left)) // if the file fails, the next read of the walk does, too
	d.taken, d.left = 0, 0
}

func isASCII(text []byte) bool {
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
