package preflight_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/preflight"
)

// built returns files of a release of alder without content.
func built(version string, names ...string) (files []*distfile.Distribution) {
	fields := []distfile.Field{{Name: "Metadata-Version", Value: "2.4"}, {Name: "Name", Value: "alder"}, {Name: "Version", Value: version}}
	for i, name := range names {
		d := &distfile.Distribution{Name: name, Path: name, Metadata: true, Headers: fields}
		d.Digests.SHA256[0] = byte(i + 1)
		files = append(files, d)
	}
	return files
}

// wheels returns names of wheels: each of these versions of Python on each of these platforms.
func wheels(version, pythons, platforms string) (names []string) {
	for python := range strings.FieldsSeq(pythons) {
		for platform := range strings.FieldsSeq(platforms) {
			tag, abi := strings.TrimSuffix(python, "t"), python
			if from, ok := strings.CutSuffix(python, "+"); ok { // and every later one
				tag, abi = from, "abi3"
			}
			names = append(names, "alder-"+version+"-"+tag+"-"+abi+"-"+platform+".whl")
		}
	}
	return names
}

// listed returns what an index lists under these names.
func listed(names ...string) (files []pep.IndexFile) {
	for _, name := range names {
		files = append(files, pep.IndexFile{Name: name, Uploaded: time.Now().Add(-1000 * time.Hour)})
	}
	return files
}

// compared returns the severity and id of what the rules of this file find, and their messages.
func compared(s preflight.Set) (found, messages []string) {
	s.Warehouse, s.Now = true, time.Now()
	for _, f := range preflight.Check(s) {
		if strings.HasPrefix(string(f.ID), "compare-") {
			found = append(found, f.Severity.String()+" "+string(f.ID))
			messages = append(messages, f.Message)
		}
	}
	return found, messages
}

const threeSystems = "manylinux_2_28_x86_64 macosx_11_0_arm64 win_amd64"

// TestCompare_Files: mishaps of real releases with other names, each with what is nearly the same and meant.
func TestCompare_Files(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before  []string // on the index, of 1.4.2 unless they say otherwise
		version string
		now     []string
		also    []string // on the index already, of this release
		want    []string
		says    string
	}{
		"the sdist is gone": {
			before: []string{"alder-1.4.2.tar.gz", "alder-1.4.2-py3-none-any.whl"}, version: "1.4.3",
			now:  []string{"alder-1.4.3-py3-none-any.whl"},
			want: []string{"warning compare-sdist"}, says: "alder 1.4.2 had an sdist",
		},
		"another job has published the sdist": {
			before: []string{"alder-1.4.2.tar.gz", "alder-1.4.2-py3-none-any.whl"}, version: "1.4.3",
			now:  []string{"alder-1.4.3-py3-none-any.whl"},
			also: []string{"alder-1.4.3.tar.gz"},
		},
		"there never was one": {
			before: []string{"alder-1.4.2-py3-none-any.whl"}, version: "1.4.3",
			now: []string{"alder-1.4.3-py3-none-any.whl"},
		},
		"a hole in a patch release": {
			before: wheels("1.4.2", "cp311 cp312", threeSystems), version: "1.4.3",
			now:  without(wheels("1.4.3", "cp311 cp312", threeSystems), "cp311-win_amd64"),
			want: []string{"warning compare-wheels"}, says: "no wheel for win_amd64 (cp311)",
		},
		"a hole in a minor release": {
			before: wheels("1.4.2", "cp311 cp312", threeSystems), version: "1.5",
			now:  without(wheels("1.5", "cp311 cp312", threeSystems), "cp311-win_amd64"),
			want: []string{"notice compare-wheels"},
		},
		"a platform is lost": {
			before: wheels("1.4.2", "cp311 cp312", threeSystems), version: "1.4.3",
			now:  wheels("1.4.3", "cp311 cp312", "manylinux_2_28_x86_64 win_amd64"),
			want: []string{"warning compare-wheels"}, says: "no wheel for macos arm64, and",
		},
		"an old Python is dropped": {
			before: wheels("1.4.2", "cp39 cp311 cp312", threeSystems), version: "1.5",
			now: wheels("1.5", "cp311 cp312 cp313", threeSystems),
		},
		"a newer version of the system": {
			before: wheels(
				"1.4.2", "cp312", "manylinux2014_x86_64 manylinux_2_17_aarch64 macosx_10_13_x86_64 musllinux_1_1_x86_64",
			), version: "1.4.3",
			now: wheels("1.4.3", "cp312", "manylinux_2_28_x86_64 manylinux_2_34_aarch64 macosx_13_0_x86_64 musllinux_1_2_x86_64"),
		},
		"universal2 in place of two": {
			before: wheels("1.4.2", "cp312", "macosx_11_0_arm64 macosx_10_13_x86_64"), version: "1.4.3",
			now: wheels("1.4.3", "cp312", "macosx_11_0_universal2"),
		},
		"half of universal2": {
			before: wheels("1.4.2", "cp312", "macosx_11_0_universal2 win_amd64"), version: "1.4.3",
			now:  wheels("1.4.3", "cp312", "macosx_11_0_arm64 win_amd64"),
			want: []string{"warning compare-wheels"}, says: "macos x86_64",
		},
		"abi3 in place of many": {
			before: wheels("1.4.2", "cp39 cp310 cp311", threeSystems), version: "1.5", now: wheels("1.5", "cp39+", threeSystems),
		},
		"abi3 from a later Python": {
			before: wheels("1.4.2", "cp39+", threeSystems), version: "1.5", now: wheels("1.5", "cp310+", threeSystems),
		},
		"free-threaded wheels are gone on one system": {
			before: wheels("1.4.2", "cp313 cp313t", threeSystems), version: "1.4.3",
			now:  without(wheels("1.4.3", "cp313 cp313t", threeSystems), "cp313t-win_amd64"),
			want: []string{"warning compare-wheels"}, says: "win_amd64 (cp313t)",
		},
		"a pure wheel in place of all": {
			before: wheels("1.4.2", "cp311 cp312", "win_amd64"), version: "1.5", now: []string{"alder-1.5-py3-none-any.whl"},
		},
		"half of the wheels": {
			before: wheels(
				"1.4.2", "cp310 cp311 cp312", "win_amd64 macosx_11_0_arm64",
			), version: "1.5", now: wheels("1.5", "cp312", "win_amd64 macosx_11_0_arm64"),
			want: []string{"warning compare-count"}, says: "this release has 2 wheels, and alder 1.4.2 had 6",
		},
		"abi3 from a later Python in place of many": {
			before: wheels("1.4.2", "cp39 cp310 cp311 cp312 cp313", threeSystems), version: "1.5",
			now: wheels("1.5", "cp310+", threeSystems),
		},
		"abi3 in place of many, for one system of three": {
			before: wheels("1.4.2", "cp310 cp311 cp312", threeSystems), version: "1.5", now: wheels("1.5", "cp310+", "win_amd64"),
			want: []string{"notice compare-wheels", "warning compare-count"},
		},
		"a tag of older macOS for two architectures": {
			before: wheels("1.4.2", "cp312", "macosx_10_9_intel.macosx_10_9_x86_64 win_amd64"), version: "1.4.3",
			now: wheels("1.4.3", "cp312", "macosx_10_13_x86_64 win_amd64"),
		},
		"a newer epoch": {
			before: wheels("2024.5.2", "cp311 cp312", threeSystems), version: "1!2024.5",
			now:  without(wheels("1!2024.5", "cp311 cp312", threeSystems), "cp311-win_amd64"),
			want: []string{"notice compare-wheels"},
		},
		"a post-release": {
			before: []string{"alder-1.4.2.tar.gz", "alder-1.4.2-py3-none-any.whl"}, version: "1.4.2.post1",
			now:  []string{"alder-1.4.2.post1-py3-none-any.whl"},
			want: []string{"warning compare-sdist"},
		},
		"a development release": {
			before: []string{"alder-1.4.2.tar.gz"}, version: "1.4.3.dev1", now: []string{"alder-1.4.3.dev1-py3-none-any.whl"},
		},
		"the other spelling of a version": {
			before: []string{"alder-1.4.tar.gz", "alder-1.4.0-py3-none-any.whl"}, version: "1.4.1",
			now:  []string{"alder-1.4.1.tar.gz"},
			want: []string{"warning compare-wheels"}, says: "had 1",
		},
		"no wheels": {
			before: append(wheels("1.4.2", "cp312", threeSystems), "alder-1.4.2.tar.gz"), version: "1.4.3",
			now:  []string{"alder-1.4.3.tar.gz"},
			want: []string{"warning compare-wheels"}, says: "this release has no wheel, and alder 1.4.2 had 3",
		},
		"a maintenance release": {
			before: []string{"alder-2.0.0-py3-none-any.whl", "alder-1.4.2.tar.gz", "alder-1.4.2-py3-none-any.whl"}, version: "1.4.3",
			now: []string{"alder-1.4.3-py3-none-any.whl"}, want: []string{"warning compare-sdist"}, says: "alder 1.4.2 had",
		},
		"the last one was a pre-release": {
			before: []string{
				"alder-1.4.3rc1.tar.gz", "alder-1.4.2-py3-none-any.whl",
			}, version: "1.4.3",
			now: []string{"alder-1.4.3-py3-none-any.whl"},
		},
		"this one is a pre-release": {
			before: []string{"alder-1.4.2.tar.gz"}, version: "1.4.3rc1", now: []string{"alder-1.4.3rc1-py3-none-any.whl"},
		},
		"the first release": {version: "1.4.3", now: []string{"alder-1.4.3-py3-none-any.whl"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listing := pep.Listing{Project: "alder", Exists: len(c.before) > 0, Files: listed(append(c.before, c.also...)...)}
			s := preflight.Set{
				Files: built(c.version, c.now...), Listings: map[pep.Project]pep.Listing{"alder": listing}, Compare: true,
			}
			found, messages := compared(s)
			if !slices.Equal(found, c.want) || c.says != "" && !strings.Contains(strings.Join(messages, "\n"), c.says) {
				t.Errorf("got %q\n%s", found, strings.Join(messages, "\n"))
			}
			s.Compare = false
			if found, _ := compared(s); len(found) > 0 {
				t.Errorf("it compares although that is off: %q", found)
			}
		})
	}
}

// without returns the names but for those that have this part.
func without(names []string, part string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return strings.Contains(name, part) })
}

// TestCompare_Yanked: a release whose files are all yanked is not the one that users have.
func TestCompare_Yanked(t *testing.T) {
	t.Parallel()
	listing := pep.Listing{Project: "alder", Exists: true, Files: listed("alder-1.4.2.tar.gz", "alder-1.4.1-py3-none-any.whl")}
	listing.Files[0].Yanked = true
	found, _ := compared(preflight.Set{
		Files: built("1.4.3", "alder-1.4.3-py3-none-any.whl"), Listings: map[pep.Project]pep.Listing{"alder": listing}, Compare: true,
	})
	if len(found) > 0 {
		t.Errorf("got %q", found)
	}
}

// TestCompare_TagsWithoutEnd: names whose tags stand for more combinations than any release has are not compared, however many there are.
func TestCompare_TagsWithoutEnd(t *testing.T) {
	t.Parallel()
	tags := func(form string, n int) string { return strings.Join(many(form, n), ".") }
	endless := "alder-1.4.2-" + tags("cp%d", 12) + "-" + tags("abi%d", 12) + "-" + tags("linux_%d", 12) + ".whl"
	before := append([]string{"alder-1.4.2.tar.gz"}, slices.Repeat([]string{endless}, 1000)...)
	before = append(before, "alder-1.4.2-"+tags("cp%d", 400)+"-"+tags("abi%d", 400)+"-"+tags("linux_%d", 400)+".whl")
	s := preflight.Set{
		Files:    built("1.4.3", "alder-1.4.3-py3-none-any.whl"),
		Listings: map[pep.Project]pep.Listing{"alder": {Project: "alder", Exists: true, Files: listed(before...)}}, Compare: true,
	}
	found, _ := compared(s)
	if len(found) > 0 || len(preflight.Compare(s)) > 0 {
		t.Errorf("it compares: %q", found)
	}
}
