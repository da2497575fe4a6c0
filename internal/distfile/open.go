package distfile

import (
	"fmt"
	"io"
	"os"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// ChangedError reports that a file was written after it was read, so that its digests are no longer true.
type ChangedError struct{ Path string }

// Error names the file and the next step.
func (e *ChangedError) Error() string {
	return e.Path + " was changed while or after it was read: make sure that no other step writes to it, and run again"
}

// largest is the size of the largest file that is read, in bytes: sixteen times what PyPI accepts at most
// (docs/reference/pypi-server.md §1.6). A sparse file may have any size without taking room on the disk, and reading it takes hours.
const largest = 16 << 30

// openBounded opens a file, unless it is larger than any that is published. Such a one is a finding.
func openBounded(path string) (*os.File, os.FileInfo, error) {
	file, info, err := localfile.Open(path)
	if err == nil && info.Size() > largest {
		file.Close()
		return nil, nil, finding.New(finding.Unreadable,
			fmt.Sprintf("%s has %d bytes, and is not read: more than %d bytes cannot be published", path, info.Size(), int64(largest)),
			"check how the file was built or copied").In(path)
	}
	return file, info, err
}

// Open opens the file anew, as each try of an upload needs it. What it returns has the digest of the file that was read, or does not come
// to its end: see [localfile.Checked]. If the file is another one, the error is a *ChangedError: of Open if that can be told from its size
// or its time of modification, else of reading.
func (d *Distribution) Open() (io.ReadCloser, error) {
	file, _, err := localfile.Open(d.Path)
	if err != nil {
		return nil, err
	}
	if err := d.unchanged(file); err != nil {
		file.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{localfile.Checked(file, d.Size, d.Digests.SHA256, &ChangedError{Path: d.Path}), file}, nil
}

func (d *Distribution) unchanged(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != d.Size || !info.ModTime().Equal(d.modified) {
		return &ChangedError{Path: d.Path}
	}
	return nil
}
