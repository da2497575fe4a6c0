package wire

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestBody_ShortReads: a body that is read in many short parts, such as the fields of a form, reaches the transport in few: it makes a
// packet of each.
func TestBody_ShortReads(t *testing.T) {
	t.Parallel()
	const size = bodyPiece + 1000
	source := io.NopCloser(iotest.OneByteReader(strings.NewReader(strings.Repeat("x", size))))
	body := newRequestBody(t.Context(), source, size)
	defer body.Close()
	var parts []int
	for {
		n, err := body.Read(make([]byte, size))
		if n > 0 {
			parts = append(parts, n)
		}
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if len(parts) != 2 || parts[0] != bodyPiece || parts[1] != 1000 {
		t.Errorf("the parts have %v bytes", parts)
	}
}
