package preflight_test

import (
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// binaryWheel returns a wheel with these tags, in its name and in its WHEEL file, and these members, which are compressed.
func binaryWheel(t testing.TB, tags string, files ...disttest.Member) *distfile.Distribution {
	t.Helper()
	return wheelOfTags(t, tags, disttest.TagLines(tags), files...)
}

// wheelOfTags is binaryWheel with other lines for the tags in the WHEEL file.
func wheelOfTags(t testing.TB, tags, lines string, files ...disttest.Member) *distfile.Distribution {
	t.Helper()
	for i := range files {
		files[i].Deflated = true
	}
	members := disttest.WheelMembers("alder", "1.0", good, files...)
	for i := range members {
		if strings.HasSuffix(members[i].Name, "/WHEEL") {
			members[i].Content = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\n" + lines
		}
	}
	return readFile(t, disttest.Save(t, filepath.Join(t.TempDir(), "alder-1.0-"+tags+".whl"), disttest.Zip(members...)))
}

// found returns the findings of the rules about tags and native code.
func foundInBinaries(t testing.TB, files ...*distfile.Distribution) (all []finding.Finding) {
	t.Helper()
	for _, f := range preflight.Check(preflight.Set{Files: files, Now: today}) { // of an index other than PyPI, too
		if slices.Contains([]finding.ID{
			"wheel-tag-differs", "wheel-machine", "wheel-macos", "wheel-glibc", "wheel-extension", "wheel-native",
		}, f.ID) {
			all = append(all, f)
		}
	}
	return all
}

const (
	linux     = "manylinux_2_17_x86_64.manylinux2014_x86_64"
	universal = "macosx_10_9_universal2"
)

var ( // members; the files are small, and have headers alone
	elfX86   = disttest.ELF(elf.EM_386, 0, "GLIBC_2.5")
	elfAMD   = disttest.ELF(elf.EM_X86_64, 0, "GLIBC_2.2.5", "GLIBC_2.17")
	elfNew   = disttest.ELF(elf.EM_X86_64, 0, "GLIBC_2.2.5", "GLIBC_2.34")
	elfARM   = disttest.ELF(elf.EM_AARCH64, 0, "GLIBC_2.17")
	elfMusl  = disttest.ELF(elf.EM_X86_64, 0)
	machAMD  = disttest.MachO(macho.CpuAmd64, disttest.ForMacOS, 10, 9)
	machARM  = disttest.MachO(macho.CpuArm64, disttest.ForMacOS, 11, 0)
	machBoth = disttest.Universal(0, machAMD, machARM)
	machIOS  = disttest.MachO(macho.CpuArm64, disttest.ForIOS, 13, 0)
	peAMD    = disttest.PE(pe.IMAGE_FILE_MACHINE_AMD64, true, false)
	peX86    = disttest.PE(pe.IMAGE_FILE_MACHINE_I386, true, false)
	peARM    = disttest.PE(pe.IMAGE_FILE_MACHINE_ARMNT, true, false)
	peDotNet = disttest.PE(pe.IMAGE_FILE_MACHINE_I386, true, true)
)

// TestCheck_Binaries: of each kind wheels that are told, with what is said of them, and wheels that must not be.
func TestCheck_Binaries(t *testing.T) {
	t.Parallel()
	type c struct {
		tags, member, content string
		want                  string // the id and a part of the message; empty if nothing is said
	}
	const cp = "cp312-cp312-"
	mac := func(cpu macho.Cpu, major, minor int) string {
		return disttest.MachO(cpu, disttest.ForMacOS, major, minor)
	}
	for name, c := range map[string]c{
		// The machine.
		"the machine of the tag": {cp + linux, "alder/_x.so", elfAMD, ""},
		"another machine": {
			cp + linux, "alder/_x.so", elfARM,
			"wheel-machine: '_x.so' is a file in the format ELF for ARM64, which",
		},
		"32 bits for 64": {
			cp + linux, "alder/_x.so", elfX86,
			"wheel-machine: for x86, which systems of the tag manylinux_2_17_x86_64",
		},
		"64 bits for 32":              {cp + "manylinux_2_17_i686", "alder/_x.so", elfMusl, "wheel-machine: for x86-64"},
		"a library of another number": {cp + linux, "alder.libs/libx-1a.so.3.1", elfARM, "wheel-machine: ARM64"},
		"a program":                   {cp + linux, "alder/bin/x", elfARM, "wheel-machine: ARM64"},
		"another system":              {cp + "win_amd64", "alder/_x.so", elfAMD, "wheel-machine: in the format ELF for x86-64"},
		"a system of Apple":           {cp + "macosx_11_0_x86_64", "alder/_x.so", elfAMD, "wheel-machine: in the format ELF"},
		"a DLL of 32-bit ARM":         {"cp310-abi3-win_arm64", "alder/opengl32sw.dll", peARM, "wheel-machine: PE for 32-bit ARM"},
		"what names its machine":      {cp + "win_amd64", "alder/attach_x86.dll", peX86, ""},
		"an extension in its folder":  {cp + "win_amd64", "alder/x86/_x.cp312-win_amd64.pyd", peX86, "wheel-machine: PE for x86"},
		"a launcher":                  {cp + "win_amd64", "alder/t32.exe", peX86, ""},
		"a script":                    {cp + "win_arm64", "alder-1.0.data/scripts/x.exe", peAMD, "wheel-machine: x86-64"},
		"code for .NET":               {cp + "win_amd64", "alder/x.dll", peDotNet, ""},
		"Windows on both":             {"py3-none-win32.win_amd64", "alder/x.dll", peX86, ""},
		"among tests":                 {cp + linux, "alder/tests/data/x.so", elfARM, ""},
		"no native code at all":       {cp + linux, "alder/_x.so", "\x7fELF is how they begin", ""},
		"a tag that nobody knows":     {cp + "beos_5_x86_64", "alder/_x.so", elfARM, ""},
		"Android":                     {"cp313-cp313-android_21_arm64_v8a", "alder/_x.so", disttest.ELF(elf.EM_AARCH64, 0), ""},
		"32-bit ARM under ARM64": {
			"cp313-cp313-android_21_arm64_v8a", "alder/_x.so", disttest.ELF(elf.EM_ARM, 0),
			"wheel-machine: 32-bit ARM",
		},
		"big-endian": {cp + "manylinux_2_17_s390x", "alder/_x.so", disttest.ELF(elf.EM_S390, 0, "GLIBC_2.4"), ""},

		// macOS and iOS.
		"universal": {cp + universal, "alder/_x.so", machBoth, ""},
		"half of universal": {
			cp + universal, "alder/_x.so", machAMD,
			"wheel-macos: has code for x86-64, and not for ARM64, which the tag " + universal,
		},
		"a program, half of it": {
			"py3-none-macosx_11_0_universal2", "alder/driver/node", machAMD,
			"wheel-macos: not for ARM64",
		},
		"half that names itself": {cp + universal, "alder/lib_arm64.dylib", machARM, ""},
		"universal for one":      {cp + "macosx_11_0_arm64", "alder/_x.so", machBoth, ""},
		"the other machine":      {cp + "macosx_11_0_arm64", "alder/_x.so", machAMD, "wheel-macos: not for ARM64"},
		"intel":                  {"cp38-cp38-macosx_10_9_intel", "alder/_x.so", machAMD, ""},
		"two tags, both there":   {cp + "macosx_10_9_x86_64.macosx_11_0_arm64", "alder/_x.so", machBoth, ""},
		"a newer macOS": {
			cp + "macosx_10_9_x86_64", "alder/_x.so", mac(macho.CpuAmd64, 10, 13),
			"wheel-macos: needs macOS 10.13 (x86-64), but the tag macosx_10_9_x86_64 promises that 10.9 is enough",
		},
		"a much newer macOS": {
			cp + "macosx_11_0_arm64", "alder/_x.so", mac(macho.CpuArm64, 14, 0),
			"wheel-macos: needs macOS 14.0",
		},
		"a later macOS 11": {cp + "macosx_11_0_arm64", "alder/_x.so", mac(macho.CpuArm64, 11, 3), ""},
		"ARM64 under an older tag": {
			cp + "macosx_10_9_universal2", "alder/_x.so", disttest.Universal(0, machAMD, mac(macho.CpuArm64, 11, 0)),
			"",
		},
		"ARM64 needs macOS 12": {
			cp + universal, "alder/_x.so", disttest.Universal(0, machAMD, mac(macho.CpuArm64, 12, 0)),
			"wheel-macos: needs macOS 12.0 (ARM64), but the tag " + universal + " promises that 11.0",
		},
		"macOS 10.16":    {cp + "macosx_10_16_x86_64", "alder/_x.so", mac(macho.CpuAmd64, 11, 0), ""},
		"an older macOS": {cp + "macosx_13_0_x86_64", "alder/_x.so", machAMD, ""},
		"by an older linker": {
			cp + "macosx_10_9_x86_64", "alder/_x.so", disttest.OldMachO(macho.CpuAmd64, 10, 15),
			"wheel-macos: needs macOS 10.15",
		},
		"iOS": {"cp313-cp313-ios_13_0_arm64_iphoneos", "alder/_x.so", machIOS, ""},
		"a newer iOS": {
			"cp313-cp313-ios_12_0_arm64_iphoneos", "alder/_x.so", machIOS,
			"wheel-macos: needs iOS 13.0 (ARM64), but the tag ios_12_0_arm64_iphoneos",
		},
		"a simulator, not a phone": {"cp313-cp313-ios_12_0_arm64_iphonesimulator", "alder/_x.so", machIOS, ""},

		// glibc.
		"a newer glibc": {
			cp + linux, "alder/_x.so", elfNew,
			"wheel-glibc: '_x.so' needs glibc 2.34, but the tag manylinux_2_17_x86_64 promises that 2.17 is enough",
		},
		"the same glibc": {cp + "manylinux_2_34_x86_64", "alder/_x.so", elfNew, ""},
		"the lowest of the tags": {
			cp + "manylinux_2_34_x86_64.manylinux2014_x86_64", "alder/_x.so", elfNew,
			"wheel-glibc: the tag manylinux2014_x86_64 promises that 2.17",
		},
		"the first manylinux": {
			"cp38-cp38-manylinux1_x86_64", "alder/_x.so", elfAMD,
			"wheel-glibc: the tag manylinux1_x86_64 promises that 2.5",
		},
		"one that it can do without": {
			cp + linux, "alder/_x.so", disttest.ELF(elf.EM_X86_64, 0, "GLIBC_2.17", "(GLIBC_2.36)"),
			"",
		},
		"without a promise": {cp + "linux_x86_64", "alder/_x.so", elfNew, ""},
		"glibc under musl": {
			cp + "musllinux_1_2_x86_64", "alder/_x.so", elfAMD,
			"wheel-glibc: needs glibc 2.17, but the tag musllinux_1_2_x86_64 is for systems that have musl",
		},
		"musl":             {cp + "musllinux_1_2_x86_64", "alder/_x.so", elfMusl, ""},
		"a static program": {"py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64", "alder/bin/x", elfMusl, ""},
		"far from the beginning": {
			cp + linux, "alder/_x.so", disttest.LateELF(elf.EM_X86_64, 300_000, "GLIBC_2.28"),
			"wheel-glibc: needs glibc 2.28",
		},

		// The names of extension modules.
		"the ABI of the tag": {cp + linux, "alder/_x.cpython-312-x86_64-linux-gnu.so", elfAMD, ""},
		"another Python": {
			cp + linux, "alder/_x.cpython-311-x86_64-linux-gnu.so", elfAMD,
			"wheel-extension: is imported by cp311 alone, by its name, but the tag is cp312-cp312",
		},
		"free threads": {
			"cp313-cp313t-" + linux, "alder/_x.cpython-313-x86_64-linux-gnu.so", elfAMD,
			"wheel-extension: cp313 alone",
		},
		"another Python on Windows": {cp + "win_amd64", "alder/_x.cp310-win_amd64.pyd", peAMD, "wheel-extension: cp310 alone"},
		"a version under abi3": {
			"cp39-abi3-" + linux, "alder/_x.cpython-39-x86_64-linux-gnu.so", elfAMD,
			"wheel-extension: cp39 alone, by its name, but the tag cp39-abi3 is for later",
		},
		"abi3":                       {"cp39-abi3-" + linux, "alder/_x.abi3.so", elfAMD, ""},
		"both stable ABIs":           {"cp315-abi3.abi3t-" + linux, "alder/_x.abi3t.so", elfAMD, ""},
		"abi3 for one Python":        {cp + linux, "alder/_x.abi3.so", elfAMD, ""},
		"without a version":          {cp + linux, "alder/_x.so", elfAMD, ""},
		"two Pythons":                {"cp311.cp312-cp311.cp312-" + linux, "alder/_x.cpython-311-x86_64-linux-gnu.so", elfAMD, ""},
		"any Python":                 {"py3-none-" + linux, "alder/_x.cpython-311-x86_64-linux-gnu.so", elfAMD, ""},
		"one Python without its ABI": {"cp312-none-" + linux, "alder/_x.cpython-312-x86_64-linux-gnu.so", elfAMD, ""},
		"another without an ABI": {
			"cp312-none-" + linux, "alder/_x.cpython-310-x86_64-linux-gnu.so", elfAMD,
			"wheel-extension: cp310 alone",
		},
		"PyPy": {"pp310-pypy310_pp73-" + linux, "alder/_x.pypy310-pp73-x86_64-linux-gnu.so", elfAMD, ""},
		"CPython under PyPy": {
			"pp310-pypy310_pp73-" + linux, "alder/_x.cpython-310-x86_64-linux-gnu.so", elfAMD,
			"wheel-extension: cp310 alone",
		},
		"GraalPy": {
			"graalpy311-graalpy242_311_native-" + linux, "alder/_x.cpython-311-x86_64-linux-gnu.so", elfAMD,
			"",
		},

		// Wheels for any platform.
		"a library": {
			"py3-none-any", "alder/_x.so", elfAMD,
			"wheel-native: '_x.so' is native code (ELF for x86-64), but the tag any",
		},
		"a library for Windows":       {"py3-none-any", "alder/x.dll", peAMD, "wheel-native: PE for x86-64"},
		"a library for macOS":         {"py3-none-any", "alder/x.dylib", machBoth, "wheel-native: Mach-O for x86-64 and ARM64"},
		"a launcher for Windows":      {"py3-none-any", "alder/w64.exe", peAMD, ""},
		"a program, for any platform": {"py3-none-any", "alder/bin/x", elfAMD, ""},
		"a library for .NET":          {"py3-none-any", "alder/x.dll", peDotNet, ""},
		"a library among tests":       {"py3-none-any", "alder/tests/x.so", elfAMD, ""},
		"a text with such a name":     {"py3-none-any", "alder/x.so", "no code", ""},
		"a library of the machine":    {"py3-none-" + linux, "alder/x.so", elfAMD, ""},
	} {
		var said []string
		for _, f := range foundInBinaries(t, binaryWheel(t, c.tags, disttest.Member{Name: c.member, Content: c.content})) {
			said = append(said, string(f.ID)+": "+f.Message)
			if f.Severity != finding.Warning || f.Fix == "" || f.Fault != finding.Distribution {
				t.Errorf("%s: %+v", name, f)
			}
		}
		id, part, _ := strings.Cut(c.want, ": ")
		part = strings.ReplaceAll(part, "'_x.so'", "'alder/_x.so'")
		right := len(said) == 0
		if c.want != "" {
			right = len(said) == 1 && strings.HasPrefix(said[0], id+": ") && strings.Contains(said[0], part)
		}
		if !right {
			t.Errorf("%s: got %q, want %q", name, said, c.want)
		}
	}
}

// TestCheck_ManyBinaries: members that say the same are one finding, which counts them; of several the worst is told.
func TestCheck_ManyBinaries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tags    string
		members []disttest.Member
		want    []string
	}{
		"many of one kind": {"cp312-cp312-win_amd64", disttest.Pairs(
			[2]string{"alder/_a.so", elfAMD}, [2]string{"alder/_b.so", elfAMD}, [2]string{"alder/_c.so", elfNew},
		), []string{"'alder/_a.so' (and 2 more members) is a file in the format ELF"}},
		"several needs": {"cp312-cp312-manylinux1_x86_64", disttest.Pairs(
			[2]string{"alder/_a.so", elfAMD}, [2]string{"alder/_b.so", elfNew}, [2]string{"alder/_c.so", elfAMD},
		), []string{"'alder/_b.so' needs glibc 2.34"}},
		"a wheel that chooses": {"py3-none-any", disttest.Pairs(
			[2]string{"alder/linux.so", elfAMD}, [2]string{"alder/mac.dylib", machBoth}, [2]string{"alder/win.dll", peAMD},
		), nil},
		"an older build left behind": {"cp312-cp312-" + linux, disttest.Pairs(
			[2]string{"alder/_a.cpython-311-x86_64-linux-gnu.so", elfAMD}, [2]string{"alder/_a.cpython-312-x86_64-linux-gnu.so", elfAMD},
		), []string{"'alder/_a.cpython-311-x86_64-linux-gnu.so' is imported by cp311 alone"}},
	} {
		found := foundInBinaries(t, binaryWheel(t, c.tags, c.members...))
		if len(found) != len(c.want) {
			t.Errorf("%s: %+v", name, found)
			continue
		}
		for i, f := range found {
			if !strings.HasPrefix(f.Message, c.want[i]) {
				t.Errorf("%s: got %q, want %q", name, f.Message, c.want[i])
			}
		}
	}
}

// TestCheck_WheelTag: the tags in the WHEEL file and in the file name, in all the ways in which they are the same.
func TestCheck_WheelTag(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ tags, lines, want string }{
		"the same":             {"py3-none-any", "Tag: py3-none-any\n", ""},
		"two Pythons":          {"py2.py3-none-any", "Tag: py2-none-any\nTag: py3-none-any\n", ""},
		"in another order":     {"py2.py3-none-any", "Tag: py3-none-any\nTag: py2-none-any\n", ""},
		"together in one line": {"py2.py3-none-any", "Tag: py2.py3-none-any\n", ""},
		"in capital letters":   {"py3-none-win_amd64", "Tag: py3-none-WIN_AMD64\n", ""},
		"the older name":       {"cp312-cp312-" + linux, "Tag: cp312-cp312-manylinux_2_17_x86_64\n", ""},
		"no tag at all":        {"py3-none-any", "", ""},
		"no form of a tag":     {"py3-none-any", "Tag: any\n", ""},
		"renamed, not tagged again": {
			"py3-none-macosx_11_0_universal2", "Tag: py3-none-any\n",
			"it has 'py3-none-any' instead of 'py3-none-macosx_11_0_universal2'",
		},
		"not repaired": {
			"cp312-cp312-manylinux_2_28_x86_64", "Tag: cp312-cp312-linux_x86_64\n",
			"'cp312-cp312-linux_x86_64' instead of",
		},
		"one Python is absent": {"py2.py3-none-any", "Tag: py3-none-any\n", "not the tag 'py2-none-any'"},
		"one Python too many":  {"py3-none-any", "Tag: py2-none-any\nTag: py3-none-any\n", "the tag 'py2-none-any' too"},
		"as many as there can be": {
			"py3-none-any", "Tag: " + strings.Repeat("a.", 4000) + "a-" + strings.Repeat("b.", 4000) + "b-c\n",
			"",
		},
	} {
		var said []string
		for _, f := range foundInBinaries(t, wheelOfTags(t, c.tags, c.lines)) {
			said = append(said, f.Message)
		}
		if c.want == "" && len(said) > 0 || c.want != "" && (len(said) != 1 || !strings.Contains(said[0], c.want)) {
			t.Errorf("%s: got %q, want %q", name, said, c.want)
		}
	}
}
