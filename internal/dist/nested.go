package dist

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

// Nested is a distribution in a sub-folder of a folder that was given, which Find does not take.
type Nested struct {
	Folder string // that was given
	Path   string // of the file
}

const (
	nestedDepth   = 2      // how many folders below a given one a file may lie to be seen
	nestedEntries = 10_000 // how many directory entries are looked at, below all folders together
)

// findNested returns the wheels and .tar.gz sdists that lie one or two folders below the given folders, sorted. What counts is a file
// whose name none of the distributions has, of a project that one of them has; without any distributions, of any project. Folders that
// begin with a dot are not looked into, nor are those that are given, or seen, themselves. What cannot be read is passed over. No more
// than so many directory entries are looked at.
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
	slices.SortFunc(w.found, func(a, b Nested) int {
		return cmp.Or(strings.Compare(a.Folder, b.Folder), strings.Compare(a.Path, b.Path))
	})
	return w.found
}

// nestedWalk is a walk through the folders below the given ones.
type nestedWalk struct {
	left     int                  // entries that may still be looked at
	names    map[string]bool      // of the files of the set
	projects map[pep.Project]bool // of the set
	seen     map[string]bool      // folders, by their real paths: a link may lead to one a second time
	found    []Nested
}

// walk looks into the folders below one that was given, those nearest to it first.
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

// read returns the entries of a folder, by name, as many as may still be looked at. An error gives those before it.
func (w *nestedWalk) read(folder string) []fs.DirEntry {
	if w.left <= 0 {
		return nil // asked for no entries, ReadDir would give all of them
	}
	opened, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer opened.Close()
	entries, _ := opened.ReadDir(w.left)
	w.left -= len(entries)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries
}

// enters reports whether a sub-folder is to be looked into, and remembers it. A link to a folder around the given one is a loop.
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

// counts reports whether an entry is a distribution that the set lacks.
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

// realPath returns the one spelling of a path that is there, without links; of another path, its absolute one.
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
