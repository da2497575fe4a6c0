package finding

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/finding/phrase"
)

// Cause groups findings that report one problem in different files.
type Cause struct {
	First   Finding  // the finding whose message is shown for all
	Files   []string // the paths of the files that the findings are about, in their order, each once; empty if they are about none
	details []detail // of the findings that have one, in their order
}

// detail is the part of one finding's message that is about its file alone.
type detail struct{ file, text string }

// Causes groups findings that differ only in their file, which their texts may name, and in their details. The causes are in the order of
// their first findings.
func Causes(all []Finding) []Cause {
	var causes []Cause
	at := map[Finding]int{}
	type mention struct {
		cause int
		of    detail
	}
	mentioned := map[mention]bool{}
	first := func(cause int, of detail) bool {
		before := mentioned[mention{cause, of}]
		mentioned[mention{cause, of}] = true
		return !before
	}
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
		if f.File != "" && first(n, detail{file: f.File}) {
			c.Files = append(c.Files, f.File)
		}
		if own := (detail{f.File, f.Detail}); f.Detail != "" && first(n, own) {
			c.details = append(c.details, own)
		}
	}
	return causes
}

// withoutDetail returns the message of a finding without its detail, so that it may apply to other files.
func withoutDetail(f Finding) string { return strings.Replace(f.Message, f.Detail, "", 1) }

// withoutFile returns a text in which every name of the file, with its folders or without, is replaced by a placeholder.
func withoutFile(text, file string) string {
	if file == "" {
		return text
	}
	text = strings.ReplaceAll(text, file, "\x00path\x00")
	return strings.ReplaceAll(text, filepath.Base(file), "\x00name\x00")
}

// mostNamed is how many files [Cause.Summary] names.
const mostNamed = 3

// several reports whether the findings of a cause differ.
func (c Cause) several() bool { return len(c.Files) > 1 || len(c.details) > 1 }

// shared returns the message that all findings share, and reports whether it names the first file.
func (c Cause) shared() (message string, namesFirst bool) {
	message = c.First.Message
	if c.several() {
		message = withoutDetail(c.First)
	}
	return message, len(c.Files) > 1 && strings.Contains(message, filepath.Base(c.Files[0]))
}

// Message returns the shared message for a reader who sees the files beside it.
func (c Cause) Message() string {
	message, namesFirst := c.shared()
	if namesFirst {
		return strings.TrimSuffix(message, ".") + " (the same for the others)"
	}
	return message
}

// Names returns the file names without their folders. If two files have the same name, it returns the paths.
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

// Summary returns one finding that represents all. It has the location of the only file; if there are several, its message ends with their
// number and the first names.
func (c Cause) Summary() Finding {
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

// Annotation returns Summary for an annotation, with the name of an only file in the message: GitHub's log shows the message of an
// annotation, but not its file.
func (c Cause) Annotation() Finding {
	f := c.Summary()
	if name := filepath.Base(f.File); f.File != "" && !strings.Contains(f.Message, name) {
		f.Message = strings.TrimSuffix(f.Message, ".") + " (in " + name + ")"
	}
	return f
}

// Listing returns lines for a log that name all files of a cause if [Cause.Summary] omits some, and the detail of each finding. It returns
// none if Summary is complete.
func (c Cause) Listing() []string {
	const aLine = 10
	var lines []string
	switch names := c.Names(); {
	case c.several() && len(c.details) > 0:
		nameOf := make(map[string]string, len(names))
		for i, file := range c.Files {
			nameOf[file] = names[i]
		}
		for _, own := range c.details {
			lines = append(lines, "  "+nameOf[own.file]+own.text)
		}
	case len(c.Files) > mostNamed:
		for some := range slices.Chunk(names, aLine) {
			lines = append(lines, "  in "+strings.Join(some, ", "))
		}
	}
	return lines
}
