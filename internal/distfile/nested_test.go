package distfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
)

// nestedIn returns what Find reports of distributions below the folders, relative to root, as "folder: path".
func nestedIn(t *testing.T, root string, patterns ...string) []string {
	t.Helper()
	for i, pattern := range patterns {
		patterns[i] = root + "/" + pattern
	}
	result, _ := distfile.Find(patterns) // without a distribution there is an error as well
	var found []string
	for _, n := range result.Nested {
		folder, err := filepath.Rel(root, n.Folder)
		if err != nil {
			t.Fatal(err)
		}
		path, err := filepath.Rel(root, n.Path)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, filepath.ToSlash(folder+": "+path))
	}
	return found
}

const (
	ours   = "alder-1.0-py3-none-any.whl"
	theirs = "birch-2.0-py3-none-any.whl"
)

func TestFindNested_Folders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tree     []string
		patterns []string
		want     []string
	}{
		"none": {[]string{"dist/alder-1.0.tar.gz"}, []string{"dist"}, nil},
		"one and two folders below": {
			[]string{
				"dist/alder-1.0.tar.gz", "dist/linux/" + ours, "dist/mac/arm/alder-1.0-cp312-cp312-win32.whl",
				"dist/a/b/c/alder-1.0-cp313-cp313-win32.whl",
			},
			[]string{"dist"},
			[]string{"dist: dist/linux/" + ours, "dist: dist/mac/arm/alder-1.0-cp312-cp312-win32.whl"},
		},
		"an sdist, by another spelling of the name": {
			[]string{"dist/" + ours, "dist/src/Al-Der-1.0.tar.gz", "dist/src/Alder-1.0.0.tar.gz"},
			[]string{"dist"},
			[]string{"dist: dist/src/Alder-1.0.0.tar.gz"},
		},
		"another release of the project": {
			[]string{"dist/" + ours, "dist/old/alder-0.9.tar.gz"}, []string{"dist"}, []string{"dist: dist/old/alder-0.9.tar.gz"},
		},
		"another project": {[]string{"dist/" + ours, "dist/deps/" + theirs}, []string{"dist"}, nil},
		"another project, and nothing in the set": {
			[]string{"dist/README", "dist/deps/" + theirs}, []string{"dist"}, []string{"dist: dist/deps/" + theirs},
		},
		"a name of the set": {[]string{"dist/" + ours, "dist/copy/" + ours}, []string{"dist"}, nil},
		"names that say nothing": {
			[]string{
				"dist/" + ours, "dist/x/alder.whl", "dist/x/alder-1.0.zip", "dist/x/alder-1.0.egg", "dist/x/alder-one.tar.gz",
				"dist/x/alder-1.0-py3-none-any.whl.metadata", "dist/x/alder-1.0-py2-none-any.WHL",
			},
			[]string{"dist"},
			nil,
		},
		"a folder that begins with a dot": {
			[]string{"dist/alder-1.0.tar.gz", "dist/.cache/" + ours, "dist/x/.tmp/" + ours}, []string{"dist"}, nil,
		},
		"a glob of files":              {[]string{"dist/alder-1.0.tar.gz", "dist/linux/" + ours}, []string{"dist/*"}, nil},
		"a glob of folders":            {[]string{"dist/x/alder-1.0.tar.gz", "dist/x/linux/" + ours}, []string{"dist/*/"}, nil},
		"a file":                       {[]string{"dist/alder-1.0.tar.gz", "dist/linux/" + ours}, []string{"dist/alder-1.0.tar.gz"}, nil},
		"a folder and its sub-folders": {[]string{"dist/alder-1.0.tar.gz", "dist/linux/" + ours}, []string{"dist", "dist/*/"}, nil},
		"a sub-folder that is given too": {
			[]string{"dist/alder-1.0.tar.gz", "dist/linux/" + ours, "dist/linux/more/alder-1.0-cp312-cp312-win32.whl"},
			[]string{"dist", "dist/linux"},
			[]string{"dist/linux: dist/linux/more/alder-1.0-cp312-cp312-win32.whl"},
		},
		"a folder by two names": {
			[]string{"dist/alder-1.0.tar.gz", "dist/linux/" + ours, "again -> dist"},
			[]string{"dist/", "dist/../dist", "again"},
			[]string{"dist: dist/linux/" + ours},
		},
		"the name of a folder": {
			[]string{"dist/alder-1.0.tar.gz", "dist/x/" + ours + "/", "dist/x/" + ours + "/" + ours},
			[]string{"dist"},
			[]string{"dist: dist/x/" + ours + "/" + ours},
		},
		"links to folders and files": {
			[]string{
				"dist/alder-1.0.tar.gz", "dist/linux -> ../built", "built/" + ours, "dist/mac/" + theirs,
				"dist/mac/alder-1.0-cp312-cp312-win32.whl -> ../../built/" + ours,
			},
			[]string{"dist"},
			[]string{"dist: dist/linux/" + ours, "dist: dist/mac/alder-1.0-cp312-cp312-win32.whl"},
		},
		"links that lead round": {
			[]string{
				"dist/alder-1.0.tar.gz", "dist/self -> .", "dist/up -> ..", "dist/a/back -> ..", "dist/a/self -> ../a", "dist/a/" + ours,
				"other/alder-0.1.tar.gz",
			},
			[]string{"dist"},
			[]string{"dist: dist/a/" + ours},
		},
		"a folder by a link and by its name": {
			[]string{"dist/alder-1.0.tar.gz", "dist/a -> b", "dist/b/" + ours}, []string{"dist"}, []string{"dist: dist/a/" + ours},
		},
		"a link that leads nowhere": {
			[]string{"dist/alder-1.0.tar.gz", "dist/a/" + ours + " -> gone", "dist/b -> gone"}, []string{"dist"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := nestedIn(t, folder(t, c.tree...), c.patterns...); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestFindNested_UnreadableFolder is passed over: it may be anybody's.
func TestFindNested_UnreadableFolder(t *testing.T) {
	t.Parallel()
	root := folder(t, "dist/alder-1.0.tar.gz", "dist/closed/"+ours, "dist/open/alder-1.0-cp312-cp312-win32.whl")
	closed := filepath.Join(root, "dist/closed")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(closed, 0o700) })
	want := []string{"dist: dist/open/alder-1.0-cp312-cp312-win32.whl"}
	if _, err := os.ReadDir(closed); err == nil {
		want = append([]string{"dist: dist/closed/" + ours}, want...) // root reads everything
	}
	if got := nestedIn(t, root, "dist"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if found, err := distfile.Find([]string{root + "/dist"}); err != nil || len(found.Distributions) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestFindNested_Bounded: the nearest folders are read first, in the order of their names, up to the limit of entries.
func TestFindNested_Bounded(t *testing.T) {
	t.Parallel()
	tree := []string{
		"dist/alder-1.0.tar.gz", "dist/a/alder-1.0-cp312-cp312-win32.whl", "dist/m/deep/alder-1.0-cp313-cp313-win32.whl", "dist/z/" + ours,
	}
	for i := range 20 {
		tree = append(tree, fmt.Sprintf("dist/n/%d", i))
	}
	root := folder(t, tree...)
	entries := 5 + 1 + 1 + 20 // of dist, a, m and n
	for more, want := range []int{1, 2, 3} {
		found := distfile.FindNested([]string{root + "/dist"}, []string{root + "/dist/alder-1.0.tar.gz"}, entries+more)
		if len(found) != want {
			t.Errorf("%d entries: got %v, want %d", entries+more, found, want)
		}
	}
	if found := distfile.FindNested([]string{root + "/dist"}, nil, 0); len(found) > 0 {
		t.Errorf("no entries: got %v", found)
	}
}
