package pep

import "fmt"

// ReleaseOfFile returns the release in the file name of a distribution. The metadata in the file takes precedence.
func ReleaseOfFile(filename string) (Release, error) {
	var name, version string
	if w, err := ParseWheelName(filename); err == nil {
		name, version = w.Name, w.Version
	} else if s, err := ParseSdistName(filename); err == nil {
		name, version = s.Name, s.Version
	} else {
		return Release{}, fmt.Errorf("%q is not the file name of a wheel or an sdist", filename)
	}
	v, err := ParseVersion(version)
	if err != nil {
		return Release{}, fmt.Errorf("%q: %w", filename, err)
	}
	return Release{Project: Normalize(name), Version: v.Canonical()}, nil
}
