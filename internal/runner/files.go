package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Save writes a file that a user asked for, with the folders above it: whole or not at all. Inside of the workspace it
// belongs to the workspace's owner, since a container runs as another user than the steps after it.
func (r *Runner) Save(path string, content []byte) error {
	folder := filepath.Dir(path)
	made, err := r.makeFolders(folder)
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) // it is not there any more where all went well
	_, err = draft.Write(content)
	if err = errors.Join(err, draft.Chmod(0o644), draft.Close()); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	if err := r.handOver(append(made, draft.Name())); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}

// makeFolders makes a folder and those above it, and returns the new ones.
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
