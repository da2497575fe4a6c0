// Package platform lists the platform tags of wheels that PyPI accepts (docs/reference/pypi-server.md §2.8.3).
package platform

import (
	"regexp"
	"strings"
	"sync"
	"time"
)

// AsOf returns the last day on which PyPI is known to have had this list, at midnight UTC.
func AsOf() time.Time { return time.Date(2026, 8, 31, 0, 0, 0, 0, time.UTC) }

// Accepted reports whether PyPI accepts a tag, in lower case. The usual tag needs no pattern: that takes 130 kB of memory when it is made.
func Accepted(tag string) bool { return tag == "any" || accepted().MatchString(tag) }

// Refused reports whether PyPI certainly refuses on a day a tag that is not accepted. It may have learned it after the day of the list,
// unless the tag is too vague, was replaced by another one, or has no right form: only a newer version of a system, another architecture or
// another family may be new.
func Refused(tag string, today time.Time) bool {
	return hopeless(tag) || today.Before(AsOf().AddDate(0, 0, 1))
}

var accepted = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:` + strings.Join([]string{
		`any`,
		`win32`, `win_(arm64|amd64|ia64)`,
		`manylinux(1|2010)_(x86_64|i686)`,
		`manylinux2014_(x86_64|i686|aarch64|armv7l|ppc64|ppc64le|s390x)`,
		`linux_armv[67]l`,
		`macosx_(10_\d+|(11|12|13|14|15|26)_0)_(ppc|ppc64|i386|x86_64|arm64|intel|fat|fat3|fat64|universal|universal2)`,
		`manylinux_\d+_\d+_(x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64|ppc64)`,
		`musllinux_\d+_\d+_(x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64)`,
		`ios_\d+_\d+_(arm64|x86_64)_(iphoneos|iphonesimulator)`,
		`android_\d+_(armeabi_v7a|arm64_v8a|x86|x86_64)`,
		`pyemscripten_\d+_\d+_wasm32.*`,
	}, "|") + `)$`)
})

var never = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:` + strings.Join([]string{
		`linux_.*`, // binaries of one system do not fit another: auditwheel turns them into a manylinux wheel
		`manylinux_[^0-9].*`, `musllinux_[^0-9].*`,
		`macosx_(1[1-9]|[2-9]\d|\d{3,})_(0*[1-9]|00).*`, // from 11 on, the second number is 0
		`macosx_(1[6-9]|2[0-5])_.*`,                     // versions that do not exist
		`macosx_10_\d+_(amd64|aarch64)`, `macosx_\d+_0_(amd64|aarch64|universal3)`,
		`manylinux(1|2010|2014)_.*`,              // closed: nothing is added to them
		`pyodide_.*`, `emscripten_.*`, `wasi_.*`, // replaced by pyemscripten, or not at all
		`(freebsd|openbsd|netbsd|dragonfly|solaris|sunos|aix|cygwin|mingw|haiku)_.*`,
		`win32_.*`, `win_x86`, `win_x86_64`, `unknown`, `none`,
	}, "|") + `)$`)
})

// wellFormed matches the tags that a platform can have, also one that no index knows yet: the forms of the known families with any
// version and architecture, and names of families that are new.
var wellFormed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:` + strings.Join([]string{
		`win_[a-z0-9_]+`,
		`(macosx|manylinux|musllinux)_\d+_\d+_[a-z0-9_]+`,
		`ios_\d+_\d+_[a-z0-9_]+_iphone(os|simulator)`,
		`android_\d+_[a-z0-9_]+`,
		`pyemscripten_\d+_\d+_[a-z0-9_]+`,
	}, "|") + `)$`)
})

// knownFamily matches the beginning of a tag of a family that has a form.
var knownFamily = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(any|win|macosx|manylinux|musllinux|ios|android|pyemscripten)([0-9_]|$)`)
})

// hopeless reports whether no index will ever accept a platform tag, however new it is: it is refused for good, or has no right form. Only
// a newer version of a system, another architecture or another family may be known to a newer table.
func hopeless(tag string) bool {
	return never().MatchString(tag) || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" ||
		knownFamily().MatchString(tag) && !wellFormed().MatchString(tag) || !strings.Contains(tag, "_")
}
