package preflight

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/distfile"
)

// The rules in this file are about what an index accepts and installers refuse.

// wheelFormat reports a WHEEL file without headers, or without a Wheel-Version of the form 1.N. Installers must refuse a greater version
// than they know; the format has had no other than 1 yet
// (https://packaging.python.org/en/latest/specifications/binary-distribution-format/).
func wheelFormat(d *distfile.Distribution) (message, fix string) {
	if d.WheelFile == nil || d.Archive.Broken != nil {
		return "", ""
	}
	const again = "build the wheel again with a current build backend"
	versions, endsAt := d.WheelFile.Values("Wheel-Version"), d.WheelFile.EndsAt
	switch {
	case len(d.WheelFile.Headers) == 0 && endsAt != nil && strings.HasPrefix(endsAt.Text, byteOrderMark):
		return "WHEEL begins with a byte order mark, so that no header is read" + tried("no headers"),
			"write WHEEL as UTF-8 without a byte order mark"
	case len(d.WheelFile.Headers) == 0 && endsAt == nil && d.WheelFile.Body:
		return "WHEEL begins with an empty line, so that no header is read" + tried("no headers"), "begin WHEEL with Wheel-Version: 1.0"
	case len(versions) == 0:
		return "WHEEL has no Wheel-Version" + tried("no wheel version"), again
	case !formatVersion().MatchString(versions[0]):
		return fmt.Sprintf("WHEEL has the Wheel-Version %s, and installers know the versions 1.N alone%s",
			quote(elide(versions[0])), tried(trialOfWheelVersion(versions[0]))), again
	default:
		return "", ""
	}
}

// trialOfWheelVersion returns the name of the trial that had a version like this one, which is not 1.N.
func trialOfWheelVersion(version string) string {
	switch major, rest, more := strings.Cut(version, "."); {
	case major != "1":
		return "wheel version"
	case !more:
		return "wheel version without a minor"
	case longVersion().MatchString(rest):
		return "long wheel version"
	default:
		return ""
	}
}

var longVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]+(\.[0-9]+)+$`) })

var formatVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^1\.[0-9]+[ \t]*$`) })

// sdistLink reports links that lead out of an sdist, which pip and the data filter of Python's tarfile refuse
// (https://docs.python.org/3/library/tarfile.html#tarfile.data_filter).
func sdistLink(d *distfile.Distribution) (message, fix string) {
	link := unusual(d, archive.AnomalyLink)
	if link == nil || d.Archive.Broken != nil {
		return "", ""
	}
	return fmt.Sprintf("%s is a link to %s, which is outside of the sdist: installers refuse to unpack "+
			"it", link.Member, quote(elide(link.Detail))),
		"pack the file itself, or leave the link out"
}
