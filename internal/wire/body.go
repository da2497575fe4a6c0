package wire

import (
	"fmt"
	"io"
)

// bounded reads all of r, or tells that it is too long.
func bounded(r io.Reader, bound int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, bound+1))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	if int64(len(body)) > bound {
		return nil, &TooLong{Bound: bound}
	}
	return body, nil
}

// streamed copies all of r, or tells that it is too long.
func streamed(into io.Writer, r io.Reader, bound int64) error {
	n, err := io.Copy(into, io.LimitReader(r, bound+1))
	if err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	if n > bound {
		return &TooLong{Bound: bound}
	}
	return nil
}
