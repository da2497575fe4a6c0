package archive

import (
	"bytes"
	"slices"
	"strings"
)

// commonPath finds the longest path that is a prefix of all paths added, part by part. Empty parts and single dots do not
// count; a leading slash is a part of its own.
type commonPath struct {
	begun  bool
	parts  []string
	prefix []byte // the path so far, with a slash after it
}

// add adds a path. Most begin with what all have in common, which is seen without a look at their parts.
func (c *commonPath) add(path []byte) {
	switch {
	case c.begun && (len(c.parts) == 0 || bytes.HasPrefix(path, c.prefix)):
		return
	case !c.begun:
		c.begun = true
		c.parts = slices.Collect(parts(string(path)))
	default:
		same := 0
		for part := range parts(string(path)) {
			if same == len(c.parts) || part != c.parts[same] {
				break
			}
			same++
		}
		c.parts = c.parts[:same]
	}
	c.prefix = []byte(strings.TrimSuffix(c.String(), "/") + "/")
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
