// Package localfile opens and reads regular files. Anything else that a path may lead to, such as a pipe or a device, could block, or have
// no end.
package localfile

import (
	"fmt"
	"io"
	"os"
)

// TooLargeError reports that a file has more bytes than are read of it.
type TooLargeError struct{ Most int64 }

// Error says how many bytes are read at most.
func (e TooLargeError) Error() string { return fmt.Sprintf("it is larger than %d bytes", e.Most) }

// Open opens a regular file. Its errors are those of the system, or say what the path leads to instead.
func Open(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a regular file (%s)", path, info.Mode().Type())
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
