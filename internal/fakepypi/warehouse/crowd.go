package warehouse

import "github.com/org/pypi-oidc-publish/internal/pep"

// What parallel uploads to one release do to each other (docs/reference/pypi-server.md §3): with eight at a time, 1 to 3 of 25 were
// answered with 500, by a deadlock in the database; with four or fewer none.

const (
	// calm is the number of uploads to one release that do not disturb each other.
	calm = 4
	// Of the uploads that commit in a crowd, the one numbered firstVictim and every crowdSize-th after it is the victim of a deadlock.
	crowdSize   = 10
	firstVictim = 1
)

// crowd counts the uploads that are on their way.
type crowd struct {
	uploads map[string]int // by release
	commits int            // in a crowd, so far
}

// releaseKey returns the same text for all forms of a release.
func (f *form) releaseKey() string {
	version := f.get("version")
	if v, err := pep.ParseVersion(version); err == nil {
		version = v.Canonical()
	}
	return string(normalize(f.get("name"))) + " " + version
}

// enter counts an upload to the release of the form. The caller calls done when the upload has ended.
func (ix *Index) enter(f *form) (done func()) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	key, uploads := f.releaseKey(), ix.crowd.uploads
	uploads[key]++
	return func() {
		ix.mu.Lock()
		defer ix.mu.Unlock()
		if uploads[key]--; uploads[key] == 0 {
			delete(uploads, key)
		}
	}
}

// deadlocked reports whether an upload that is about to be committed is the victim of a deadlock.
func (ix *Index) deadlocked(f *form) bool {
	if ix.crowd.uploads[f.releaseKey()] <= calm {
		return false
	}
	ix.crowd.commits++
	return ix.crowd.commits%crowdSize == firstVictim
}
