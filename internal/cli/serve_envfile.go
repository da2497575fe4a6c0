package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// readyFile is a file for clients that exists only while the test index is ready. With an empty path, nothing is written.
type readyFile struct {
	path    string
	mark    string // what each such file begins with: serve recognizes its own files by it
	written fs.FileInfo
}

// claim removes the file if an earlier serve has left it behind. It returns an error if another file is at the path, or if its folder is
// missing.
func (w Process) claim(path, mark string) (*readyFile, error) {
	file := &readyFile{path: path, mark: mark}
	if path == "" {
		return file, nil
	}
	for _, name := range []string{"GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"} {
		if own := w.Getenv(name); own != "" && sameFile(own, path) {
			return nil, fmt.Errorf(
				"the runner's own file %s is not replaced: choose another file, and append it with cat FILE >> \"$%s\"", name, name,
			)
		}
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return nil, fmt.Errorf("%s cannot be written: %w", path, err)
		}
		return file, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file: choose another path", path)
	}
	if err := file.isOwn(); err != nil {
		return nil, err
	}
	return file, os.Remove(path)
}

// sameFile reports whether two paths name the same file, which need not exist.
func sameFile(a, b string) bool {
	there, err1 := os.Stat(a)
	here, err2 := os.Stat(b)
	if err1 == nil && err2 == nil {
		return os.SameFile(there, here)
	}
	a, err1 = filepath.Abs(a)
	b, err2 = filepath.Abs(b)
	return err1 == nil && err2 == nil && a == b
}

// isOwn returns an error unless the file is empty or was written by serve.
func (f *readyFile) isOwn() error {
	in, _, err := localfile.Open(f.path)
	if err != nil {
		return err
	}
	defer in.Close()
	head, err := io.ReadAll(io.LimitReader(in, int64(len(f.mark))))
	if err != nil {
		return err
	}
	if len(head) > 0 && string(head) != f.mark {
		return fmt.Errorf("%s exists, and serve did not write it: choose another file, or delete this one", f.path)
	}
	return nil
}

// environment returns settings as NAME=value lines, none of which needs quotes.
func environment(lines []setting) string {
	var text strings.Builder
	for _, s := range lines {
		fmt.Fprintf(&text, "%s=%s\n", s.name, s.value)
	}
	return text.String()
}

// write creates the file atomically, readable only by its owner.
func (f *readyFile) write(text string) error {
	if f.path == "" {
		return nil
	}
	out, err := os.CreateTemp(filepath.Dir(f.path), ".env-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = out.WriteString(text)
	err = errors.Join(err, out.Close())
	if err == nil {
		err = os.Rename(out.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	f.written, err = os.Lstat(f.path)
	return err
}

// remove removes the file if it is still the one that was written.
func (f *readyFile) remove() error {
	if f.written == nil {
		return nil
	}
	now, err := os.Lstat(f.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(f.written, now) {
		return nil
	}
	return errors.Join(err, os.Remove(f.path))
}
