package distfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/distfile"
	"github.com/org/pypi-oidc-publish/internal/finding"
)

// TestRead_SparseFile: a file whose size is beyond what can be published is refused by its size, and none of it is read.
func TestRead_SparseFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alder-1.0-py3-none-any.whl", "alder-1.0.tar.gz", "alder-1.0.egg"} {
		path := filepath.Join(t.TempDir(), name)
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(file.Truncate(1<<40), file.Close()); err != nil {
			t.Skip(err) // a file system without holes
		}
		_, err = distfile.Read(t.Context(), path)
		var f finding.Finding
		if !errors.As(err, &f) || f.ID != finding.Unreadable || f.File != path || !strings.Contains(f.Message, "has 1099511627776 bytes") {
			t.Errorf("got %v", err)
		}
	}
}
