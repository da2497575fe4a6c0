package distfile

import (
	"io"
	"os"

	"github.com/org/pypi-oidc-publish/internal/localfile"
)

// ChangedError reports that a file was written after it was read, so that its digests are no longer true.
type ChangedError struct{ Path string }

// Error names the file and the next step.
func (e *ChangedError) Error() string {
	return e.Path + " was changed while or after it was read: make sure that no other step writes to it, and run again"
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
