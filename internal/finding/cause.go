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

// Where tells in which files the cause is: by the path of the only one, or by the number of several with the names of the first. It
// is empty where the cause is in no file.
func (c Cause) Where() string {
	const most = 3
	switch n := len(c.Files); {
	case n == 0:
		return ""
	case n == 1:
		return c.Files[0]
	case n > most:
		return fmt.Sprintf("in %d files (%s and %d more)", n, strings.Join(c.Names()[:most], ", "), n-most)
	default:
		return fmt.Sprintf("in %d files (%s)", n, strings.Join(c.Names(), ", "))
	}
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

// Shown returns the one finding that stands for all: it has the place of the only file, and says where it is if there are several.
func (c Cause) Shown() Finding {
	f := c.First
	if len(c.Files) > 1 {
		f.Message, f.File, f.Line, f.Col = c.Where()+": "+f.Message, "", 0, 0
	}
	return f
}
