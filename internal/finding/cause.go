package finding

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Cause is one problem: findings that say the same, each of them of another file.
type Cause struct {
	First Finding  // in whose words all are shown
	Files []string // the paths of the files that the findings are about, in their order, each once; empty where they are about none
}

// Causes groups findings that differ in nothing but the file that they are about, which their texts may name. The causes are in the
// order of their first findings.
func Causes(all []Finding) []Cause {
	var causes []Cause
	at := map[Finding]int{}
	for _, f := range all {
		key := f
		key.Message, key.Fix = withoutFile(f.Message, f.File), withoutFile(f.Fix, f.File)
		if f.File != "" {
			key.File = "some file"
		}
		n, known := at[key]
		if !known {
			n = len(causes)
			at[key] = n
			causes = append(causes, Cause{First: f})
		}
		if c := &causes[n]; f.File != "" && !slices.Contains(c.Files, f.File) {
			c.Files = append(c.Files, f.File)
		}
	}
	return causes
}

// withoutFile returns a text in which every name of the file, with its folders or without, stands for that of any file.
func withoutFile(text, file string) string {
	if file == "" {
		return text
	}
	text = strings.ReplaceAll(text, file, "\x00path\x00")
	return strings.ReplaceAll(text, filepath.Base(file), "\x00name\x00")
}

// mostNamed is how many files [Cause.Shown] names.
const mostNamed = 3

// where counts the files, of which there are several, and names the first.
func (c Cause) where() string {
	names, more := c.Names(), ""
	if n := len(names) - mostNamed; n > 0 {
		names, more = names[:mostNamed], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("in %d files: %s%s", len(c.Files), strings.Join(names, ", "), more)
}

// Names returns the names of the files without their folders or, where two files have one name, with them.
func (c Cause) Names() []string {
	names, seen := make([]string, 0, len(c.Files)), map[string]bool{}
	for _, file := range c.Files {
		name := filepath.Base(file)
		if seen[name] {
			return c.Files
		}
		seen[name] = true
		names = append(names, name)
	}
	return names
}

// Shown returns the one finding that stands for all: it has the place of the only file or, where there are several, their number and
// the names of the first behind its message.
func (c Cause) Shown() Finding {
	f := c.First
	if len(c.Files) > 1 {
		f.Message, f.File, f.Line, f.Col = strings.TrimSuffix(f.Message, ".")+" ("+c.where()+")", "", 0, 0
	}
	return f
}

// Listing returns lines for a log that name all files of a cause, where [Cause.Shown] leaves some out; none where it names them all.
func (c Cause) Listing() []string {
	const aLine = 10
	if len(c.Files) <= mostNamed {
		return nil
	}
	var lines []string
	for names := range slices.Chunk(c.Names(), aLine) {
		lines = append(lines, "  in "+strings.Join(names, ", "))
	}
	return lines
}
