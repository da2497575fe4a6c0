package native

import (
	"path"
	"strings"
)

// ABI returns the ABI of Python that the name of an extension module has: as the tags of wheels write it, such as cp312, cp313t, abi3 or
// pypy310_pp73. It is empty if the name has none, or is not that of an extension module
// (https://docs.python.org/3/library/importlib.html#importlib.machinery.EXTENSION_SUFFIXES).
func ABI(member string) string {
	base := path.Base(member)
	stem, isModule := strings.CutSuffix(base, ".so")
	if !isModule {
		if stem, isModule = strings.CutSuffix(base, ".pyd"); !isModule {
			return ""
		}
	}
	dot := strings.LastIndexByte(stem, '.')
	if dot < 1 {
		return ""
	}
	parts := strings.Split(stem[dot+1:], "-")
	switch {
	case parts[0] == "abi3" || parts[0] == "abi3t":
		return parts[0]
	case parts[0] == "cpython" && len(parts) > 1 && isVersion(parts[1]):
		return "cp" + parts[1]
	case strings.HasPrefix(parts[0], "cp") && isVersion(parts[0][len("cp"):]):
		return parts[0]
	case strings.HasPrefix(parts[0], "pypy") && len(parts) > 1 && isVersion(parts[0][len("pypy"):]) && strings.HasPrefix(parts[1], "pp"):
		return parts[0] + "_" + parts[1]
	default:
		return ""
	}
}

// isVersion reports whether a text is a version of Python as in an ABI: digits, and letters for its kind.
func isVersion(text string) bool {
	digits := strings.TrimRight(text, "dmtu")
	return len(digits) >= 2 && strings.Trim(digits, "0123456789") == ""
}

// IsLibrary reports whether a member has the name of a library or of an extension module.
func IsLibrary(member string) bool {
	switch strings.ToLower(path.Ext(member)) {
	case ".so", ".pyd", ".dylib", ".dll":
		return true
	default:
		return false
	}
}

// NamesMachine reports whether the path of a member has a word for the machine: then it is not by mistake that it is for this one.
func NamesMachine(member string, m Machine) bool {
	words := strings.FieldsFunc(strings.ToLower(member), func(c rune) bool { return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9') })
	for i, word := range words {
		if word == "x86" && i+1 < len(words) && words[i+1] == "64" {
			word = "x64"
		}
		for _, known := range map[Machine][]string{
			X86:     {"x86", "i386", "i486", "i586", "i686", "ia32", "win32", "32bit"},
			X8664:   {"x64", "amd64", "win64", "64bit"},
			ARM:     {"arm", "arm32", "armhf", "armel", "armv6", "armv6l", "armv7", "armv7l", "armv7a", "armeabi"},
			ARM64:   {"arm64", "aarch64", "arm64e", "arm64ec"},
			PPC64:   {"ppc64", "powerpc64"},
			PPC64LE: {"ppc64le", "powerpc64le", "ppc64el"},
			S390X:   {"s390x"},
			RISCV64: {"riscv64"},
		}[m] {
			if word == known {
				return true
			}
		}
	}
	return false
}
