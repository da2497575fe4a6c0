package platform

import (
	"strconv"
	"strings"
)

// Tag is a platform tag in its parts.
type Tag struct {
	Family       Family
	Major, Minor int    // of the system or the C library, as the family has it
	Arch         string // as written, such as x86_64; for win32 it is x86
}

// Family is what a platform tag begins with.
type Family string

// The families whose tags have an architecture.
const (
	Windows   Family = "win"
	MacOS     Family = "macosx"
	IOS       Family = "ios"
	Simulator Family = "iphonesimulator"
	ManyLinux Family = "manylinux" // with the version of glibc
	MuslLinux Family = "musllinux" // with the version of musl
	Linux     Family = "linux"
	Android   Family = "android"
)

// Parse returns the parts of a platform tag in lower case, and false if it is of no family with an architecture, or not in its form. The
// older names of manylinux mean a version each (PEP 600).
func Parse(tag string) (Tag, bool) {
	if tag == "win32" {
		return Tag{Family: Windows, Arch: "x86"}, true
	}
	family, rest, _ := strings.Cut(tag, "_")
	older := map[string]int{"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}[family]
	t := Tag{Family: Family(family)}
	numbers := map[Family]int{MacOS: 2, ManyLinux: 2, MuslLinux: 2, IOS: 2, Android: 1}[t.Family]
	switch {
	case older > 0:
		t = Tag{Family: ManyLinux, Major: 2, Minor: older}
	case t.Family != Windows && t.Family != Linux && numbers == 0:
		return Tag{}, false
	}
	for n := range numbers {
		var text string
		text, rest, _ = strings.Cut(rest, "_")
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return Tag{}, false
		}
		if n == 0 {
			t.Major = int(number)
		} else {
			t.Minor = int(number)
		}
	}
	if t.Family == IOS {
		device := false
		if rest, device = strings.CutSuffix(rest, "_iphoneos"); !device {
			t.Family = Simulator
			if rest, device = strings.CutSuffix(rest, "_iphonesimulator"); !device {
				return Tag{}, false
			}
		}
	}
	t.Arch = rest
	return t, rest != ""
}
