package preflight

import (
	"fmt"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/pep/platform"
)

// wheelPlatformTag reports unsupported platform tags. A tag that a newer table may contain is a warning.
func wheelPlatformTag(s Set) (found []finding.Finding) {
	for _, d := range s.Files {
		name, err := pep.ParseWheelName(d.Name)
		if err != nil || !plain(d, distfile.Wheel) {
			continue
		}
		for tag := range strings.SplitSeq(strings.ToLower(name.Platform), ".") {
			if platform.Accepted(tag) {
				continue
			}
			f := refusal(d, fmt.Sprintf("Binary wheel %s has an unsupported platform tag %s.",
				quote(d.Name), quote(tag)), platformAdvice(tag))
			if !platform.Refused(tag, s.Now) {
				f.Severity = finding.Warning
				f.Fix += aged("list of platform tags", platform.AsOf())
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
