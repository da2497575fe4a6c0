// Package phrase makes small pieces of what people read: a number of things, the first few of many names, the beginning of a long text.
package phrase

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Count returns a number of things, of which thing is the singular: "1 file", "2 files".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Some lists the first of many names, up to most of them, and says how many there are more.
func Some(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// Beginning returns as much of a text as fits into so many bytes. It does not cut a character in two.
func Beginning(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for n := most; n >= max(0, most-utf8.UTFMax+1); n-- {
		if utf8.RuneStart(text[n]) {
			return text[:n]
		}
	}
	return text[:most] // no UTF-8
}
