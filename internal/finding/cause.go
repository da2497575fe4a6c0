package finding

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

// Cause is one problem: findings that say the same, each of them of another file.
type Cause struct {
	First   Finding  // in whose words all are shown
	Files   []string // the paths of the files that the findings are about, in their order, each once; empty where they are about none
	details []detail // of the findings that have one, in their order
}

// detail is what one finding of a cause says of its file alone.
type detail struct{ file, text string }

// Causes groups findings that differ in nothing but the file that they are about, which their texts may name, and in their details.
// The causes are in the order of their first findings.
func Causes(all []Finding) []Cause {
	var causes []Cause
	at := map[Finding]int{}
	for _, f := range all {
		key := f
		if f.File != "" {
			key.Message, key.Detail, key.File = withoutDetail(f), "", "some file"
		}
		key.Message, key.Fix = withoutFile(key.Message, f.File), withoutFile(f.Fix, f.File)
		n, known := at[key]
		if !known {
			n = len(causes)
			at[key] = n
			causes = append(causes, Cause{First: f})
		}
		c := &causes[n]
		if f.File != "" && !slices.Contains(c.Files, f.File) {
			c.Files = append(c.Files, f.File)
		}
		if own := (detail{f.File, f.Detail}); f.Detail != "" && !slices.Contains(c.details, own) {
			c.details = append(c.details, own)
		}
	}
	return causes
}

// withoutDetail returns what a finding says that may be true of other files as well.
func withoutDetail(f Finding) string { return strings.Replace(f.Message, f.Detail, "", 1) }

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

// several reports whether the findings of a cause differ.
func (c Cause) several() bool { return len(c.Files) > 1 || len(c.details) > 1 }

// shared returns what all findings of a cause say, and whether that names the first file.
func (c Cause) shared() (message string, namesFirst bool) {
	message = c.First.Message
	if c.several() {
		message = withoutDetail(c.First)
	}
	return message, len(c.Files) > 1 && strings.Contains(message, filepath.Base(c.Files[0]))
}

// Message returns what was found, for a reader who is shown the files beside it.
func (c Cause) Message() string {
	message, namesFirst := c.shared()
	if namesFirst {
		return strings.TrimSuffix(message, ".") + " (the same for the others)"
	}
	return message
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
	if !c.several() {
		return f
	}
	message, namesFirst := c.shared()
	f.Message, f.Detail = message, ""
	if len(c.Files) == 1 {
		return f
	}
	f.File, f.Line, f.Col = "", 0, 0
	names, others := c.Names(), len(c.Files)-1
	message = fmt.Sprintf("in %d files: %s", len(names), phrase.Some(names, mostNamed))
	if namesFirst {
		message = fmt.Sprintf("the same for %s: %s", phrase.Count(others, "more file"), phrase.Some(names[1:], mostNamed))
	}
	f.Message = strings.TrimSuffix(f.Message, ".") + " (" + message + ")"
	return f
}

// Listing returns lines for a log that name all files of a cause, where [Cause.Shown] leaves some out, and that say what each finding
// says of its file alone. There are none where Shown says it all.
func (c Cause) Listing() []string {
	const aLine = 10
	var lines []string
	switch names := c.Names(); {
	case c.several() && len(c.details) > 0:
		for _, own := range c.details {
			lines = append(lines, "  "+names[slices.Index(c.Files, own.file)]+own.text)
		}
	case len(c.Files) > mostNamed:
		for some := range slices.Chunk(names, aLine) {
			lines = append(lines, "  in "+strings.Join(some, ", "))
		}
	}
	return lines
}
