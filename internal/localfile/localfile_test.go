package localfile_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/localfile"
)

func TestRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte("seven 7"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := localfile.Read(path, 7); err != nil || string(got) != "seven 7" {
		t.Errorf("got %q, %v", got, err)
	}
	var large localfile.TooLargeError
	if got, err := localfile.Read(path, 6); !errors.As(err, &large) || large.Most != 6 || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := localfile.Read(path+".not", 7); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	for _, other := range []string{filepath.Dir(path), os.DevNull} {
		if _, err := localfile.Read(other, 7); err == nil || !strings.Contains(err.Error(), other+" is not a regular file") {
			t.Errorf("got %v", err)
		}
	}
}

func TestReadAll(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	got, err := localfile.ReadAll(io.MultiReader(strings.NewReader("abc"), errorReader{broken}), 7)
	if !errors.Is(err, broken) || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

type errorReader struct{ error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.error }

func TestOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, info, err := localfile.Open(path)
	if err != nil || info.Size() != 3 {
		t.Fatal(info, err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}
