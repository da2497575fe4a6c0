package wire

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// readBody returns the body of an answer, which has at most bound bytes. Its error is as that of [copyBody].
func readBody(r io.ReadCloser, bound int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r, bound))
	return body, bodyError(err)
}

// copyBody writes the body of an answer, which has at most bound bytes, to w. Its error is a [*TooLong], or that of the connection or of w,
// when a part of the body may have been written.
func copyBody(w io.Writer, r io.ReadCloser, bound int64) error {
	_, err := io.Copy(w, http.MaxBytesReader(nil, r, bound))
	return bodyError(err)
}

func bodyError(err error) error {
	var long *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &long):
		return &TooLong{Bound: long.Limit}
	default:
		return fmt.Errorf("the answer ended early: %w", err)
	}
}
