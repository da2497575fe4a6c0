package preflight

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// platformsOf returns the date of the tables of platform tags: docs/reference/pypi-server.md §2.8.3.
func platformsOf() time.Time { return time.Date(2026, 8, 31, 0, 0, 0, 0, time.UTC) }

// accepted matches the platform tags that PyPI accepts, in lower case.
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

// refused matches tags that are too vague or were replaced by another tag, so that no index will ever accept them.
var refused = sync.OnceValue(func() *regexp.Regexp {
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
	return refused().MatchString(tag) || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" ||
		knownFamily().MatchString(tag) && !wellFormed().MatchString(tag) || !strings.Contains(tag, "_")
}

// wheelPlatformTag reports unsupported platform tags. A tag that a newer table may contain is a warning.
func wheelPlatformTag(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		name, err := pep.ParseWheelName(d.Name)
		if err != nil || !plain(d, distfile.Wheel) {
			continue
		}
		for tag := range strings.SplitSeq(strings.ToLower(name.Platform), ".") {
			if accepted().MatchString(tag) {
				continue
			}
			f := refusal(d, fmt.Sprintf("Binary wheel %s has an unsupported platform tag %s.",
				quote(d.Name), quote(tag)), platformAdvice(tag))
			if !hopeless(tag) && !s.current(platformsOf()) {
				f.Severity = finding.Warning
				f.Fix += aged("list of platform tags", platformsOf())
			}
			found = append(found, f)
			break // the index reports only the first
		}
	}
	return found
}

func platformAdvice(tag string) string {
	const rename = "wheel tags --remove --platform-tag "
	version := macOS().FindStringSubmatch(tag)
	base, _, copied := strings.Cut(tag, " ")
	alias, _, _ := strings.Cut(tag, "_")
	switch {
	case copied && (accepted().MatchString(base) || base == ""):
		return copyAdvice(tag[len(base):])
	case strings.HasPrefix(tag, "linux_"):
		return "repair the wheel with auditwheel (cibuildwheel does this), which sets a manylinux or musllinux tag"
	case strings.HasPrefix(tag, "pyodide_"), strings.HasPrefix(tag, "emscripten_"):
		return "build it with the platform tag pyemscripten_…_wasm32"
	case version != nil && (version[3] == "amd64" || version[3] == "aarch64"):
		right := map[string]string{"amd64": "x86_64", "aarch64": "arm64"}[version[3]]
		return fmt.Sprintf("macOS calls this architecture %s: %smacosx_%s_%s_%s", right, rename, version[1], version[2], right)
	case version != nil && version[1] != "10" && version[2] != "0":
		return fmt.Sprintf("from macOS 11 on the tag ends in _0: set MACOSX_DEPLOYMENT_TARGET to %[2]s.0 and build again, or "+
			"%[1]smacosx_%[2]s_0_%[3]s",
			rename, version[1], version[3])
	case strings.HasPrefix(tag, "macosx_"):
		return "set MACOSX_DEPLOYMENT_TARGET to a version such as 11.0; from macOS 11 on the tag ends in _0"
	case alias == "manylinux1" || alias == "manylinux2010" || alias == "manylinux2014":
		return fmt.Sprintf("%s never had this architecture: take the tag %s out of the file name (wheel tags --platform-tag, with those "+
			"that remain)", alias, tag)
	default:
		return "remove this wheel, or build it for a platform that the index accepts"
	}
}

// macOS matches a tag of macOS: version, second number, architecture.
var macOS = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^macosx_(\d+)_(\d+)_(.+)$`)
})
