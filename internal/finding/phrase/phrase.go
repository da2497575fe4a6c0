// Package phrase makes small pieces of what people read: a number of things, the first few of many names, the beginning of a long text.
package phrase

import (
	"fmt"
	"strings"
	"unicode/utf16"
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

// Units returns the length of a text in code units of UTF-16, which GitHub counts.
func Units(text string) (n int) {
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}

// Distance returns how many bytes must be put in, taken out or replaced to make b of a, if these are fewer than limit, else at least limit.
func Distance(a, b string, limit int) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, best := row[0], i+1
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, before+1)
			best = min(best, row[j+1])
		}
		if best >= limit {
			return limit
		}
	}
	return row[len(b)]
}
