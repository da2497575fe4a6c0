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
		`macosx_1[1-5]_[1-9].*`, `macosx_(1[6-9]|2[0-5])_.*`, // versions that do not exist
		`pyodide_.*`, `emscripten_.*`, `wasi_.*`, // replaced by pyemscripten, or not at all
		`(freebsd|openbsd|netbsd|dragonfly|solaris|sunos|aix|cygwin|mingw|haiku)_.*`,
		`win32_.*`, `win_x86`, `unknown`, `none`,
	}, "|") + `)$`)
})

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
			if !refused().MatchString(tag) && !s.current(platformsOf()) {
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
	switch {
	case strings.HasPrefix(tag, "linux_"):
		return "repair the wheel with auditwheel (cibuildwheel does this), which sets a manylinux or musllinux tag"
	case strings.HasPrefix(tag, "pyodide_"), strings.HasPrefix(tag, "emscripten_"):
		return "build it with the platform tag pyemscripten_…_wasm32"
	case strings.HasPrefix(tag, "macosx_"):
		return "set MACOSX_DEPLOYMENT_TARGET to a version such as 11.0; from macOS 11 on the tag ends in _0"
	default:
		return "remove this wheel, or build it for a platform that the index accepts"
	}
}
