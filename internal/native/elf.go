package native

import (
	"encoding/binary"
	"fmt"
	"sync"
)

// The formats of ELF are those of the System V ABI, chapter 4 and 5, and of the Linux Standard Base for the versions of symbols.

// elfFile reads an ELF file, of 32 or 64 bits, in its byte order.
type elfFile struct {
	*view
	order binary.ByteOrder
	wide  bool
	loads []elfSegment // those that are loaded
}

// elfSegment is a part of the file that is loaded at an address.
type elfSegment struct{ offset, address, size uint64 }

const (
	elfExecutable, elfShared   = 2, 3
	elfSegmentLoad             = 1
	elfSegmentDynamic          = 2
	elfVersionsNeeded          = 0x6ffffffe // where the versions are that it needs
	elfWeakVersion             = 1 << 1     // the loader does without it
	mostVersions               = 1 << 12
	mostSegments               = 1 << 10
	mostDynamic                = 16 << 10 // bytes of the dynamic section
	elfHeader32, elfHeader64   = 52, 64
	elfSegment32, elfSegment64 = 32, 56
)

// parseELF reads programs and shared libraries for the machines that platform tags have.
func parseELF(v *view) (Binary, bool) {
	const class, order, little, big = 4, 5, 1, 2
	head, ok := v.bytes(0, elfHeader32)
	if !ok || head[class] != 1 && head[class] != 2 {
		return Binary{}, false
	}
	f := &elfFile{view: v, order: binary.LittleEndian, wide: head[class] == 2}
	switch head[order] {
	case little:
	case big:
		f.order = binary.BigEndian
	default:
		return Binary{}, false
	}
	if f.wide {
		if head, ok = v.bytes(0, elfHeader64); !ok {
			return Binary{}, false
		}
	}
	kind, machine := f.order.Uint16(head[16:]), f.machine(f.order.Uint16(head[18:]), head[order] == big)
	if kind != elfExecutable && kind != elfShared || machine == "" {
		return Binary{}, false
	}
	b := one(ELF, Part{Machine: machine})
	if dynamic, ok := f.segments(head); ok {
		if at, ok := f.versionsNeeded(dynamic); ok {
			b.Glibc = f.glibc(at)
		}
	}
	return b, true
}

// machine returns the machine of a number; empty if no platform tag has it, or not in this form.
func (f *elfFile) machine(number uint16, big bool) Machine {
	for _, m := range [...]struct {
		number    uint16
		wide, big bool
		machine   Machine
	}{
		{3, false, false, X86},
		{62, true, false, X8664},
		{40, false, false, ARM},
		{183, true, false, ARM64},
		{21, true, true, PPC64},
		{21, true, false, PPC64LE},
		{22, true, true, S390X},
		{243, true, false, RISCV64},
	} {
		if m.number == number && m.wide == f.wide && m.big == big {
			return m.machine
		}
	}
	return ""
}

// word returns the number of the file's width at an offset of data for that width.
func (f *elfFile) word(data []byte, at32, at64 int) uint64 {
	if f.wide {
		return f.order.Uint64(data[at64:])
	}
	return uint64(f.order.Uint32(data[at32:]))
}

// segments reads the segments, notes those that are loaded, and returns the dynamic section.
func (f *elfFile) segments(head []byte) (dynamic []byte, ok bool) {
	at, size, count, length := f.word(head, 28, 32), int(f.order.Uint16(head[42:])), int(f.order.Uint16(head[44:])), elfSegment32
	if f.wide {
		size, count, length = int(f.order.Uint16(head[54:])), int(f.order.Uint16(head[56:])), elfSegment64
	}
	if size < length || count > mostSegments {
		return nil, false
	}
	table, ok := f.bytes(at, size*count)
	if !ok {
		return nil, false
	}
	var section elfSegment
	for ; len(table) >= size; table = table[size:] {
		s := elfSegment{f.word(table, 4, 8), f.word(table, 8, 16), f.word(table, 16, 32)}
		switch f.order.Uint32(table) {
		case elfSegmentLoad:
			f.loads = append(f.loads, s)
		case elfSegmentDynamic:
			section = s
		}
	}
	if section.size == 0 {
		return nil, false // a static program
	}
	return f.bytes(section.offset, int(min(section.size, mostDynamic)))
}

// versionsNeeded returns the offset of the first version that the file needs.
func (f *elfFile) versionsNeeded(dynamic []byte) (offset uint64, ok bool) {
	half := 4
	if f.wide {
		half = 8
	}
	for ; len(dynamic) >= 2*half; dynamic = dynamic[2*half:] {
		switch f.word(dynamic, 0, 0) {
		case 0:
			return 0, false
		case elfVersionsNeeded:
			return f.offset(f.word(dynamic, 4, 8))
		}
	}
	return 0, false
}

// offset returns where the file has what is loaded at an address.
func (f *elfFile) offset(address uint64) (offset uint64, ok bool) {
	for _, s := range f.loads {
		if address >= s.address && address-s.address < s.size {
			return s.offset + (address - s.address), true
		}
	}
	return 0, false
}

// glibc returns the newest version of glibc among the versions that the file needs. Each library has an entry, which has a list of its
// versions; the loader compares these by a hash of the name, and so does this.
func (f *elfFile) glibc(at uint64) (newest Version) {
	const entrySize = 16
	steps := 0
	for {
		library, ok := f.bytes(at, entrySize)
		if !ok {
			return Version{}
		}
		for version := at + uint64(f.order.Uint32(library[8:])); ; {
			if steps++; steps > mostVersions {
				return Version{}
			}
			entry, ok := f.bytes(version, entrySize)
			if !ok {
				return Version{}
			}
			if v := glibcVersions()[f.order.Uint32(entry)]; f.order.Uint16(entry[4:])&elfWeakVersion == 0 && v.Compare(newest) > 0 {
				newest = v
			}
			next := uint64(f.order.Uint32(entry[12:]))
			if next == 0 {
				break
			}
			version += next
		}
		next := uint64(f.order.Uint32(library[12:]))
		if next == 0 {
			return newest
		}
		at += next
	}
}

// glibcVersions returns the versions of glibc by the hashes of their names.
var glibcVersions = sync.OnceValue(func() map[uint32]Version {
	const newest, withPatches, patches = 99, 4, 9 // since 2.4 no name has had a third number
	all := map[uint32]Version{}
	for minor := range newest + 1 {
		name := fmt.Sprintf("GLIBC_2.%d", minor)
		all[elfHash(name)] = Version{2, minor}
		for patch := 1; patch <= patches && minor < withPatches; patch++ {
			all[elfHash(fmt.Sprintf("%s.%d", name, patch))] = Version{2, minor}
		}
	}
	return all
})

// elfHash returns the hash of the name of a symbol or version.
func elfHash(name string) (h uint32) {
	for _, c := range []byte(name) {
		h = h<<4 + uint32(c)
		h = (h ^ h>>24&0xf0) & 0x0fffffff
	}
	return h
}
