package archive

import (
	"slices"
	"strings"
)

// commonPath finds the longest path that is a prefix of all paths added, part by part. Empty parts and single dots do not
// count; a leading slash is a part of its own.
type commonPath struct {
	begun bool
	parts []string
}

func (c *commonPath) add(path string) {
	if !c.begun {
		c.begun = true
		c.parts = slices.Collect(parts(path))
		return
	}
	same := 0
	for part := range parts(path) {
		if same == len(c.parts) || part != c.parts[same] {
			break
		}
		same++
	}
	c.parts = c.parts[:same]
}

func (c *commonPath) String() string {
	if len(c.parts) > 0 && c.parts[0] == "/" {
		return "/" + strings.Join(c.parts[1:], "/")
	}
	return strings.Join(c.parts, "/")
}

func parts(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if strings.HasPrefix(path, "/") && !yield("/") {
			return
		}
		for part := range strings.SplitSeq(path, "/") {
			if part != "" && part != "." && !yield(part) {
				return
			}
		}
	}
}
