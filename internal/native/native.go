// Package native reads what a file of native code says of itself: its format, the machines that it is for, the oldest system that runs it,
// and the newest version of glibc that it needs.
//
// # Goals
//
// The content comes in parts, from its first byte to its last, so that nobody unpacks a file for this alone. Of an ELF file the table of
// the needed versions stands in front of what says where it is: then the first part of the content is asked for once more.
//
// # Limitations
//
// It reads headers alone: those of ELF, of Mach-O in little-endian order and universal, and of PE; of no file more than 256 KiB. Whatever
// else a file has, or has in another place, it is no native code, or does not say what it needs. The packages of the standard library for
// these formats are not made for files of strangers, as their documentation says, and want to read at any offset; tests compare with them.
package native

import "strconv"

// Binary is what a file says of itself. It is comparable.
type Binary struct {
	Format Format
	Parts  [MostParts]Part // one, or of a universal file one for each machine; the others are zero
	Glibc  Version         // the newest version of glibc that it needs; zero if none is known
}

// MostParts is how many machines a universal file may be for. macOS has had five.
const MostParts = 6

// Part is the code for one machine.
type Part struct {
	Machine Machine
	System  System  // the system that it was built for; only Mach-O says so
	Oldest  Version // of that system; zero if it is unknown
}

// Format is the format of a file of native code.
type Format string

// The formats.
const (
	ELF   Format = "ELF"
	MachO Format = "Mach-O"
	PE    Format = "PE"
)

// Machine is a kind of processor, by a name for people.
type Machine string

// The machines that platform tags have.
const (
	X86     Machine = "x86"
	X8664   Machine = "x86-64"
	ARM     Machine = "32-bit ARM"
	ARM64   Machine = "ARM64"
	PPC64   Machine = "big-endian POWER"
	PPC64LE Machine = "POWER"
	S390X   Machine = "s390x"
	RISCV64 Machine = "RISC-V"
)

// System is an operating system, by a name for people.
type System string

// The systems that Mach-O files name, as far as platform tags have them.
const (
	MacOS     System = "macOS"
	IOS       System = "iOS"
	Simulator System = "the iOS simulator"
)

// Version has the first two numbers of a version.
type Version struct{ Major, Minor int }

// Compare returns -1, 0 or 1 if v is less than, the same as or greater than w.
func (v Version) Compare(w Version) int {
	switch {
	case v == w:
		return 0
	case v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor:
		return -1
	default:
		return 1
	}
}

// String returns the version with a dot.
func (v Version) String() string { return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor) }

// Has reports whether the file has code for a machine.
func (b Binary) Has(m Machine) bool {
	for _, part := range b.Parts {
		if part.Machine == m {
			return true
		}
	}
	return false
}

// Machines returns the machines that the file is for.
func (b Binary) Machines() (all []Machine) {
	for _, part := range b.Parts {
		if part.Machine != "" {
			all = append(all, part.Machine)
		}
	}
	return all
}

// one returns a file with code for one machine.
func one(format Format, part Part) Binary {
	return Binary{Format: format, Parts: [MostParts]Part{part}}
}
