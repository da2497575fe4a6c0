package native

import "encoding/binary"

// The formats of Mach-O are those of mach-o/loader.h and mach-o/fat.h of macOS.

const (
	machProgram, machLibrary, machBundle = 2, 6, 8

	machBuildVersion = 0x32 // a command with the system and its oldest version
	machOldestMacOS  = 0x24 // the same for one system, in older files
	machOldestIOS    = 0x25

	mostCommands = 64 << 10 // bytes
)

// parseMachO reads programs, libraries and modules.
func parseMachO(v *view) (Binary, bool) {
	part, ok := machPart(v, 0)
	if !ok {
		return Binary{}, false
	}
	return one(MachO, part), true
}

// machPart reads the code for one machine that begins at an offset.
func machPart(v *view, at uint64) (part Part, ok bool) {
	const header32, header64 = 28, 32
	head, ok := v.bytes(at, header64)
	if !ok {
		return part, false
	}
	word := func(data []byte, at int) uint32 { return binary.LittleEndian.Uint32(data[at:]) }
	length := header32
	switch word(head, 0) {
	case 0xfeedface:
	case 0xfeedfacf:
		length = header64
	default:
		return part, false
	}
	part.Machine = machMachine(word(head, 4))
	if kind := word(head, 12); kind != machProgram && kind != machLibrary && kind != machBundle || part.Machine == "" {
		return part, false
	}
	if word(head, 20) > mostCommands {
		return part, false
	}
	commands, ok := v.bytes(at+uint64(length), int(word(head, 20)))
	if !ok {
		return part, false
	}
	for len(commands) >= 8 {
		size := word(commands, 4)
		if size < 8 || uint64(size) > uint64(len(commands)) {
			return part, false
		}
		if system, oldest := machOldest(commands[:size]); system == MacOS || part.System == "" {
			part.System, part.Oldest = system, oldest
		}
		commands = commands[size:]
	}
	return part, true
}

// machOldest returns the oldest version of a system that a command names; empty if it is another command.
func machOldest(command []byte) (system System, oldest Version) {
	const size = 16
	if len(command) < size {
		return "", Version{}
	}
	kind, version := binary.LittleEndian.Uint32(command), binary.LittleEndian.Uint32(command[8:])
	switch kind {
	case machOldestMacOS:
		system = MacOS
	case machOldestIOS:
		system = IOS
	case machBuildVersion:
		const macOS, iOS, simulator = 1, 2, 7
		system = map[uint32]System{macOS: MacOS, iOS: IOS, simulator: Simulator}[version]
		version = binary.LittleEndian.Uint32(command[12:])
	}
	if system == "" {
		return "", Version{}
	}
	return system, Version{int(version >> 16), int(version >> 8 & 0xff)}
}

// machMachine returns the machine of a number; empty if no platform tag has it.
func machMachine(number uint32) Machine {
	const wide, intel, arm = 1 << 24, 7, 12
	switch number {
	case intel:
		return X86
	case intel | wide:
		return X8664
	case arm:
		return ARM
	case arm | wide:
		return ARM64
	default:
		return ""
	}
}

// parseUniversal reads a file with the code for several machines. The class files of Java have the same first bytes, and then a number that
// is greater than that of any machines.
func parseUniversal(v *view) (Binary, bool) {
	const header, entry32, entry64, most = 8, 20, 32, 16
	head, ok := v.bytes(0, header)
	if !ok {
		return Binary{}, false
	}
	count, size := binary.BigEndian.Uint32(head[4:]), entry32
	wide := head[3] == 0xbf
	if wide {
		size = entry64
	}
	if count == 0 || count > most {
		return Binary{}, false
	}
	table, ok := v.bytes(header, int(count)*size)
	if !ok {
		return Binary{}, false
	}
	b, n, whole := Binary{Format: MachO}, 0, true
	for ; len(table) > 0; table = table[size:] {
		at := uint64(binary.BigEndian.Uint32(table[8:]))
		if wide {
			at = binary.BigEndian.Uint64(table[8:])
		}
		part, ok := machPart(v, at) // all of them are asked for, whether or not the first ones are there
		if whole = whole && ok; !ok || b.Has(part.Machine) {
			continue
		}
		if n == MostParts {
			return Binary{}, false
		}
		b.Parts[n] = part
		n++
	}
	if !whole {
		return Binary{}, false
	}
	return b, true
}
