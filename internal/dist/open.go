package dist

import (
	"fmt"
	"io"
	"os"
)

// ChangedError reports that a file was modified after it was read, so that its digests are no longer correct.
type ChangedError struct{ Path string }

// Error names the file and the next step.
func (e *ChangedError) Error() string {
	return e.Path + " has changed while or after it was read: let no other step write there, and run again"
}

// Open opens the file again, which every attempt of an upload needs. It returns a *ChangedError if the size or the
// modification time has changed since Read.
func (d *Distribution) Open() (io.ReadCloser, error) {
	file, _, err := openRegular(d.Path)
	if err != nil {
		return nil, err
	}
	if err := d.unchanged(file); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
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

// openRegular opens a regular file. It refuses other types, which could block or have no end.
func openRegular(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is no regular file (%s)", path, info.Mode().Type())
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if info, err = file.Stat(); err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}
