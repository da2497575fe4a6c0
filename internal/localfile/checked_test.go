package localfile_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/org/pypi-oidc-publish/internal/localfile"
)

var errChanged = errors.New("changed")

// readAll reads with so much room at a time. What an error leaves in the room was not read.
func readAll(r io.Reader, room int) (all []byte, err error) {
	p := make([]byte, room)
	for {
		n, err := r.Read(p)
		all = append(all, p[:n]...)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// TestChecked: the same bytes arrive whole, however they are read. Of others, the end never does.
func TestChecked(t *testing.T) {
	t.Parallel()
	const back = 64 << 10
	for _, size := range []int{0, 1, 1000, back - 1, back, back + 1, 3*back + 7} {
		was := bytes.Repeat([]byte("0123456789abcde"), size/15+1)[:size]
		readers := map[string]func(io.Reader) io.Reader{
			"as it comes":                       func(r io.Reader) io.Reader { return r },
			"by halves":                         iotest.HalfReader,
			"its end comes with its last bytes": iotest.DataErrReader,
		}
		for name, as := range readers {
			content := as(bytes.NewReader(was))
			got, err := io.ReadAll(localfile.Checked(content, int64(size), sha256.Sum256(was), errChanged))
			if err != nil || !bytes.Equal(got, was) {
				t.Errorf("%d bytes, %s: got %d, %v", size, name, len(got), err)
			}
		}
		for _, room := range []int{100, back - 1, back, 2*back + 1, 1 << 20} {
			got, err := readAll(localfile.Checked(bytes.NewReader(was), int64(size), sha256.Sum256(was), errChanged), room)
			if err != nil || !bytes.Equal(got, was) {
				t.Errorf("%d bytes, with room for %d: got %d, %v", size, room, len(got), err)
			}
		}
		longer := append(bytes.Clone(was), "more"...)
		got, err := io.ReadAll(localfile.Checked(bytes.NewReader(longer), int64(size), sha256.Sum256(was), errChanged))
		if err != nil || !bytes.Equal(got, was) {
			t.Errorf("%d bytes, and more: got %d, %v", size, len(got), err)
		}
		if size == 0 {
			continue
		}
		for name, at := range map[string]int{"first": 0, "middle": size / 2, "last": size - 1} {
			other := bytes.Clone(was)
			other[at] ^= 1
			got, err := io.ReadAll(localfile.Checked(bytes.NewReader(other), int64(size), sha256.Sum256(was), errChanged))
			if !errors.Is(err, errChanged) || len(got) != max(0, size-back) {
				t.Errorf("%d bytes, the %s one is another: got %d, %v", size, name, len(got), err)
			}
			got, err = readAll(localfile.Checked(bytes.NewReader(other), int64(size), sha256.Sum256(was), errChanged), 1<<20)
			if !errors.Is(err, errChanged) || len(got) != max(0, size-back) {
				t.Errorf("%d bytes, the %s one is another, with room for all: got %d, %v", size, name, len(got), err)
			}
		}
		for _, left := range []int{0, size / 2, size - 1} {
			_, err := io.ReadAll(localfile.Checked(bytes.NewReader(was[:left]), int64(size), sha256.Sum256(was), errChanged))
			if !errors.Is(err, errChanged) {
				t.Errorf("%d of %d bytes: %v", left, size, err)
			}
		}
	}
}

// TestChecked_BrokenFile: an error of reading is no change.
func TestChecked_BrokenFile(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for _, before := range []int{0, 100 << 10} {
		content := io.MultiReader(strings.NewReader(strings.Repeat("x", before)), iotest.ErrReader(broken))
		if _, err := io.ReadAll(localfile.Checked(content, 200<<10, [32]byte{}, errChanged)); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", before, err)
		}
	}
}

// TestChecked_Again: after its end, the reader says the same again.
func TestChecked_Again(t *testing.T) {
	t.Parallel()
	for digest, want := range map[[32]byte]error{sha256.Sum256([]byte("abc")): io.EOF, {}: errChanged} {
		r := localfile.Checked(strings.NewReader("abc"), 3, digest, errChanged)
		_, _ = io.ReadAll(r)
		for range 2 {
			if n, err := r.Read(make([]byte, 10)); n != 0 || !errors.Is(err, want) {
				t.Errorf("got %d, %v", n, err)
			}
		}
	}
}
