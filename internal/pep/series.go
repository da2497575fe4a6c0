package pep

// samePrefix reports whether release numbers begin with others. Missing ones are zero.
func samePrefix(release, prefix []number) bool {
	for i, n := range prefix {
		var own number = "0"
		if i < len(release) {
			own = release[i]
		}
		if compareNumbers(own, n) != 0 {
			return false
		}
	}
	return true
}

// SameSeries reports whether two versions have the same epoch and the same first numbers, n of them: the same minor release for 2.
func (v Version) SameSeries(w Version, n int) bool {
	part := func(release []number) []number { return release[:min(n, len(release))] }
	return compareNumbers(v.epoch, w.epoch) == 0 && samePrefix(v.release, part(w.release)) && samePrefix(w.release, part(v.release))
}
