//go:build unix

package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// handOver changes the owner of new files in the workspace to the workspace's owner. It does nothing if the program is not root.
func (r *Runner) handOver(paths []string) error {
	workspace := r.getenv("GITHUB_WORKSPACE")
	if workspace == "" || os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(workspace)
	if err != nil {
		return fmt.Errorf("the owner of the workspace cannot be read: %w", err)
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return nil
	}
	for _, path := range paths {
		if !within(workspace, path) {
			continue
		}
		if err := os.Lchown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("%s cannot be given to the workspace's owner: %w", path, err)
		}
	}
	return nil
}

// within reports whether a path is in a folder.
func within(folder, path string) bool {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	relative, err := filepath.Rel(folder, absolute)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// ownerOf returns the number of the user to whom a file belongs.
func ownerOf(path string) (user int, known bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0, false
	}
	return int(owner.Uid), true
}
