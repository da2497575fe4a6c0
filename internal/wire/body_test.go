package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestBody_Bounded: a body of as many bytes as the bound is whole; one byte more is too much, and a broken connection is neither.
func TestBody_Bounded(t *testing.T) {
	t.Parallel()
	const bound = 4 << 10
	broken := errors.New("connection reset")
	for name, c := range map[string]struct {
		size  int
		after error // what the connection says after that many bytes, if not that it is over
		long  bool
	}{
		"nothing":                    {size: 0},
		"less":                       {size: bound - 1},
		"as many":                    {size: bound},
		"one more":                   {size: bound + 1, long: true},
		"many more":                  {size: 100 * bound, long: true},
		"it breaks off":              {size: bound - 1, after: broken},
		"it breaks off at the bound": {size: bound, after: broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Repeat("x", c.size)
			connection := func() io.ReadCloser {
				var r io.Reader = strings.NewReader(text)
				if c.after != nil {
					r = io.MultiReader(r, iotest.ErrReader(c.after))
				}
				return io.NopCloser(r)
			}
			body, err := readBody(connection(), bound)
			var copied bytes.Buffer
			copyErr := copyBody(&copied, connection(), bound)
			for _, err := range []error{err, copyErr} {
				var long *TooLong
				if errors.As(err, &long) != c.long || c.long && long.Bound != bound || !errors.Is(err, c.after) && c.after != nil {
					t.Errorf("%v", err)
				}
				if c.after != nil && !strings.Contains(err.Error(), "the answer ended early") {
					t.Errorf("%v does not say that the answer ended early", err)
				}
				if (err == nil) != (!c.long && c.after == nil) {
					t.Errorf("%v", err)
				}
			}
			if err == nil && (string(body) != text || copied.String() != text) {
				t.Errorf("read %d bytes and copied %d of %d", len(body), copied.Len(), c.size)
			}
			if copied.Len() > bound {
				t.Errorf("copied %d bytes", copied.Len())
			}
		})
	}
	full := errors.New("no space left")
	if err := copyBody(fullWriter{full}, io.NopCloser(strings.NewReader("x")), bound); !errors.Is(err, full) {
		t.Errorf("what takes the body is full: %v", err)
	}
}

// fullWriter takes nothing.
type fullWriter struct{ err error }

func (w fullWriter) Write([]byte) (int, error) { return 0, w.err }
