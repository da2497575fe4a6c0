// Package localfile opens and reads regular files. Anything else that a path may lead to, such as a pipe or a device, could block, or have
// no end. It also holds back the end of a file that is sent until it is known to be the file that was read before.
package localfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// TooLargeError reports that a file has more bytes than are read of it.
type TooLargeError struct{ Most int64 }

// Error says how many bytes are read at most.
func (e TooLargeError) Error() string { return fmt.Sprintf("it is larger than %d bytes", e.Most) }

// NotRegularError reports that a path leads to something else than a regular file.
type NotRegularError struct {
	Path string
	Type fs.FileMode // the type bits
}

// Error names the path, and what it leads to.
func (e *NotRegularError) Error() string {
	return fmt.Sprintf("%s is not a regular file (%s)", e.Path, e.kind())
}

// kind returns what the path leads to, in words.
func (e *NotRegularError) kind() string {
	switch {
	case e.Type.IsDir():
		return "it is a folder"
	case e.Type&fs.ModeNamedPipe != 0:
		return "it is a pipe"
	case e.Type&fs.ModeSocket != 0:
		return "it is a socket"
	case e.Type&fs.ModeDevice != 0:
		return "it is a device"
	default:
		return e.Type.String()
	}
}

// Open opens a regular file for reading. Its errors are those of the system, or a [*NotRegularError].
func Open(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path) // only opening some devices has an effect
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &NotRegularError{path, info.Mode().Type()}
	}
	return openRegular(path, os.O_RDONLY, func(mode fs.FileMode) bool { return mode.IsRegular() })
}

// openRegular opens what the path leads to now, which may be something else than a moment before, and looks at it. It never waits for the
// other end of a pipe.
func openRegular(path string, flags int, accepted func(fs.FileMode) bool) (*os.File, os.FileInfo, error) {
	file, err := os.OpenFile(path, flags|nonblocking, 0o644)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !accepted(info.Mode()) {
		err = &NotRegularError{path, info.Mode().Type()}
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// OpenWritable opens a regular file or a character device, such as /dev/null, for writing at its end. It creates a file that does not
// exist. Its errors are those of the system, or a [*NotRegularError].
func OpenWritable(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !writable(info.Mode()) {
		return nil, &NotRegularError{path, info.Mode().Type()}
	}
	file, _, err := openRegular(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, writable)
	return file, err
}

// writable reports whether a file of this mode can be written to without waiting for a reader, and without harm.
func writable(mode fs.FileMode) bool {
	return mode.IsRegular() || mode&fs.ModeCharDevice != 0
}

// Create creates a file for writing. It returns an error that is [fs.ErrExist] if there is anything at the path: nothing is replaced.
func Create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// OpenFolder opens a folder, to read its entries. It does not wait if the path leads to a pipe: then reading the entries fails.
func OpenFolder(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|nonblocking, 0) }

// OpenPipe opens a regular file or a pipe, such as that of a shell's process substitution. It does not wait for somebody to write to the
// pipe; reading it may, until its deadline. Its errors are those of the system, or a [*NotRegularError].
func OpenPipe(path string) (*os.File, error) {
	file, _, err := openRegular(path, os.O_RDONLY, func(mode fs.FileMode) bool {
		return mode.IsRegular() || mode&fs.ModeNamedPipe != 0
	})
	return file, err
}

// Read reads a regular file that has most bytes at most. A larger one is a [TooLargeError].
func Read(path string, most int64) ([]byte, error) {
	file, _, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadAll(file, most)
}

// ReadAll reads what is already open, to its end. More than most bytes are a [TooLargeError].
func ReadAll(file io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, TooLargeError{most}
	}
	return text, nil
}
