package distfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

// TestDigestsIn: an index that knows files by another digest than SHA-256 is compared by that, for which the file is read once more, and no
// more than once. A file that is another one by then has no such digest.
func TestDigestsIn(t *testing.T) {
	t.Parallel()
	const (
		sha256     = "117ed88e5db073bb92969a7545745fd977ee85b7019706dd256a64058f70963d"
		blake2b    = "672a9f056e5fa36e43ef1037ff85581a2963cde420457de0ef29c779d41058ca"
		blake2b512 = "b14f1058c5e7e5f12bc633b429406477103fd4ecb1863dc119e5e12319570a15" +
			"3b6e7c9d9f214df0a599a2509f2a676ec29f0123ca793bed812b4eec07c6eb15"
		md5 = "46a92a8a919062028405fdf232b508b0"
	)
	sample, err := os.ReadFile("testdata/sampleproject-3.0.0.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Repeat("0", 128)
	for name, c := range map[string]struct {
		listed       pep.IndexFile
		theirs, ours string
	}{
		"none":                 {pep.IndexFile{}, "", ""},
		"SHA-256":              {pep.IndexFile{SHA256: other[:64]}, other[:64], sha256},
		"SHA-256, and another": {pep.IndexFile{SHA256: other[:64], BLAKE2b: other[:64], MD5: other[:32]}, other[:64], sha256},
		"BLAKE2b":              {pep.IndexFile{BLAKE2b: other[:64], MD5: other[:32]}, "BLAKE2b " + other[:64], "BLAKE2b " + blake2b},
		"a long BLAKE2b":       {pep.IndexFile{BLAKE2b: other}, "BLAKE2b " + other, "BLAKE2b " + blake2b512},
		"MD5":                  {pep.IndexFile{MD5: other[:32]}, "MD5 " + other[:32], "MD5 " + md5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sampleproject-3.0.0.tar.gz")
			changed := func() *distfile.Distribution {
				d := read(t, write(t, path, string(sample)))
				write(t, path, strings.Repeat("x", len(sample)))
				if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
					t.Fatal(err)
				}
				return d
			}
			d := read(t, write(t, path, string(sample)))
			for range 2 {
				theirs, ours := d.DigestsIn(c.listed)
				expect.Equal(t, "the index's digest", theirs, c.theirs)
				expect.Equal(t, "the file's digest", ours, c.ours)
				if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
			if c.listed.SHA256 == "" {
				theirs, ours := changed().DigestsIn(c.listed)
				expect.Equal(t, "the digests of a file that was changed", theirs+ours, "")
			}
		})
	}
}
