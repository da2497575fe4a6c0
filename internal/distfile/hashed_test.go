package distfile

import (
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/par"
)

// panicking is a file whose reader panics after so many reads.
type panicking struct {
	io.Reader
	reads int
}

// Read reads, or panics.
func (p *panicking) Read(to []byte) (int, error) {
	if p.reads--; p.reads < 0 {
		panic("no more")
	}
	return p.Reader.Read(to)
}

// TestHashed_Panic: a panic while a file is read and hashed is an error, also of every later call, and nobody waits for who panicked.
func TestHashed_Panic(t *testing.T) {
	t.Parallel()
	for reads := range 5 {
		file := &panicking{strings.NewReader(strings.Repeat("x", 8*chunk)), reads}
		stream := &hashed{ctx: t.Context(), file: file, size: 8 * chunk, sum: sha256.New(), free: &sync.Pool{}}
		for range 3 {
			err := par.Catch(stream.exhaust) // the first chunk is read by the caller
			var failed *par.Panic
			if !errors.As(err, &failed) {
				t.Errorf("after %d reads: %v", reads, err)
			}
		}
		stream.close()
		stream.close()
	}
}
