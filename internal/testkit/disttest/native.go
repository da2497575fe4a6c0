package disttest

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"strings"
)

// The files of native code here have headers alone, and no code. The packages of the standard library for their formats read them.

// ELF returns a shared library that needs versions of glibc, such as GLIBC_2.17. A name in parentheses is one that the loader does without.
// What the loader needs to know stands where linkers put it: the table of versions in front, its address behind so many bytes of padding.
func ELF(machine elf.Machine, padding int, versions ...string) string {
	return writerFor(machine).library(machine, padding, false, versions)
}

// LateELF is ELF with the padding in front of the table of versions, as tools leave it that change a library: it has been read when its
// address comes only after it is out of reach.
func LateELF(machine elf.Machine, padding int, versions ...string) string {
	return writerFor(machine).library(machine, padding, true, versions)
}

// writerFor returns how files are written for a machine.
func writerFor(machine elf.Machine) elfWriter {
	f := elfWriter{wide: true, order: binary.LittleEndian, base: 0x10000}
	switch machine {
	case elf.EM_386, elf.EM_ARM:
		f.wide = false
	case elf.EM_S390, elf.EM_PPC64:
		f.order = binary.BigEndian
	}
	return f
}

type elfWriter struct {
	wide  bool
	order binary.AppendByteOrder
	base  int // the address of the first byte
}

// number appends a number of the width of the file.
func (f elfWriter) number(to []byte, n int) []byte {
	if f.wide {
		return f.order.AppendUint64(to, uint64(n))
	}
	return f.order.AppendUint32(to, uint32(n))
}

func (f elfWriter) library(machine elf.Machine, padding int, late bool, versions []string) string {
	const segments, sections, symbol, word, pageSize = 3, 6, 16, 4, 4096
	header, segment, section, symbols := 52, 32, 40, make([]byte, 2*16) // without a name
	class := elf.ELFCLASS32
	if f.wide {
		class, header, segment, section, symbols = elf.ELFCLASS64, 64, 56, 64, make([]byte, 2*24)
	}
	names := []byte("\x00libc.so.6\x00")
	var needed []byte
	needed = f.order.AppendUint16(needed, 1)
	needed = f.order.AppendUint16(needed, uint16(len(versions)))
	for _, n := range []uint32{1, symbol, 0} { // the library, its first version, and no other library
		needed = f.order.AppendUint32(needed, n)
	}
	for i, version := range versions {
		name, flags, next := strings.Trim(version, "()"), uint16(0), uint32(symbol)
		if name != version {
			flags = 1 << 1
		}
		if i == len(versions)-1 {
			next = 0
		}
		needed = f.order.AppendUint32(needed, hashOf(name))
		needed = f.order.AppendUint16(needed, flags)
		needed = f.order.AppendUint16(needed, uint16(i+2))
		needed = f.order.AppendUint32(needed, uint32(len(names)))
		needed = f.order.AppendUint32(needed, next)
		names = append(append(names, name...), 0)
	}
	if len(versions) == 0 {
		needed = nil
	}
	for len(names)%word > 0 {
		names = append(names, 0)
	}
	symbolsAt := header + segments*segment
	namesAt := symbolsAt + len(symbols)
	between, behind := 0, padding
	if late {
		between, behind = padding, pageSize
	}
	neededAt := namesAt + len(names) + between
	dynamicAt := neededAt + len(needed) + behind
	var dynamic []byte
	entry := func(tag elf.DynTag, value int) { dynamic = f.number(f.number(dynamic, int(tag)), value) }
	entry(elf.DT_STRTAB, f.base+namesAt)
	entry(elf.DT_NEEDED, 1)
	if len(versions) > 0 {
		entry(elf.DT_VERNEED, f.base+neededAt)
		entry(elf.DT_VERNEEDNUM, 1)
	}
	entry(elf.DT_NULL, 0)
	sectionsAt := dynamicAt + len(dynamic)

	b := []byte{0x7f, 'E', 'L', 'F', byte(class), 1, 1}
	if f.order == binary.AppendByteOrder(binary.BigEndian) {
		b[5] = 2
	}
	b = append(b, make([]byte, 9)...)
	b = f.order.AppendUint16(b, uint16(elf.ET_DYN))
	b = f.order.AppendUint16(b, uint16(machine))
	b = f.order.AppendUint32(b, 1)
	for _, n := range []int{0, header, sectionsAt} { // no entry point
		b = f.number(b, n)
	}
	b = f.order.AppendUint32(b, 0)
	for _, n := range []int{header, segment, segments, section, sections, 0} {
		b = f.order.AppendUint16(b, uint16(n))
	}
	loaded := sectionsAt
	for _, s := range []struct{ kind, at, size int }{
		{int(elf.PT_PHDR), header, segments * segment},
		{int(elf.PT_LOAD), 0, loaded},
		{int(elf.PT_DYNAMIC), dynamicAt, len(dynamic)},
	} {
		b = f.order.AppendUint32(b, uint32(s.kind))
		if f.wide {
			b = f.order.AppendUint32(b, 4)
		}
		for _, n := range []int{s.at, f.base + s.at, f.base + s.at, s.size, s.size} {
			b = f.number(b, n)
		}
		if f.wide {
			b = f.number(b, 8)
			continue
		}
		b = f.order.AppendUint32(f.order.AppendUint32(b, 4), 4)
	}
	b = append(b, symbols...)
	b = append(append(b, names...), noise(between)...)
	b = append(append(b, needed...), noise(behind)...)
	b = append(b, dynamic...)
	for _, s := range []struct{ kind, at, size, link, info int }{
		{},
		{int(elf.SHT_STRTAB), namesAt, len(names), 0, 0},
		{int(elf.SHT_GNU_VERNEED), neededAt, len(needed), 1, 1},
		{int(elf.SHT_DYNAMIC), dynamicAt, len(dynamic), 1, 0},
		{int(elf.SHT_DYNSYM), symbolsAt, len(symbols), 1, 0},
		{int(elf.SHT_GNU_VERSYM), symbolsAt, word, 4, 0}, // zeros: symbols of no version
	} {
		b = f.order.AppendUint32(f.order.AppendUint32(b, 0), uint32(s.kind))
		for _, n := range []int{0, f.base + s.at, s.at, s.size} {
			b = f.number(b, n)
		}
		b = f.order.AppendUint32(f.order.AppendUint32(b, uint32(s.link)), uint32(s.info))
		b = f.number(f.number(b, 4), 0)
	}
	return string(b)
}

// noise returns bytes that cannot be compressed to nothing, but have no other meaning.
func noise(n int) []byte {
	b, state := make([]byte, n), uint32(1)
	for i := range b {
		state = state*1664525 + 1013904223
		b[i] = byte(state >> 24)
	}
	return b
}

// hashOf is the hash of names in the System V ABI, as the linker writes it.
func hashOf(name string) uint32 {
	var h uint32
	for i := range len(name) {
		h = h<<4 + uint32(name[i])
		if high := h & 0xf0000000; high != 0 {
			h ^= high >> 24
			h &^= high
		}
	}
	return h
}

// The systems of a Mach-O file, as LC_BUILD_VERSION numbers them.
const (
	ForMacOS     = 1
	ForIOS       = 2
	ForSimulator = 7
)

// MachO returns a module for one processor that needs a system from this version on, such as 11.0.
func MachO(cpu macho.Cpu, system, major, minor int) string {
	const buildVersion, size, bundle = 0x32, 24, 8
	wide := cpu&0x01000000 != 0
	order := binary.LittleEndian
	magic := macho.Magic32
	if wide {
		magic = macho.Magic64
	}
	var b []byte
	for _, n := range []uint32{magic, uint32(cpu), 0, bundle, 1, size, 0} {
		b = order.AppendUint32(b, n)
	}
	if wide {
		b = order.AppendUint32(b, 0)
	}
	for _, n := range []uint32{buildVersion, size, uint32(system), uint32(major<<16 | minor<<8), 0, 0} {
		b = order.AppendUint32(b, n)
	}
	return string(b)
}

// OldMachO returns a module for one processor as linkers wrote it for macOS 10.13 and older: with another command for the system.
func OldMachO(cpu macho.Cpu, major, minor int) string {
	const oldest, size = 0x24, 16
	b := []byte(MachO(cpu, ForMacOS, major, minor))
	commands := len(b) - 24
	b = b[:commands+size]
	order := binary.LittleEndian
	order.PutUint32(b[20:], size)
	for i, n := range []uint32{oldest, size, uint32(major<<16 | minor<<8), 0} {
		order.PutUint32(b[commands+4*i:], n)
	}
	return string(b)
}

// Universal returns a universal file with the parts for several processors, each behind so many bytes of padding.
func Universal(padding int, parts ...string) string {
	const head, entry, align = 8, 20, 4096
	order := binary.BigEndian
	b := order.AppendUint32(order.AppendUint32(nil, macho.MagicFat), uint32(len(parts)))
	at := head + entry*len(parts)
	var offsets []int
	for _, part := range parts {
		at = (at + padding + align - 1) / align * align
		offsets = append(offsets, at)
		for _, n := range []uint32{binary.LittleEndian.Uint32([]byte(part)[4:]), 0, uint32(at), uint32(len(part)), 12} {
			b = order.AppendUint32(b, n)
		}
		at += len(part)
	}
	for i, part := range parts {
		b = append(append(b, noise(offsets[i]-len(b))...), part...)
	}
	return string(b)
}

// PE returns a library for Windows: with code, unless it is to have resources alone, and perhaps for .NET.
func PE(machine uint16, code, dotNet bool) string {
	const lfanew, directories = 128, 16
	wide := machine != pe.IMAGE_FILE_MACHINE_I386 && machine != pe.IMAGE_FILE_MACHINE_ARMNT
	var optional any = pe.OptionalHeader32{Magic: 0x10b, NumberOfRvaAndSizes: directories}
	if wide {
		optional = pe.OptionalHeader64{Magic: 0x20b, NumberOfRvaAndSizes: directories}
	}
	var b bytes.Buffer
	b.WriteString("MZ")
	b.Write(make([]byte, 58))
	write := func(v any) { must(binary.Write(&b, binary.LittleEndian, v)) }
	write(uint32(lfanew))
	b.Write(make([]byte, lfanew-b.Len()))
	b.WriteString("PE\x00\x00")
	const image, library = 0x2, 0x2000
	write(pe.FileHeader{Machine: machine, SizeOfOptionalHeader: uint16(binary.Size(optional)), Characteristics: image | library})
	at := b.Len()
	write(optional)
	raw := b.Bytes()
	if code {
		raw[at+4] = 1
	}
	if dotNet {
		raw[len(raw)-2*8] = 1 // the last directory but one
	}
	return string(raw)
}
