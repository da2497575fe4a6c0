package distfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/localfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Nested is a distribution in a sub-folder of a given folder. Find does not add it to Distributions.
type Nested struct {
	Folder string // the given folder
	Path   string // of the file
}

const (
	nestedDepth   = 2      // how many folders below a given one are searched
	nestedEntries = 10_000 // how many directory entries are read, in all folders together
)

// findNested returns the wheels and .tar.gz sdists one or two folders below the given folders, sorted. A file counts if
// no distribution has its name and one of them belongs to the same project; without distributions, every file counts.
// Folders whose names begin with a dot are skipped, as are given folders and those already visited. Unreadable folders
// are ignored. At most the given number of directory entries is read.
func findNested(folders, distributions []string, entries int) []Nested {
	w := nestedWalk{left: entries, names: map[string]bool{}, projects: map[pep.Project]bool{}, seen: map[string]bool{}}
	for _, path := range distributions {
		w.names[filepath.Base(path)] = true
		if release, err := pep.ReleaseOfFile(filepath.Base(path)); err == nil {
			w.projects[release.Project] = true
		}
	}
	for _, folder := range folders {
		w.seen[realPath(folder)] = true
	}
	for _, folder := range folders {
		w.walk(filepath.Clean(folder))
	}
	sort.Slice(w.found, func(i, j int) bool {
		a, b := w.found[i], w.found[j]
		return a.Folder < b.Folder || a.Folder == b.Folder && a.Path < b.Path
	})
	return w.found
}

// nestedWalk holds the state of a search below the given folders.
type nestedWalk struct {
	left     int                  // entries that may still be read
	names    map[string]bool      // of the distributions
	projects map[pep.Project]bool // of the distributions
	seen     map[string]bool      // folders, by their real paths: a link may lead to one again
	found    []Nested
}

// walk searches the folders below a given one, the nearest first.
func (w *nestedWalk) walk(given string) {
	level := []string{given}
	for depth := 0; depth <= nestedDepth; depth++ {
		var below []string
		for _, folder := range level {
			for _, entry := range w.read(folder) {
				path := filepath.Join(folder, entry.Name())
				switch {
				case entry.IsDir(), leadsToFolder(entry, path):
					refused := depth == 0 && isDistribution(path) // by Find
					if depth < nestedDepth && !refused && w.enters(given, entry.Name(), path) {
						below = append(below, path)
					}
				case depth > 0 && w.counts(entry, path):
					w.found = append(w.found, Nested{Folder: given, Path: path})
				}
			}
		}
		level = below
	}
}

// read returns the entries of a folder, sorted by name, up to the remaining number. After an error it returns the entries
// before it.
func (w *nestedWalk) read(folder string) []fs.DirEntry {
	if w.left <= 0 {
		return nil // for n <= 0, ReadDir would return all entries
	}
	opened, err := localfile.OpenFolder(folder)
	if err != nil {
		return nil
	}
	defer opened.Close()
	entries, _ := opened.ReadDir(w.left)
	w.left -= len(entries)
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	return entries
}

// enters reports whether a sub-folder is to be searched, and marks it as visited. A link to a folder that contains the
// given one would be a loop.
func (w *nestedWalk) enters(given, name, path string) bool {
	if strings.HasPrefix(name, ".") {
		return false
	}
	folder := realPath(path)
	if w.seen[folder] || isWithin(realPath(given), folder) {
		return false
	}
	w.seen[folder] = true
	return true
}

// counts reports whether an entry is a distribution that is missing in the set.
func (w *nestedWalk) counts(entry fs.DirEntry, path string) bool {
	name := entry.Name()
	release, err := pep.ReleaseOfFile(name)
	if err != nil || !strings.HasSuffix(name, ".whl") && !strings.HasSuffix(name, ".tar.gz") {
		return false
	}
	if w.names[name] || len(w.names) > 0 && !w.projects[release.Project] {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func leadsToFolder(entry fs.DirEntry, path string) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// realPath returns an existing path as absolute and without links; another path only as absolute.
func realPath(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	if resolved, err := filepath.EvalSymlinks(absolute); err == nil {
		return resolved
	}
	return absolute
}

// isWithin reports whether path is folder, or below it.
func isWithin(path, folder string) bool {
	relative, err := filepath.Rel(folder, path)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}
