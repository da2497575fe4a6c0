package distfile

import (
	"github.com/org/pypi-oidc-publish/internal/archive"
)

// Source describes what builds an sdist: files in the folder at its top.
type Source struct {
	HasPyproject bool // whether there is a pyproject.toml
	HasSetup     bool // whether there is a setup.py
	// Pyproject is the text of pyproject.toml. It is nil if there is none, or if it was not unpacked or is longer than [LongestPyproject].
	Pyproject []byte
}

// LongestPyproject limits the pyproject.toml of an sdist that is held, in bytes. Most have less than a tenth of it.
const LongestPyproject = 64 << 10

const pyprojectName = "pyproject.toml"

// sourceFinder takes the texts of the first pyproject.toml files at the top of an sdist while it is unpacked.
type sourceFinder struct {
	few   func(member string) bool
	texts map[string]*sourceText
}

func newSourceFinder() *sourceFinder {
	return &sourceFinder{few: fewOf(isPyproject), texts: map[string]*sourceText{}}
}

// inspect returns what takes the content of a member; nil if it is no such file.
func (f *sourceFinder) inspect(member string) archive.Inspection {
	if !f.few(member) {
		return nil
	}
	text := &sourceText{}
	f.texts[member] = text
	return text
}

// sourceText is one member while it is unpacked, and its text after that.
type sourceText struct {
	once
	text []byte
	long bool // whether it is longer than what is held
}

// Write takes a part of the member. It never fails.
func (t *sourceText) Write(p []byte) (int, error) {
	if t.long = t.long || len(t.text)+len(p) > LongestPyproject; !t.long {
		t.text = append(t.text, p...)
	}
	return len(p), nil
}

// Close ends the content.
func (t *sourceText) Close() {}

// of returns what builds an sdist that was unpacked; nil if that is not certain.
func (f *sourceFinder) of(d *Distribution) *Source {
	top := d.Archive.Top
	if d.Kind() != Sdist || d.Archive.Broken != nil || top == "" || top == "/" || d.Archive.HasAnomaly(archive.AnomalyStopped) != nil {
		return nil
	}
	s := &Source{HasPyproject: d.Archive.Names.Has(top + "/" + pyprojectName), HasSetup: d.Archive.Names.Has(top + "/setup.py")}
	if text := f.texts[top+"/"+pyprojectName]; text != nil && !text.long {
		s.Pyproject = append([]byte{}, text.text...)
	}
	return s
}
