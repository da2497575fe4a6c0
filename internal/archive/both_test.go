package archive_test

import (
	"bytes"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/archive"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// TestPolyglot_ZipAndTar: what two kinds of readers take for an archive.
func TestPolyglot_ZipAndTar(t *testing.T) {
	t.Parallel()
	zipped, tarred := zipOf(alder...), tarOf(alder...)
	empty := zipOf()
	for name, c := range map[string]struct {
		data []byte
		tar  bool // read as a tar
		want bool
	}{
		"a zip":                         {zipped, false, false},
		"a tar before a zip":            {append(bytes.Clone(tarred), zipped...), false, true},
		"a gzipped tar before a zip":    {append(disttest.Gzip(tarred), zipped...), false, true},
		"gzipped text before a zip":     {append(disttest.Gzip([]byte("text")), zipped...), false, false},
		"zeros before a zip":            {append(make([]byte, 512), zipped...), false, true},
		"a few zeros before a zip":      {append(make([]byte, 100), zipped...), false, false},
		"a damaged header before a zip": {append(bytes.Replace(tarred, []byte("alder"), []byte("elder"), 1), zipped...), false, false},
		"a tar":                         {disttest.Gzip(tarred), true, false},
		"a zip after a tar":             {append(disttest.Gzip(tarred), zipped...), true, true},
		"an empty zip after a tar":      {append(disttest.Gzip(tarred), empty...), true, true},
		"the mark of a zip in a tar":    {append(disttest.Gzip(tarred), "PK\x05\x06 is how a zip ends, but not this"...), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var facts archive.Facts
			if c.tar {
				facts = readTarGz(t, c.data)
				if err := facts.FindZip(bytes.NewReader(c.data), int64(len(c.data))); err != nil {
					t.Fatal(err)
				}
			} else {
				facts = readZip(t, c.data)
			}
			if got := facts.HasAnomaly(archive.AnomalyBoth) != nil; got != c.want || facts.Broken != nil {
				t.Errorf("got %v: %+v, %v", got, facts.Anomalies, facts.Broken)
			}
		})
	}
}
