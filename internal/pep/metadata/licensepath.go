package metadata

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// LicensePath checks a value of License-File (docs/reference/pypi-server.md row 29).
func LicensePath(value string) (problem string) {
	const key = "license-file"
	switch {
	case strings.Contains(value, ".."):
		return invalid(value, key) + ", parent directory indicators are not allowed"
	case strings.Contains(value, "*"):
		return invalid(value, key) + ", paths must be resolved"
	case rooted().MatchString(value):
		return invalid(value, key) + ", paths must be relative"
	case !plainPath(value):
		return invalid(value, key) + ", paths must use '/' delimiter"
	}
	return ""
}

// rooted matches absolute paths of POSIX and of Windows (a drive with a root, or a share).
var rooted = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?s:/|\\\\|.:[\\/])`)
})

// plainPath reports whether a path is already in its shortest spelling. The index converts it with Python's Windows path
// class, using slashes, and compares.
func plainPath(path string) bool {
	if path == "." {
		return true
	}
	drive := driveOf(path)
	rest := path[len(drive):]
	if inner, here := strings.CutPrefix(path, "./"); here && driveOf(inner) != "" {
		rest = inner // the dot prevents that a name with a colon is read as a drive
	}
	if rest == "" {
		return drive != ""
	}
	if strings.Contains(rest, `\`) {
		return false
	}
	for part := range strings.SplitSeq(rest, "/") {
		if part == "" || part == "." {
			return false
		}
	}
	return true
}

// driveOf returns the drive at the start of a path, such as C:. A drive alone does not make a path absolute.
func driveOf(path string) string {
	first, size := utf8.DecodeRuneInString(path)
	if size == 0 || first == '/' || first == '\\' || !strings.HasPrefix(path[size:], ":") {
		return ""
	}
	return path[:size+1]
}
