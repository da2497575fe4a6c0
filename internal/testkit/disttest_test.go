package testkit_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/preflight"
	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

// TestDisttest_PassesEveryRule: what is built has no finding, the same arguments give the same bytes, and another salt gives others.
func TestDisttest_PassesEveryRule(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alder-1.0-py3-none-any.whl", "alder-1.0-cp312-cp312-win32.whl", "alder-1.0.tar.gz"} {
		path := disttest.Write(t, filepath.Join(t.TempDir(), "dist"), name, "")
		d, err := distfile.Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if found := preflight.Check(preflight.Set{Warehouse: true, Files: []*distfile.Distribution{d}}); len(found) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(content, disttest.Build(name, "")) {
			t.Errorf("%s: built twice, it has other bytes", name)
		}
		if bytes.Equal(content, disttest.Build(name, "again")) {
			t.Errorf("%s: another salt gives the same bytes", name)
		}
	}
}
