package pep

import (
	"fmt"
	"strings"
	"unicode"
)

// WheelName holds the parts of a wheel's file name, verbatim (PEP 427). Compressed tags such as py2.py3 are not expanded.
type WheelName struct {
	Name, Version         string
	Build                 string // empty if the name has no build tag
	Python, ABI, Platform string
}

// Tags returns the compressed tags of the name, such as py2.py3-none-any.
func (w WheelName) Tags() string { return w.Python + "-" + w.ABI + "-" + w.Platform }

// SdistName holds the two parts of an sdist's file name, verbatim (PEP 625).
type SdistName struct {
	Name, Version string
}

// inWheelProject reports whether a character may be in the project of a wheel's name: a letter or a number of any script. A pattern with
// these two classes would take 100 kB of memory, more than all that is kept of a wheel.
func inWheelProject(r rune) bool {
	return r == '_' || r == '.' || unicode.IsLetter(r) || unicode.IsNumber(r)
}

// ParseWheelName parses the file name of a wheel: {name}-{version}[-{build}]-{python}-{abi}-{platform}.whl. The version
// must be a version of PEP 440 and a build tag must begin with a digit. The errors use the messages of the index.
func ParseWheelName(filename string) (WheelName, error) {
	stem, ok := strings.CutSuffix(filename, ".whl")
	if !ok {
		return WheelName{}, fmt.Errorf("invalid wheel filename (extension must be '.whl'): '%s'", filename)
	}
	parts := make([]string, 0, 7) // of which the last is one too many
	for part := range strings.SplitSeq(stem, "-") {
		if parts = append(parts, part); len(parts) == cap(parts) {
			break
		}
	}
	if len(parts) != 5 && len(parts) != 6 {
		return WheelName{}, fmt.Errorf("invalid wheel filename (wrong number of parts): '%s'", stem)
	}
	tags := parts[len(parts)-3:]
	w := WheelName{Name: parts[0], Version: parts[1], Python: tags[0], ABI: tags[1], Platform: tags[2]}
	if strings.Contains(w.Name, "__") || strings.ContainsFunc(w.Name, func(r rune) bool { return !inWheelProject(r) }) {
		return WheelName{}, fmt.Errorf("invalid project name: '%s'", stem)
	}
	if !validVersion(w.Version) {
		return WheelName{}, fmt.Errorf("invalid wheel filename (invalid version): '%s'", stem)
	}
	if len(parts) == 6 {
		w.Build = parts[2]
		if w.Build == "" || w.Build[0] < '0' || w.Build[0] > '9' {
			return WheelName{}, fmt.Errorf("invalid build number: %s in '%s'", w.Build, stem)
		}
	}
	return w, nil
}

// ParseSdistName parses the file name of a source distribution: {name}-{version}.tar.gz or .zip. The version is the text
// after the last dash and must be a version of PEP 440.
func ParseSdistName(filename string) (SdistName, error) {
	stem, ok := cutSdistSuffix(filename)
	if !ok {
		return SdistName{}, fmt.Errorf("invalid sdist filename (extension must be '.tar.gz' or '.zip'): '%s'", filename)
	}
	dash := strings.LastIndexByte(stem, '-')
	if dash < 0 {
		return SdistName{}, fmt.Errorf("invalid sdist filename (no dash between name and version): '%s'", filename)
	}
	s := SdistName{Name: stem[:dash], Version: stem[dash+1:]}
	if !validVersion(s.Version) {
		return SdistName{}, fmt.Errorf("invalid sdist filename (invalid version): '%s'", filename)
	}
	return s, nil
}

func cutSdistSuffix(filename string) (stem string, ok bool) {
	if stem, ok = strings.CutSuffix(filename, ".tar.gz"); ok {
		return stem, true
	}
	return strings.CutSuffix(filename, ".zip")
}
