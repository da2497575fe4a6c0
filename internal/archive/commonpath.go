package archive

import (
	"bytes"
	"slices"
	"strings"
)

// commonPath computes the longest path that is a prefix of all added paths, segment by segment. Empty segments and single
// dots are ignored; a leading slash is a segment.
type commonPath struct {
	begun  bool
	parts  []string
	prefix []byte // the current path, with a slash after it
}

// add adds a path. Most paths begin with the common prefix, which is checked without splitting them.
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

// String returns the common path.
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
