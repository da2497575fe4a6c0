package distfile_test

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/native"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
	"github.com/org/pypi-oidc-publish/internal/testkit/growth"
)

// pour gives a content to a reader, in parts of a size, and as often as it asks for it. It returns how many bytes that were again.
func pour(r *native.Reader, content []byte, size int) (again int64) {
	r.Reset()
	write := func(rest []byte) {
		for len(rest) > 0 {
			n := min(size, len(rest))
			_, _ = r.Write(rest[:n])
			rest = rest[n:]
		}
	}
	write(content)
	for n := r.Again(); n > 0; n = r.Again() {
		again += n
		write(content[:n])
	}
	return again
}

// binaryOf returns what a content says of itself; nil if it is no native code.
func binaryOf(content string) *native.Binary {
	var r native.Reader
	pour(&r, []byte(content), 32<<10)
	if b, known := r.Binary(); known {
		return &b
	}
	return nil
}

// said describes a file in one line.
func said(b *native.Binary) string {
	if b == nil {
		return "none"
	}
	text := string(b.Format)
	for _, part := range b.Parts {
		if part.Machine == "" {
			continue
		}
		text += " " + string(part.Machine)
		if part.System != "" {
			text += "/" + string(part.System) + " " + part.Oldest.String()
		}
	}
	if b.Glibc != (native.Version{}) {
		text += " glibc " + b.Glibc.String()
	}
	return text
}

// TestNative: what files of each format say of themselves, and what looks like one.
func TestNative(t *testing.T) {
	t.Parallel()
	library := disttest.ELF(elf.EM_X86_64, 0, "GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.17")
	const macOS = disttest.ForMacOS
	small := []byte(disttest.PE(pe.IMAGE_FILE_MACHINE_AMD64, true, false))
	small[128+20] = 112 // its optional header ends before the directories that it says it has
	many := make([]string, 1500)
	for i := range many {
		many[i] = "GLIBCXX_3.4"
	}
	many[len(many)-1] = "GLIBC_2.31"
	arm, intel := disttest.MachO(macho.CpuArm64, macOS, 11, 0), disttest.MachO(macho.CpuAmd64, macOS, 10, 9)
	for name, c := range map[string]struct{ content, want string }{
		"ELF":                           {library, "ELF x86-64 glibc 2.34"},
		"ELF of 32 bits":                {disttest.ELF(elf.EM_386, 0, "GLIBC_2.1.3", "GLIBC_2.0"), "ELF x86 glibc 2.1"},
		"ELF for 32-bit ARM":            {disttest.ELF(elf.EM_ARM, 0, "GLIBC_2.4"), "ELF 32-bit ARM glibc 2.4"},
		"ELF for ARM64":                 {disttest.ELF(elf.EM_AARCH64, 0, "GLIBC_2.17"), "ELF ARM64 glibc 2.17"},
		"ELF in big-endian order":       {disttest.ELF(elf.EM_S390, 0, "GLIBC_2.38", "GLIBC_2.2"), "ELF s390x glibc 2.38"},
		"ELF for big-endian POWER":      {disttest.ELF(elf.EM_PPC64, 0), "ELF big-endian POWER"},
		"ELF without versions":          {disttest.ELF(elf.EM_X86_64, 0), "ELF x86-64"},
		"ELF with versions of others":   {disttest.ELF(elf.EM_X86_64, 0, "GLIBCXX_3.4.29", "CXXABI_1.3", "GCC_3.0"), "ELF x86-64"},
		"ELF that can do without":       {disttest.ELF(elf.EM_X86_64, 0, "GLIBC_2.2.5", "(GLIBC_2.36)"), "ELF x86-64 glibc 2.2"},
		"ELF with its dynamic far away": {disttest.ELF(elf.EM_X86_64, 300_000, "GLIBC_2.28"), "ELF x86-64 glibc 2.28"},
		"ELF with many versions":        {disttest.ELF(elf.EM_X86_64, 0, many...), "ELF x86-64 glibc 2.31"},
		"ELF with many versions late":   {disttest.LateELF(elf.EM_X86_64, 200_000, many...), "ELF x86-64 glibc 2.31"},
		"ELF for another machine":       {disttest.ELF(elf.EM_BPF, 0), "none"},
		"an object file of ELF":         {library[:16] + "\x01" + library[17:], "none"},
		"the beginning of ELF":          {library[:63], "none"},
		"ELF without its rest":          {library[:100], "ELF x86-64"},
		"a text about ELF":              {"\x7fELF", "none"},

		"Mach-O":                  {arm, "Mach-O ARM64/macOS 11.0"},
		"Mach-O for Intel":        {intel, "Mach-O x86-64/macOS 10.9"},
		"Mach-O of older linkers": {disttest.OldMachO(macho.CpuAmd64, 10, 13), "Mach-O x86-64/macOS 10.13"},
		"Mach-O of 32 bits":       {disttest.OldMachO(macho.Cpu386, 10, 6), "Mach-O x86/macOS 10.6"},
		"Mach-O for iOS":          {disttest.MachO(macho.CpuArm64, disttest.ForIOS, 13, 4), "Mach-O ARM64/iOS 13.4"},
		"Mach-O for a simulator": {
			disttest.MachO(macho.CpuAmd64, disttest.ForSimulator, 13, 0),
			"Mach-O x86-64/the iOS simulator 13.0",
		},
		"Mach-O for another system":      {disttest.MachO(macho.CpuArm64, 6, 14, 0), "Mach-O ARM64"},
		"universal":                      {disttest.Universal(0, intel, arm), "Mach-O x86-64/macOS 10.9 ARM64/macOS 11.0"},
		"universal, parts far away":      {disttest.Universal(200_000, intel, arm), "Mach-O x86-64/macOS 10.9 ARM64/macOS 11.0"},
		"universal, a part is cut off":   {disttest.Universal(0, intel, arm)[:8200], "none"},
		"Mach-O without its rest":        {arm[:40], "none"},
		"a debug file of Mach-O":         {arm[:12] + "\x0a" + arm[13:], "none"},
		"a class file of Java":           {"\xca\xfe\xba\xbe\x00\x00\x00\x34" + strings.Repeat("\x00\x01", 2000), "none"},
		"a command of Mach-O that is 0":  {arm[:36] + "\x00" + arm[37:], "none"},
		"commands of Mach-O, 2 GiB long": {arm[:20] + "\x00\x00\x00\x80" + arm[24:], "none"},

		"PE":                         {disttest.PE(pe.IMAGE_FILE_MACHINE_AMD64, true, false), "PE x86-64"},
		"PE of 32 bits":              {disttest.PE(pe.IMAGE_FILE_MACHINE_I386, true, false), "PE x86"},
		"PE for ARM64":               {disttest.PE(pe.IMAGE_FILE_MACHINE_ARM64, true, false), "PE ARM64"},
		"PE for 32-bit ARM":          {disttest.PE(pe.IMAGE_FILE_MACHINE_ARMNT, true, false), "PE 32-bit ARM"},
		"PE with resources alone":    {disttest.PE(pe.IMAGE_FILE_MACHINE_I386, false, false), "none"},
		"PE for .NET":                {disttest.PE(pe.IMAGE_FILE_MACHINE_I386, true, true), "none"},
		"PE for .NET, 64 bits":       {disttest.PE(pe.IMAGE_FILE_MACHINE_AMD64, true, true), "none"},
		"PE for another machine":     {disttest.PE(pe.IMAGE_FILE_MACHINE_MIPS16, true, false), "none"},
		"PE with a small header":     {string(small), "PE x86-64"},
		"PE without its rest":        {disttest.PE(pe.IMAGE_FILE_MACHINE_AMD64, true, false)[:150], "none"},
		"a text that begins like it": {"MZ is the name of the format\n" + strings.Repeat("x", 100), "none"},

		"nothing": {"", "none"}, "a text": {"import os\n", "none"}, "one byte": {"\x7f", "none"},
	} {
		expect.Equal(t, name, said(binaryOf(c.content)), c.want)
	}
}

// TestNative_Parts: however a file arrives, and whichever was read before, it says the same. What is asked for again is its beginning.
func TestNative_Parts(t *testing.T) {
	t.Parallel()
	const macOS = disttest.ForMacOS
	near, far := disttest.ELF(elf.EM_X86_64, 1000, "GLIBC_2.34"), disttest.ELF(elf.EM_AARCH64, 200_000, "GLIBC_2.17", "GLIBC_2.29")
	universal := disttest.Universal(100_000, disttest.MachO(macho.CpuAmd64, macOS, 10, 9), disttest.MachO(macho.CpuArm64, macOS, 11, 0))
	late := disttest.LateELF(elf.EM_X86_64, 150_000, "GLIBC_2.31")
	var r native.Reader
	for range 2 {
		for _, c := range []struct {
			name, content string
			again         int64
			want          string
		}{
			{"near", near, 0, "ELF x86-64 glibc 2.34"},
			{"far", far, 0, "ELF ARM64 glibc 2.29"},
			{"text", "import os\n", 0, "none"},
			{"universal", universal, 0, "Mach-O x86-64/macOS 10.9 ARM64/macOS 11.0"},
			{"late", late, int64(len(late)), "ELF x86-64 glibc 2.31"},
			{"library", disttest.PE(pe.IMAGE_FILE_MACHINE_AMD64, true, false), 0, "PE x86-64"},
		} {
			for _, size := range []int{1, 3, 1000, 32 << 10, 1 << 20} {
				again := pour(&r, []byte(c.content), size)
				got := "none"
				if b, known := r.Binary(); known {
					got = said(&b)
				}
				expect.Equal(t, c.name, got, c.want)
				if again > c.again {
					t.Errorf("%s in parts of %d bytes: %d bytes are asked for again, of %d", c.name, size, again, len(c.content))
				}
			}
		}
	}
}

// TestNative_LikeStandardLibrary: the packages of the standard library read the files of these tests as this package does, so that they are
// what they are taken for.
func TestNative_LikeStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, machine := range []elf.Machine{elf.EM_X86_64, elf.EM_386, elf.EM_ARM, elf.EM_AARCH64, elf.EM_S390, elf.EM_PPC64, elf.EM_RISCV} {
		for _, content := range []string{
			disttest.ELF(machine, 5000, "GLIBC_2.17", "GLIBC_2.34", "GCC_3.0"), disttest.LateELF(machine, 100_000, "GLIBC_2.5"),
		} {
			likeELF(t, machine.String(), content)
		}
	}
	program, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		likeELF(t, "this test", string(program))
	}
	thin := disttest.MachO(macho.CpuArm64, disttest.ForMacOS, 11, 0)
	if f, err := macho.NewFile(strings.NewReader(thin)); err != nil || f.Cpu != macho.CpuArm64 || len(f.Loads) != 1 {
		t.Errorf("Mach-O: %+v, %v", f, err)
	}
	both := disttest.Universal(10, disttest.OldMachO(macho.CpuAmd64, 10, 9), thin)
	if f, err := macho.NewFatFile(strings.NewReader(both)); err != nil || len(f.Arches) != 2 || f.Arches[1].Cpu != macho.CpuArm64 {
		t.Errorf("universal: %+v, %v", f, err)
	}
	for _, machine := range []uint16{pe.IMAGE_FILE_MACHINE_AMD64, pe.IMAGE_FILE_MACHINE_I386} {
		f, err := pe.NewFile(strings.NewReader(disttest.PE(machine, true, false)))
		if err != nil || f.Machine != machine || f.OptionalHeader == nil {
			t.Errorf("PE: %+v, %v", f, err)
		}
	}
}

// likeELF compares the versions that a file needs with those that the standard library reads.
func likeELF(t *testing.T, name, content string) {
	t.Helper()
	f, err := elf.NewFile(strings.NewReader(content))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	needs, err := f.DynamicVersionNeeds()
	if err != nil && f.SectionByType(elf.SHT_DYNAMIC) != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var want native.Version
	for _, library := range needs {
		for _, need := range library.Needs {
			minor, found := strings.CutPrefix(need.Dep, "GLIBC_2.")
			if !found {
				continue
			}
			n := 0
			for _, c := range strings.Split(minor, ".")[0] {
				n = 10*n + int(c-'0')
			}
			if v := (native.Version{Major: 2, Minor: n}); v.Compare(want) > 0 {
				want = v
			}
		}
	}
	if b := binaryOf(content); b == nil || b.Glibc != want {
		t.Errorf("%s: got %s, want glibc %s", name, said(b), want)
	}
}

func TestNative_Version(t *testing.T) {
	t.Parallel()
	ordered := []native.Version{{}, {Major: 2, Minor: 5}, {Major: 2, Minor: 17}, {Major: 10, Minor: 9}, {Major: 10, Minor: 13}, {Major: 11}}
	if !slices.IsSortedFunc(ordered, native.Version.Compare) || ordered[1].Compare(ordered[1]) != 0 || ordered[2].Compare(ordered[1]) != 1 {
		t.Error("the order of versions is wrong")
	}
	expect.Equal(t, "a version", ordered[4].String(), "10.13")
}

func TestNative_ABI(t *testing.T) {
	t.Parallel()
	for member, want := range map[string]string{
		"alder/_x.cpython-312-x86_64-linux-gnu.so":       "cp312",
		"alder/_x.cpython-312-darwin.so":                 "cp312",
		"alder/_x.cpython-313t-darwin.so":                "cp313t",
		"alder/_x.cpython-36m-x86_64-linux-gnu.so":       "cp36m",
		"alder/_x.cp312-win_amd64.pyd":                   "cp312",
		"alder/_x.cp313t-win_amd64.pyd":                  "cp313t",
		"alder/_x.pypy310-pp73-x86_64-linux-gnu.so":      "pypy310_pp73",
		"alder/_x.abi3.so":                               "abi3",
		"alder/_x.abi3t.so":                              "abi3t",
		"alder/_x.so":                                    "",
		"alder/_x.pyd":                                   "",
		"alder/libx.dylib":                               "",
		"alder.libs/libx-1a2b3c.3.21.dev.so":             "",
		"alder/_x.cpython-312-x86_64-linux-gnu.so.debug": "",
		"alder/_x.cpython-x-darwin.so":                   "",
		"alder/.cpython-312-darwin.so":                   "",
		"alder/_x.graalpy242-311-native-x86_64-linux.so": "",
	} {
		expect.Equal(t, member, native.ABI(member), want)
	}
}

func TestNative_Names(t *testing.T) {
	t.Parallel()
	for member, want := range map[string]bool{
		"alder/x.so": true, "alder/x.PYD": true, "x.dylib": true, "x.dll": true, "x.exe": false, "x.so.1": false, "x": false, "x.o": false,
	} {
		expect.Equal(t, member, native.IsLibrary(member), want)
	}
	for _, c := range []struct {
		member  string
		machine native.Machine
		want    bool
	}{
		{"alder/attach_x86.dll", native.X86, true},
		{"alder/attach_x86_64.dylib", native.X8664, true},
		{"alder/attach_x86_64.dylib", native.X86, false},
		{"alder/win32/x.dll", native.X86, true},
		{"alder/amd64/x.dll", native.X8664, true},
		{"alder/linux-aarch64/x.so", native.ARM64, true},
		{"alder/linux-aarch64/x.so", native.ARM, false},
		{"alder/charm/x.so", native.ARM, false},
		{"alder/opengl32sw.dll", native.X86, false},
	} {
		expect.Equal(t, c.member+" for "+string(c.machine), native.NamesMachine(c.member, c.machine), c.want)
	}
}

// TestNative_Memory: headers that promise much cost no more memory than a few parts of the file.
func TestNative_Memory(t *testing.T) { // not parallel: it measures
	for name, content := range hostileBinaries() {
		var r native.Reader
		if got := growth.Allocated(func() { pour(&r, content, 32<<10) }); got > 1<<20 {
			t.Errorf("%s: %d bytes of memory", name, got)
		}
	}
}

// hostileBinaries returns files whose headers promise more than there is, or lead in circles.
func hostileBinaries() map[string][]byte {
	library := []byte(disttest.ELF(elf.EM_X86_64, 70_000, "GLIBC_2.17", "GLIBC_2.34"))
	change := func(at int, to ...byte) []byte {
		b := bytes.Clone(library)
		copy(b[at:], to)
		return b
	}
	fat := []byte(disttest.Universal(0, disttest.MachO(macho.CpuArm64, disttest.ForMacOS, 11, 0)))
	for range 15 { // each a page of its own
		fat[7]++
		fat = slices.Insert(fat, 28, 1, 0, 0, 12, 0, 0, 0, 0, 0, fat[7], 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
	}
	needed := bytes.Index(library, []byte("GLIBC_2.34")) + len("GLIBC_2.34") + 1
	needed = (needed + 3) / 4 * 4
	return map[string][]byte{
		"many segments":            change(56, 0xff, 0xff),
		"large segments":           change(54, 0xff, 0xff),
		"a large table":            append(change(54, 0xff, 0xff, 0, 4), make([]byte, 8<<20)...),
		"segments far away":        change(32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"a large dynamic section":  change(64+2*56+32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"versions without an end":  change(needed+16+16+12, 1),
		"libraries without an end": change(needed+12, 1),
		"many machines":            append(fat, make([]byte, 1<<20)...),
		"a large header of PE":     append([]byte("MZ"), bytes.Repeat([]byte{0xff}, 100_000)...),
	}
}

// FuzzNative: whatever a file has and however it arrives, it is read within its bounds, and says the same.
func FuzzNative(f *testing.F) {
	for _, content := range hostileBinaries() {
		f.Add(content[:min(len(content), 80_000)], uint16(1000))
	}
	f.Add([]byte(disttest.ELF(elf.EM_S390, 100, "GLIBC_2.17")), uint16(1))
	f.Add([]byte(disttest.LateELF(elf.EM_X86_64, 70_000, "GLIBC_2.17")), uint16(999))
	f.Add([]byte(disttest.Universal(9, disttest.OldMachO(macho.CpuAmd64, 10, 9), disttest.MachO(macho.CpuArm64, 1, 11, 0))), uint16(7))
	f.Add([]byte(disttest.PE(pe.IMAGE_FILE_MACHINE_AMD64, true, true)), uint16(3))
	f.Fuzz(func(t *testing.T, content []byte, size uint16) {
		var whole, parts native.Reader
		if again := pour(&whole, content, len(content)+1); again > 2*int64(len(content)) {
			t.Errorf("%d bytes are read again, of %d", again, len(content))
		}
		pour(&parts, content, int(size)+1)
		want, known := whole.Binary()
		if got, also := parts.Binary(); got != want || also != known {
			t.Errorf("in parts of %d: %s, want %s", int(size)+1, said(&got), said(&want))
		}
		if known && len(want.Machines()) == 0 {
			t.Error("native code for no machine")
		}
	})
}

// BenchmarkNative on a library of which everything is needed, and on a text.
func BenchmarkNative(b *testing.B) {
	for name, content := range map[string][]byte{
		"library": []byte(disttest.ELF(elf.EM_X86_64, 1<<20, "GLIBC_2.17")), "text": bytes.Repeat([]byte("x = 1\n"), 1<<17),
	} {
		b.Run(name, func(b *testing.B) {
			var r native.Reader
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				pour(&r, content, 32<<10)
			}
		})
	}
}
