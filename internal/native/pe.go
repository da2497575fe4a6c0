package native

import "encoding/binary"

// The format of PE is that of https://learn.microsoft.com/en-us/windows/win32/debug/pe-format.

// parsePE reads programs and libraries. Those without code of their own, which have resources or code for .NET, are for any machine.
func parsePE(v *view) (Binary, bool) {
	const dosHeader, header, image, managed = 64, 24, 1 << 1, 14
	head, ok := v.bytes(0, dosHeader)
	if !ok {
		return Binary{}, false
	}
	at := uint64(binary.LittleEndian.Uint32(head[60:]))
	if head, ok = v.bytes(at, header); !ok || string(head[:4]) != "PE\x00\x00" {
		return Binary{}, false
	}
	machine := peMachine(binary.LittleEndian.Uint16(head[4:]))
	size := int(binary.LittleEndian.Uint16(head[20:]))
	if machine == "" || binary.LittleEndian.Uint16(head[22:])&image == 0 {
		return Binary{}, false
	}
	optional, ok := v.bytes(at+header, size)
	if !ok || size < 2 {
		return Binary{}, false
	}
	directories := map[uint16]int{0x10b: 96, 0x20b: 112}[binary.LittleEndian.Uint16(optional)]
	if directories == 0 || size < directories {
		return Binary{}, false
	}
	if binary.LittleEndian.Uint32(optional[4:]) == 0 { // no code
		return Binary{}, false
	}
	const entry = 8
	dotNet := directories + managed*entry
	count := binary.LittleEndian.Uint32(optional[directories-4:])
	if count > managed && size >= dotNet+entry && binary.LittleEndian.Uint32(optional[dotNet:]) != 0 {
		return Binary{}, false
	}
	return one(PE, Part{Machine: machine}), true
}

// peMachine returns the machine of a number; empty if no platform tag has had it.
func peMachine(number uint16) Machine {
	switch number {
	case 0x14c:
		return X86
	case 0x8664:
		return X8664
	case 0x1c0, 0x1c2, 0x1c4:
		return ARM
	case 0xaa64, 0xa641, 0xa64e: // the last two are for programs that are partly for x86-64
		return ARM64
	default:
		return ""
	}
}
