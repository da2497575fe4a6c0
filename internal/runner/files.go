package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// Save writes a file atomically, and creates missing folders. In the workspace it gives the file to the workspace's owner, because
// a container runs as a different user than later steps. A character device, such as /dev/null, is written to and not replaced. Other
// special files are refused with a [*localfile.NotRegularError].
func (r *Runner) Save(path string, content []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return appendTo(path, string(content))
	}
	folder := filepath.Dir(path)
	made, err := r.makeFolders(folder)
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) // no longer exists after success
	_, err = draft.Write(content)
	if err = errors.Join(err, draft.Chmod(0o644), draft.Close()); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	if err := r.handOver(append(made, draft.Name())); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}

// appendTo writes at the end of a file or to a character device. Other special files are refused with a [*localfile.NotRegularError].
func appendTo(path, text string) error {
	file, err := localfile.OpenWritable(path)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// PrepareFolder creates a folder and its parents where they are missing, and returns an error if no file can be created in it.
func (r *Runner) PrepareFolder(folder string) error {
	made, err := r.makeFolders(folder)
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(folder, ".*")
	if err != nil {
		return err
	}
	return errors.Join(draft.Close(), os.Remove(draft.Name()), r.handOver(made))
}

// makeFolders creates a folder and its parents, and returns the new ones.
func (r *Runner) makeFolders(folder string) (made []string, err error) {
	for up := folder; ; up = filepath.Dir(up) {
		_, err := os.Stat(up)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || up == filepath.Dir(up) {
			return nil, err
		}
		made = append(made, up)
	}
	return made, os.MkdirAll(folder, 0o755)
}
