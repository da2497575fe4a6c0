package distfile

import (
	"bytes"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Start tells what a file is whose first bytes are not those of an archive.
type Start string

// The starts that are recognized.
const (
	LFSPointer Start = "a Git LFS pointer"
	WebPage    Start = "a web page"
	Program    Start = "a program"
)

// startLength is how many bytes at the beginning of a file, or of a member, are looked at.
const startLength = 64

// startOf returns what the first bytes of a file tell; empty if nothing that is known.
func startOf(text []byte) Start {
	begins := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return bytes.HasPrefix(text, []byte(prefix)) })
	}
	switch {
	case begins("version https://git-lfs.github.com/spec/"):
		return LFSPointer
	case begins("\x7fELF", "MZ", "\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xca\xfe\xba\xbe"):
		return Program
	}
	text = bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), " \t\r\n"))
	if begins("<!doctype html", "<html") {
		return WebPage
	}
	return ""
}

// readStart looks at the first bytes of the file.
func (d *Distribution) readStart(file io.ReaderAt) {
	text := make([]byte, startLength)
	n, _ := file.ReadAt(text, 0) // a file that cannot be read is reported by those who read it to its end
	d.Start = startOf(text[:n])
}

// Contents is what the members of an archive tell about its purpose, as far as they were unpacked. Each is the first such member, by its
// path; empty if there is none.
type Contents struct {
	Distribution  string // a wheel or an sdist
	Distributions int    // how many there are
	Page          string // index.html, at the top or in the folder there
	Program       string // of Windows, Linux or macOS
	Source        string // setup.py or pyproject.toml, at the top or in the folder there
}

// contentsFinder looks at every member of an archive that claims to be an sdist.
type contentsFinder struct {
	found *Contents
}

// inspect returns what takes the content of a member; nil if a program was found before.
func (f contentsFinder) inspect(member string) archive.Inspection {
	base := path.Base(member)
	if _, err := pep.ReleaseOfFile(base); err == nil && isDistribution(base) {
		f.found.Distributions++
		f.found.Distribution = first(f.found.Distribution, member)
	}
	if atTop := strings.Count(strings.TrimPrefix(member, "./"), "/") <= 1; atTop {
		switch strings.ToLower(base) {
		case "index.html":
			f.found.Page = first(f.found.Page, member)
		case "setup.py", "pyproject.toml":
			f.found.Source = first(f.found.Source, member)
		}
	}
	if f.found.Program != "" {
		return nil
	}
	return &startInspection{member: member, found: f.found}
}

// first returns the text that was found before, or else a copy of this one.
func first(before, text string) string {
	if before == "" {
		return strings.Clone(text)
	}
	return before
}

// startInspection looks at the first bytes of one member.
type startInspection struct {
	once
	member string
	found  *Contents
	start  []byte
}

// Write takes a part of the member. It never fails.
func (i *startInspection) Write(p []byte) (int, error) {
	i.start = append(i.start, p[:min(len(p), startLength-len(i.start))]...)
	return len(p), nil
}

// Close notes what was found.
func (i *startInspection) Close() {
	if startOf(i.start) == Program {
		i.found.Program = first(i.found.Program, i.member)
	}
}
