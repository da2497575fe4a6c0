package preflight

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

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
	const rename = "wheel tags --remove --platform-tag "
	version := macOS().FindStringSubmatch(tag)
	mark := copyMark().FindString(tag)
	original := strings.Replace(tag, mark, "", 1)
	alias, _, _ := strings.Cut(tag, "_")
	switch {
	case mark != "" && (platform.Accepted(original) || original == ""):
		return copyAdvice(mark)
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
