package archive

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// Names knows which members an archive has, without storing their names: for each it has a hash of 60 bits and, for a
// zip, the sizes that its directory declares, and a hash of what else it declares.
type Names struct {
	seed maphash.Seed
	rows []nameRow // in the order in which they were added
	// entries has, of each row, the hash of the directory entry; 0 if there is none, or the member must be read by that entry.
	entries []uint32

	slots []uint32 // open addressing: one more than an index into rows; 0 is free, and at least half of them are
	cut   bool     // whether there are more members
}

// bytesPerName is about how much memory a name takes.
const bytesPerName = 28

// nameRow represents one name. The lowest bits of the key are marks.
type nameRow struct {
	key              uint64
	packed, unpacked uint32 // sizes, folded to 32 bits; exact below 4 GiB
}

// Marks of a name.
const (
	seenLocal   = 1 << iota // a local header contained it
	seenCentral             // the central directory, read from the start of the file, contained it
	recorded                // the record of the members lists it
	unpacked                // its content was unpacked and checked
	markBits    = 1<<iota - 1
)

// newNames allocates memory for the expected number of names; more can be added.
func newNames(expected int64) *Names {
	expected = max(0, min(expected, maxNames))
	n := &Names{seed: maphash.MakeSeed(), rows: make([]nameRow, 0, expected), entries: make([]uint32, 0, expected)}
	n.slots = make([]uint32, 1<<bits.Len64(uint64(max(2*expected, 16)-1)))
	return n
}

// Has reports whether there is a member of that name. If an archive has more members than are remembered, it may have any.
func (n *Names) Has(name string) bool {
	_, found := n.slotOf(maphash.String(n.seed, name))
	return found || n.cut
}

// complete reports whether all names are remembered.
func (n *Names) complete() bool { return !n.cut }

// rowOf returns the index of a name's row.
func (n *Names) rowOf(name []byte) (at int, found bool) {
	return n.slotOf(maphash.Bytes(n.seed, name))
}

// slotOf returns the index of a name's row, or the free slot for it.
func (n *Names) slotOf(hash uint64) (at int, found bool) {
	key, mask := hash&^markBits, uint64(len(n.slots)-1)
	for slot := hash >> 4 & mask; ; slot = (slot + 1) & mask {
		index := n.slots[slot]
		if index == 0 {
			return int(slot), false
		}
		if n.rows[index-1].key&^markBits == key {
			return int(index - 1), true
		}
	}
}

// add adds a name, or replaces the sizes of a known one.
func (n *Names) add(name []byte, packed, unpacked int64) {
	hash := maphash.Bytes(n.seed, name)
	at, found := n.slotOf(hash)
	if !found {
		at = n.put(at, hash)
	}
	n.rows[at].packed, n.rows[at].unpacked = mixSize(packed), mixSize(unpacked)
	n.entries[at] = 0
}

// entryHash returns a hash of the values by which a member is read, other than its name and sizes. It is never 0.
func (n *Names) entryHash(crc uint32, flags, method uint16, offset int64) uint32 {
	var values [16]byte
	binary.LittleEndian.PutUint32(values[0:], crc)
	binary.LittleEndian.PutUint16(values[4:], flags)
	binary.LittleEndian.PutUint16(values[6:], method)
	binary.LittleEndian.PutUint64(values[8:], uint64(offset)) // may be negative; only equality counts
	return uint32(maphash.Bytes(n.seed, values[:])) | 1
}

// alias adds a name under which a member is found, but which no header contains.
func (n *Names) alias(name []byte) {
	hash := maphash.Bytes(n.seed, name)
	if at, found := n.slotOf(hash); !found {
		n.put(at, hash)
	}
}

// put fills a free slot and returns the index of the row.
func (n *Names) put(slot int, hash uint64) int {
	n.rows = append(n.rows, nameRow{key: hash &^ markBits})
	n.entries = append(n.entries, 0)
	n.slots[slot] = uint32(len(n.rows)) // a few times maxNames at most
	if 2*len(n.rows) > len(n.slots) {
		n.grow()
	}
	return len(n.rows) - 1
}

func (n *Names) grow() {
	n.slots = make([]uint32, 2*len(n.slots))
	for i, r := range n.rows {
		at, _ := n.slotOf(r.key)
		n.slots[at] = uint32(i + 1) // a few times maxNames at most
	}
}

// mark sets a mark of a name's row and reports whether it was already set.
func (n *Names) mark(at int, what uint64) (already bool) {
	already = n.rows[at].key&what != 0
	n.rows[at].key |= what
	return already
}

// markUnpacked marks a name, if it is known.
func (n *Names) markUnpacked(name []byte) {
	if at, found := n.rowOf(name); found {
		n.mark(at, unpacked)
	}
}

// isMarked reports whether a name has a mark.
func (n *Names) isMarked(name []byte, what uint64) bool {
	at, found := n.rowOf(name)
	return found && n.rows[at].key&what != 0
}

func mixSize(size int64) uint32 {
	return uint32(size) ^ uint32(size>>32)*0x9e3779b1 // truncation is intended
}
